"""What a bus message asks for, as a trigger says: pure, from a message to a request or to nothing.

Expressions are JMESPath's: they select from what a message says, and can do nothing else.  `triggered` next door
listens, and `triggers` has the transaction that asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from jmespath.exceptions import JMESPathError
from packaging.requirements import InvalidRequirement, Requirement

from buildyard.errors import BuildyardError
from buildyard.farm.builds.enqueue import Asked
from buildyard.farm.bus_settings import Trigger, compiled

#: A message asks for so many packages at most, as any request does.
MAX_REQUIREMENTS: Final = 1000


class NotARequest(BuildyardError):
    """What a trigger found in a message is no request.  Mend its expressions, or whoever sends such messages."""


class Rule:
    """One trigger, ready to be asked."""

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._when = compiled(trigger.when) if trigger.when else None
        self._requirements = compiled(trigger.requirements)

    def asked(self, said: Mapping[str, Any]) -> Asked | None:
        """Return what a message asks for, None where it asks for nothing.

        ``said`` is the message: its ``topic``, ``exchange``, ``headers`` and ``body``.  Raises `NotARequest`.
        """
        if self._when is not None and not _search(self._when, said):
            return None
        requirements = _listed(_search(self._requirements, said))
        if not requirements:
            return None
        rule = self._trigger
        return Asked(requirements=requirements, abis=rule.abis, deps=rule.deps, asked_by=rule.name)


def _search(expression: Any, said: Mapping[str, Any]) -> Any:
    try:
        return expression.search(said)
    except (JMESPathError, TypeError, ValueError, RecursionError) as error:
        raise NotARequest(f"{expression.expression}: {error}") from error


def _listed(found: object) -> tuple[str, ...]:
    listed: Sequence[object] = found if isinstance(found, list) else [] if found is None else [found]
    if len(listed) > MAX_REQUIREMENTS:
        raise NotARequest(f"{len(listed)} requirements are more than {MAX_REQUIREMENTS}")
    return tuple(_checked(one) for one in listed)


def _checked(found: object) -> str:
    if not isinstance(found, str):
        raise NotARequest(f"{found!r} is no text, and so no requirement")
    try:
        requirement = Requirement(found)
    except InvalidRequirement as error:
        raise NotARequest(f"{found!r} is not a requirement: {str(error).splitlines()[0]}") from error
    if requirement.url is not None:
        raise NotARequest(f"{found!r} names an address; the farm builds what its index has")
    return found
