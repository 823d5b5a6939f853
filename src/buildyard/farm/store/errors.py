"""What can go wrong with the store, and what the caller may do.

* StoreError
  * StoreFull             no room on the disk; nothing that was acknowledged is lost; make room, then try again
  * StoreUnreachable      the database does not answer; try again later (.may_be_committed says what is known)
  * StoreBusy             somebody else holds the database for too long; try again
  * StoreTooNew           a newer buildyard wrote it (.found, .known); upgrade the program
  * StoreDamaged          the file is not a database of the farm, or is broken; restore it from a backup
  * StoreClosed           it was closed; open it again
  * BadStoreUrl           the address names no database that the farm knows (.url)
  * ObjectNotFound        no object has this digest (.sha256)
  * DigestMismatch        the bytes are not those that were promised (.expected, .actual); send them again
  * BadDigest             not a SHA-256 in lower-case hexadecimal (.text)
"""

from __future__ import annotations

import errno

from buildyard.errors import BuildyardError

#: The system's words for "no room": the disk is full, or the user's quota is.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class StoreError(BuildyardError):
    """Something is wrong with the store."""


class StoreFull(StoreError):
    """The disk is full.  This write was undone, and nothing acknowledged is lost; make room and try again."""


class StoreUnreachable(StoreError):
    """The database does not answer.  Try again later."""

    def __init__(self, reason: str, *, may_be_committed: bool = False) -> None:
        super().__init__(reason)
        #: True when the connection broke while committing: look before doing it again.
        self.may_be_committed = may_be_committed


class StoreBusy(StoreError):
    """Somebody else holds the database for too long.  Nothing was done; try again."""


class StoreTooNew(StoreError):
    """A newer buildyard wrote this database.  Upgrade the program, or choose another state."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"the database has schema {found}, and this buildyard knows no later one than {known}: "
            "upgrade buildyard, or choose another state directory"
        )
        self.found = found
        self.known = known


class StoreDamaged(StoreError):
    """The file is not a database of the farm, or is broken.  Restore it, or choose another state."""


class StoreClosed(StoreError):
    """The store was closed; nothing was done."""

    def __init__(self) -> None:
        super().__init__("the store is closed")


class BadStoreUrl(StoreError):
    """The address names no database that the farm knows."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url!r} {reason}; write sqlite:///PATH or postgresql://USER@HOST:PORT/NAME")
        self.url = url


class ObjectNotFound(StoreError):
    """No object has this digest."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"no object has the SHA-256 {sha256}")
        self.sha256 = sha256


class DigestMismatch(StoreError):
    """The bytes are not those that were promised; they were thrown away.  Send them again."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"SHA-256 {expected} was promised, and the bytes have {actual}")
        self.expected = expected
        self.actual = actual


class BadDigest(StoreError):
    """Not a SHA-256 in lower-case hexadecimal."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:80]!r} is not a SHA-256: 64 digits 0-9a-f")
        self.text = text
