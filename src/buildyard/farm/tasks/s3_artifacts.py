"""The bytes of ``s3`` artifacts: PUT to a signed address on this hub as into an S3 bucket, and had from another.

Transaction bodies: the artifact's row says which bytes came last; they lie in the store's objects.  As with S3 the
artifact is there before its bytes are, and until the address ends they may come again.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, update

from buildyard.farm.store.tables import artifacts
from buildyard.farm.tasks.artifacts import Artifact, find, present
from buildyard.farm.tasks.errors import InputError, ResourceNotFound
from buildyard.farm.tasks.objects import Bytes


def receive(
    connection: Connection, now: float, task_id: str, run_id: int, name: str, arrived: Bytes, encoding: str = ""
) -> None:
    """Note that these bytes came for the artifact, and how they are encoded.

    Raises `ResourceNotFound`, and `InputError` for another type.
    """
    found = _s3(find(connection, task_id, run_id, name))
    details = found.details | msgspec.structs.asdict(arrived) | {"encoding": encoding}
    its_row = (artifacts.c.task_id == task_id) & (artifacts.c.run_id == run_id) & (artifacts.c.name == name)
    connection.execute(update(artifacts).where(its_row).values(details=msgspec.json.encode(details).decode()))


def readable(connection: Connection, now: float, task_id: str, run_id: int, name: str) -> tuple[Artifact, Bytes]:
    """Return the artifact, and what is known of its bytes.  Raises `ResourceNotFound`, and `ResourceExpired`."""
    found = _s3(present(connection, now, task_id, run_id, name))
    if "sha256" not in found.details:
        raise ResourceNotFound("the bytes of this artifact have not come yet")
    return found, Bytes(sha256=found.details["sha256"], size=found.details["size"])


def _s3(found: Artifact) -> Artifact:
    if found.storage_type != "s3":
        raise InputError(f"artifact `{found.name}` is of the storage type `{found.storage_type}`, not `s3`")
    return found
