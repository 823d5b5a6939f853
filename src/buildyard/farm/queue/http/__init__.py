"""The hub as a Marconi server: the queues of a store over HTTP, as OpenStack's Zaqar serves them.

`in_front_of` serves the addresses below ``/v1``, ``/v1.1``, ``/v2`` and ``/v3``; `MarconiRooms` is what they work with.
Inside, `addresses` lists what there is, `serving` takes a request through `door` to its handler (`posts`, `pages`,
`claims`, `deletes`, `queues`, `v1`, `home`, `signed`), and `identity` gives out tokens.  The queues themselves are the
floor below (`buildyard.farm.queue`).
"""

from buildyard.farm.queue.http.rooms import MarconiRooms
from buildyard.farm.queue.http.serving import in_front_of, is_marconi

__all__ = ["MarconiRooms", "in_front_of", "is_marconi"]
