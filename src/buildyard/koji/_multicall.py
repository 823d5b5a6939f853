"""Many calls in one request: what is asked (`Call`), what came of each (`Outcome`), and how many fit.

`_core` sends them, `_coalescing` joins calls that are made at the same time, and `MultiCall` is what a face hands out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from buildyard.koji.errors import KojiAnswerError, KojiException, KojiFault, MultiCallNotReady, fault

if TYPE_CHECKING:
    from buildyard.koji._core import AsyncKoji

#: A hub takes requests of 4 MiB, unless it is told otherwise.
MAX_REQUEST = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method."""

    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call."""

    answer: Any = None
    error: KojiException | None = None

    def value(self) -> Any:
        """Return the answer, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.answer


def batches(encoded: Sequence[bytes], at_most: int | None) -> Iterator[list[bytes]]:
    """Yield the calls in their order, as many together as fit into one request."""
    some: list[bytes] = []
    size = 0
    for call in encoded:
        if some and (len(some) == at_most or size + len(call) > MAX_REQUEST):
            yield some
            some, size = [], 0
        some.append(call)
        size += len(call)
    if some:
        yield some


def outcomes(core: AsyncKoji, calls: Sequence[Call], answer: Any) -> list[Outcome]:
    """Return what a hub's answer to a multicall says about each call."""
    if not isinstance(answer, list) or len(answer) != len(calls):
        raise KojiAnswerError(f"{len(calls)} calls were sent, and the answer is not as many", data=f"{answer!r:.200}")
    return [_outcome(core, call, element) for call, element in zip(calls, answer, strict=True)]


def _outcome(core: AsyncKoji, call: Call, element: Any) -> Outcome:
    if isinstance(element, list) and len(element) == 1:
        return Outcome(core.kinds.objects(core, call, element[0]))
    if isinstance(element, dict) and isinstance(element.get("faultCode"), int):
        lines = element.get("traceback") or ()
        return Outcome(error=fault(element["faultCode"], str(element.get("faultString", "")), tuple(map(str, lines))))
    raise KojiAnswerError("an element of a multicall's answer is neither answer nor fault", data=f"{element!r:.200}")


class VirtualCall:
    """A call within a multicall that was sent, or will be."""

    __slots__ = ("_outcome", "call")

    def __init__(self, call: Call) -> None:
        self.call = call
        self._outcome: Outcome | None = None

    @property
    def result(self) -> Any:
        """The answer.  Raises the call's own `KojiFault`, and `MultiCallNotReady` before the multicall was sent."""
        if self._outcome is None:
            raise MultiCallNotReady(f"{self.call.method} was not sent yet")
        return self._outcome.value()

    @property
    def fault(self) -> KojiException | None:
        """What went wrong with this call, or None."""
        return self._outcome.error if self._outcome else None

    def __repr__(self) -> str:
        return f"<VirtualCall {self.call.method}>"


class Results(Sequence[Any]):
    """The answers of a multicall in the order of its calls; to ask for one that failed raises its `KojiFault`."""

    def __init__(self, calls: Sequence[VirtualCall]) -> None:
        self._calls = calls

    def __getitem__(self, index: Any) -> Any:
        return [call.result for call in self._calls[index]] if isinstance(index, slice) else self._calls[index].result

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def faults(self) -> list[KojiFault]:
        """What went wrong, in the order of the calls."""
        return [call.fault for call in self._calls if isinstance(call.fault, KojiFault)]


class HubMethod:
    """A method of the hub by its name; an attribute of it is a dotted name, ``repo.query``."""

    __slots__ = ("_call", "_name")

    def __init__(self, call: Any, name: str) -> None:
        self._call = call
        self._name = name

    def __getattr__(self, name: str) -> HubMethod:
        if name.startswith("__"):
            raise AttributeError(name)
        return HubMethod(self._call, f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, as the face does."""
        return self._call(self._name, args, kwargs)

    def __repr__(self) -> str:
        return f"<HubMethod {self._name}>"


class Recording:
    """Calls that are noted down, to be sent together: ``calls.getTag("f40")`` returns a `VirtualCall`.

    ``batch`` is how many go in one request; ``strict`` raises the first fault, after all were sent.
    """

    def __init__(self, core: AsyncKoji, *, strict: bool = False, batch: int | None = None) -> None:
        if batch is not None and batch < 1:
            raise ValueError(f"a batch is of 1 call or more, not {batch}")
        self._core = core
        self._strict = strict
        self._batch = batch
        self._calls: list[VirtualCall] = []

    def __getattr__(self, name: str) -> HubMethod:
        if name.startswith("__"):
            raise AttributeError(name)
        return HubMethod(self._note, name)

    def __len__(self) -> int:
        return len(self._calls)

    def _note(self, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> VirtualCall:
        noted = VirtualCall(self._core.kinds.asked(Call(method, tuple(args), kwargs)))
        self._calls.append(noted)
        return noted

    async def _run(self) -> Results:
        waiting = [call for call in self._calls if call._outcome is None]
        found = await self._core.call_many([noted.call for noted in waiting], batch=self._batch)
        for noted, outcome in zip(waiting, found, strict=True):
            noted._outcome = outcome
        results = Results(tuple(self._calls))
        if self._strict and results.faults:
            raise results.faults[0]
        return results
