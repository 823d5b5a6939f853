"""One retry policy for every client: when to send again, and after how long.

`Retry` is a value.  `Retry.delay` decides, purely; `Retry.send` and `Retry.run` drive, and need no more
of a transport than ``send``, ``sleep`` and ``now`` (so this module knows none).  Two rules are above the
numbers: what may have been sent and is not idempotent is never sent again, and a service that says when
to come again (``Retry-After``, RFC 9110 section 10.2.3) is believed.
"""

from __future__ import annotations

import email.utils
import math
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from buildyard.errors import InvalidRequest, RemoteError, TransportError

T = TypeVar("T")


class Fields(Protocol):
    """Header fields, as far as the policy reads them."""

    def get(self, name: str, /) -> str | None:
        """Return the field's first value, whatever the case of its name."""


class Answer(Protocol):
    """A response, as far as the policy reads it."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Fields:
        """The header fields."""


class Question(Protocol):
    """A request, as far as the policy reads it."""

    @property
    def idempotent(self) -> bool:
        """True where being done twice is the same as being done once."""


class Sleeper(Protocol):
    """Something that waits and knows the time: every transport."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""

    def now(self) -> float:
        """Return the time in seconds since 1970."""


QuestionT = TypeVar("QuestionT", bound=Question)
QuestionT_contra = TypeVar("QuestionT_contra", bound=Question, contravariant=True)
AnswerT = TypeVar("AnswerT", bound=Answer)
AnswerT_co = TypeVar("AnswerT_co", bound=Answer, covariant=True)


class Sender(Sleeper, Protocol[QuestionT_contra, AnswerT_co]):
    """A transport, as far as the policy uses it."""

    async def send(self, request: QuestionT_contra, /) -> AnswerT_co:
        """Return the answer to one request, sent once."""


Outcome = Answer | TransportError | RemoteError


class Retry(Struct, frozen=True, kw_only=True):
    """How often, and after what delays, a request is sent again.

    The delay after attempt n is ``first * factor ** (n - 1)``, at most ``cap``, then moved at random by up
    to ``jitter`` of itself, so that many clients do not come back together.
    """

    attempts: int = 6  #: in all, the first included; 1 never sends again
    first: float = 0.1  #: seconds after the first attempt
    factor: float = 2.0
    jitter: float = 0.25  #: a fraction of the delay, to either side
    cap: float = 30.0  #: seconds
    statuses: frozenset[int] = frozenset({429, 500, 502, 503, 504})  #: answers that may be better next time
    untouched: frozenset[int] = frozenset({429})  #: of these, the ones that say that nothing was done
    honour_retry_after: bool = True
    patience: float = 120.0  #: seconds; who says ``Retry-After`` more than this is not waited for

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first < 0 or self.factor < 1 or self.cap < 0 or not 0 <= self.jitter <= 1:
            raise InvalidRequest(f"no retry policy: attempts and factor are 1 or more, jitter a fraction, not {self}")

    def delay(
        self, attempt: int, outcome: Outcome, *, idempotent: bool = True, now: float = 0.0, luck: float = 0.5
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None where there should be none.

        ``attempt`` counts from 1.  ``now`` (seconds since 1970) turns a date in ``Retry-After`` into seconds.
        ``luck`` in [0, 1) places the delay within its jitter; 0.5 is its middle.
        """
        if attempt >= self.attempts or not self._worth_repeating(outcome, idempotent):
            return None
        asked = _retry_after(outcome, now) if self.honour_retry_after else None
        if asked is not None and asked > self.patience:
            return None
        return max(asked or 0.0, self._backoff(attempt, luck))

    def _worth_repeating(self, outcome: Outcome, idempotent: bool) -> bool:
        if isinstance(outcome, TransportError):
            return outcome.may_pass and (idempotent or not outcome.maybe_sent)
        return outcome.status in self.statuses and (idempotent or outcome.status in self.untouched)

    def _backoff(self, attempt: int, luck: float) -> float:
        # The exponent is bounded, as a float overflows after about a thousand doublings.
        plain = min(self.cap, self.first * self.factor ** min(attempt - 1, 60))
        return plain * (1 + self.jitter * (2 * luck - 1))

    async def send(self, sender: Sender[QuestionT, AnswerT], make_request: Callable[[], QuestionT]) -> AnswerT:
        """Return the first answer that is not worth repeating, or the last one.

        ``make_request`` is called for each attempt, as a signature holds for one request only.

        Raises the last `TransportError` where no answer came.
        """
        attempt = 0
        while True:
            attempt += 1
            request = make_request()
            outcome: AnswerT | TransportError
            try:
                outcome = await sender.send(request)
            except TransportError as error:
                outcome = error
            delay = self._next_delay(attempt, outcome, request.idempotent, sender)
            if delay is None:
                break
            await sender.sleep(delay)
        if isinstance(outcome, TransportError):
            raise outcome
        return outcome

    async def run(self, sleeper: Sleeper, operation: Callable[[], Awaitable[T]], *, idempotent: bool = True) -> T:
        """Return the operation's result; it is called anew for each attempt.

        For what is more than one exchange, such as a download that goes on where it was cut.

        Raises what the last attempt raised; other errors than `TransportError` and `RemoteError` at once.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return await operation()
            except (TransportError, RemoteError) as error:
                delay = self._next_delay(attempt, error, idempotent, sleeper)
                if delay is None:
                    raise
            await sleeper.sleep(delay)

    def _next_delay(self, attempt: int, outcome: Outcome, idempotent: bool, sleeper: Sleeper) -> float | None:
        if not self._worth_repeating(outcome, idempotent):  # as nearly always: no more thought is given to it
            return None
        luck = random.random()  # noqa: S311 - spreads clients over time, guards nothing
        return self.delay(attempt, outcome, idempotent=idempotent, now=sleeper.now(), luck=luck)


#: Sends each request once.
NO_RETRY = Retry(attempts=1)


def _retry_after(outcome: Outcome, now: float) -> float | None:
    if isinstance(outcome, TransportError):
        return None
    if isinstance(outcome, RemoteError):
        return outcome.retry_after
    return retry_after_seconds(outcome, now)


def retry_after_seconds(answer: Answer, now: float) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, from seconds or a date; None where it is absent or senseless.

    A date is measured from the answer's own ``Date`` where it has one, so that clocks need not agree.
    """
    text = (answer.headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else math.inf
    until = _http_date(text)
    if until is None:
        return None
    return max(0.0, until - (_http_date(answer.headers.get("Date") or "") or now))


def _http_date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
