"""What can go wrong upstream.

* UpstreamError             below `buildyard.errors.BuildyardError`
  * UnknownPackage          no index has a project of that name (.package, .likely)
  * UpstreamUnreachable     an index did not answer, or answered with a fault (.reason, .may_pass); try again later
  * BadPage                 an index answered with something that is no project page (.reason)
  * BadUpstream             pip's configuration cannot be read, or names no index (.reason)

No message holds an address: an index may be private, and its address may carry a credential.
"""

from __future__ import annotations

from buildyard.errors import BuildyardError


class UpstreamError(BuildyardError):
    """The root of what can go wrong upstream."""


class UnknownPackage(UpstreamError):
    """No index that pip is configured with has such a project.  Check the name; ``likely`` holds near ones."""

    def __init__(self, package: str, *, likely: tuple[str, ...] = ()) -> None:
        super().__init__(f'no package is called "{package}"')
        self.package = package  #: as it was asked for
        self.likely = likely  #: known names that are spelt nearly so, nearest first


class UpstreamUnreachable(UpstreamError):
    """An index could not be asked.  Where ``may_pass``, the same question may be answered a little later."""

    def __init__(self, reason: str, *, may_pass: bool = True, retry_after: float | None = None) -> None:
        super().__init__(f"the upstream index of pip's configuration does not answer: {reason}")
        self.reason = reason  #: one clause, without an address: ``connection refused``
        self.may_pass = may_pass
        self.retry_after = retry_after  #: seconds, where upstream says so


class BadPage(UpstreamError):
    """An index answered, but not with a project page of the Simple API.  Is pip's index-url the root of an index?"""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the upstream index gave no project page: {reason}")
        self.reason = reason


class BadUpstream(UpstreamError):
    """pip's configuration cannot be used.  `pip config debug` shows where each value comes from."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"pip's configuration cannot be used: {reason}")
        self.reason = reason
