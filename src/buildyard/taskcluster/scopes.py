"""Taskcluster's scopes: which requirements does a set of scopes satisfy, and what is missing.

Plain functions over strings; no I/O.  A scope satisfies a requirement when both are equal, or when
it ends with ``*`` and the requirement begins with what stands before that star.  A star in a
*requirement* is an ordinary character.  Nothing here expands roles (``assume:...``): the scopes
given are the scopes meant.  The hub asks `satisfies` and `missing`; scripts use `scopeMatch`.
"""

# Taskcluster's own names are camelCase, and they are the public API.
# ruff: noqa: N802, N803

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, TypedDict, final

__all__ = [
    "AllOf",
    "AnyOf",
    "ScopeExpression",
    "ScopeSet",
    "is_valid_scope",
    "missing",
    "satisfies",
    "scopeMatch",
    "scopesMatch",
]


@final
class AllOf(TypedDict):
    """A requirement that holds when each of its parts holds; an empty one always does."""

    AllOf: Sequence[ScopeExpression]


@final
class AnyOf(TypedDict):
    """A requirement that holds when one of its parts holds; an empty one never does."""

    AnyOf: Sequence[ScopeExpression]


#: One scope, or all or any of several requirements, nested as needed.
ScopeExpression: TypeAlias = str | AllOf | AnyOf

_PRINTABLE = re.compile(r"[ -~]*")


def is_valid_scope(scope: object) -> bool:
    """Tell whether this is a string of printable ASCII, as every scope must be."""
    return isinstance(scope, str) and _PRINTABLE.fullmatch(scope) is not None


class ScopeSet:
    """Scopes made ready to be asked many times: exact ones in a set, starred ones as prefixes."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, scopes: Iterable[str]) -> None:
        self._exact = frozenset(scopes)
        self._prefixes = tuple(scope[:-1] for scope in self._exact if scope.endswith("*"))

    def __iter__(self) -> Iterator[str]:
        """Yield the scopes, in no order."""
        return iter(self._exact)

    def covers(self, required: str) -> bool:
        """Tell whether one of the scopes is, or by its star includes, the required one."""
        return required in self._exact or required.startswith(self._prefixes)

    def missing(self, expression: ScopeExpression) -> ScopeExpression | None:
        """Return the part of ``expression`` that is not satisfied, ``None`` if all of it is.

        Satisfied parts of an ``AllOf`` are left out; a lone rest stands by itself.  An ``AnyOf`` is
        satisfied whole or missing whole, each alternative cut down to what it lacks.
        """
        if isinstance(expression, str):
            return None if self.covers(expression) else expression
        if "AnyOf" in expression:
            return self._missing_any(expression["AnyOf"])
        return self._missing_all(expression["AllOf"])

    def _missing_all(self, parts: Sequence[ScopeExpression]) -> ScopeExpression | None:
        rests = [rest for part in parts if (rest := self.missing(part)) is not None]
        if not rests:
            return None
        return rests[0] if len(rests) == 1 else {"AllOf": rests}

    def _missing_any(self, alternatives: Sequence[ScopeExpression]) -> ScopeExpression | None:
        rests: list[ScopeExpression] = []
        for part in alternatives:
            rest = self.missing(part)
            if rest is None:
                return None
            rests.append(rest)
        return rests[0] if len(rests) == 1 else {"AnyOf": rests}


def missing(scopes: Iterable[str], expression: ScopeExpression) -> ScopeExpression | None:
    """Return what ``scopes`` lack to satisfy ``expression``, ``None`` if nothing."""
    return ScopeSet(scopes).missing(expression)


def satisfies(scopes: Iterable[str], expression: ScopeExpression) -> bool:
    """Tell whether ``scopes`` satisfy ``expression``."""
    return missing(scopes, expression) is None


def scopeMatch(assumedScopes: Iterable[str], requiredScopeSets: Iterable[Iterable[str]]) -> bool:
    """Tell whether at least one of the required sets is satisfied whole by the assumed scopes.

    No set at all is never satisfied; an empty set always is.
    """
    assumed = ScopeSet(assumedScopes)
    return any(all(assumed.covers(scope) for scope in required) for required in requiredScopeSets)


def scopesMatch(assumedScopes: Iterable[str], requiredScopeSets: Iterable[Iterable[str]]) -> bool:
    """Tell the same as `scopeMatch`, but let a starred requirement be met by any scope of its family.

    ``["scopeC:xyz"]`` meets ``[["scopeC:*"]]`` here, and does not under `scopeMatch`, which is the
    rule that Taskcluster's services apply.  Use this to ask "has it any such scope?", never to grant.
    """
    held = frozenset(assumedScopes)
    assumed = ScopeSet(held)

    def meets(required: str) -> bool:
        return assumed.covers(required) or (required.endswith("*") and any(s.startswith(required[:-1]) for s in held))

    return any(all(meets(scope) for scope in required) for required in requiredScopeSets)
