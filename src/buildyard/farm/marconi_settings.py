"""What can be set about the hub's Marconi server: Zaqar's limits under Zaqar's names, and its tokens' lifetime.

A value that the settings, the rooms in `queue.http` and the reference page share; nothing here imports a room.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

#: What a column of the store holds.
_MOST = 2**31 - 1

#: Nothing lives for less than a second, and no page, claim or body of nothing is of any use.
_Positive = Annotated[int, Meta(ge=1, le=_MOST)]
_Natural = Annotated[int, Meta(ge=0, le=_MOST)]


class MarconiSettings(Struct, frozen=True, kw_only=True):
    """The bounds of the hub's Marconi server; the defaults are Zaqar's.  Times are in seconds, sizes in bytes."""

    min_message_ttl: _Positive = 60  #: the shortest life of a message that a Marconi client may ask for, in seconds
    max_message_ttl: _Positive = 1_209_600  #: the longest life of a message
    default_message_ttl: _Positive = 3_600  #: a message's life where neither its producer nor its queue says
    max_message_delay: _Natural = 900  #: the longest delay before a message can be claimed
    min_claim_ttl: _Positive = 60  #: the shortest claim
    max_claim_ttl: _Positive = 43_200  #: the longest claim
    default_claim_ttl: _Positive = 300  #: how long a claim holds where its claimer does not say
    min_claim_grace: _Natural = 60  #: the shortest grace: what a message outlives its claim by
    max_claim_grace: _Positive = 43_200  #: the longest grace
    default_claim_grace: _Natural = 60  #: the grace where the claimer does not say
    max_queues_per_page: _Positive = 20  #: queues in one page of a listing, at most
    max_messages_per_page: _Positive = 20  #: messages in one page, and ids in one call, at most
    max_messages_per_claim_or_pop: _Positive = 20  #: messages that one claim or one pop takes, at most
    max_queue_metadata: _Positive = 65_536  #: bytes of a queue's metadata, at most
    max_messages_post_size: _Positive = 262_144  #: bytes of one request that posts messages, at most
    message_delete_with_claim_id: bool = False  #: a delete of several messages has to name their claims (`claim_ids`)
    token_ttl: _Positive = 3_600  #: how long a token of `POST /v3/auth/tokens` holds, in seconds
