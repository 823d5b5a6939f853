"""Roles: what scopes come to once those of every role that they assume are added.

Pure.  A role is a named set of scopes; whoever has ``assume:<roleId>`` has them too, and so on until nothing new comes
(a fixed point, so that roles may assume each other).  A roleId that ends with ``*`` is a family of roles: in its scopes
``<..>`` stands for what the star stands for.  A scope that ends with ``*`` assumes every role that it could name.
(Taskcluster: the auth service's scope resolver, whose rules these are; it refuses every cycle, we only those that
would not end.)  `tasks.clients` reads roles from their rows, `tasks.auth` expands callers, `services.roles` changes
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from buildyard.errors import BuildyardError

ASSUME: Final = "assume:"
PARAMETER: Final = "<..>"

#: Scopes that one set may come to.  Families of roles can multiply each other.
MOST_SCOPES: Final = 10_000
_MOST_KEPT: Final = 1000


class BadRoles(BuildyardError):
    """These roles cannot be: a scope has no meaning in its role, or an expansion would not end.  Give others."""


def normal(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes in order, without those that another one with a star includes."""
    kept: list[str] = []
    star: str | None = None
    for scope in sorted(set(scopes), key=in_order):
        if star is not None and scope.startswith(star):
            continue
        kept.append(scope)
        if scope.endswith("*"):
            star = scope[:-1]
    return tuple(kept)


def in_order(scope: str) -> tuple[str, bool]:
    """Return the key by which scopes are sorted: one with a star comes before all that it includes."""
    return (scope[:-1], False) if scope.endswith("*") else (scope, True)


def may_assume(scope: str) -> bool:
    """Tell whether a scope assumes any role."""
    return scope.startswith(ASSUME) or (scope.endswith("*") and ASSUME.startswith(scope[:-1]))


class Roles:
    """All roles of a farm, made ready to be asked many times."""

    def __init__(self, roles: Iterable[tuple[str, Sequence[str]]] = ()) -> None:
        self._named: dict[str, list[str]] = defaultdict(list)
        self._families: dict[str, list[str]] = defaultdict(list)
        for role_id, scopes in roles:
            pattern = ASSUME + role_id
            if pattern.endswith("*"):
                self._families[pattern[:-1]] += scopes
            else:
                self._named[pattern] += scopes
        self._kept: dict[tuple[str, ...], tuple[str, ...]] = {}

    def expand(self, scopes: Sequence[str]) -> tuple[str, ...]:
        """Return the scopes with those of every role that they assume, in their `normal` form.

        Raises `BadRoles` for more than `MOST_SCOPES`.
        """
        asked = tuple(scopes)
        found = self._kept.get(asked)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[asked] = self._expanded(asked)
        return found

    def _expanded(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in scopes:
            return ("*",)
        found = set(scopes)
        waiting = [scope for scope in found if may_assume(scope)]
        while waiting:
            fresh = set(self._granted(waiting.pop())) - found
            found |= fresh
            waiting += filter(may_assume, fresh)
            if len(found) > MOST_SCOPES:
                raise BadRoles(f"these scopes come to more than {MOST_SCOPES:,} with their roles")
        return normal(found)

    def _granted(self, scope: str) -> Iterator[str]:
        """Yield the scopes of the roles that this one scope assumes."""
        stem = scope[:-1] if scope.endswith("*") else None
        if stem is None:
            yield from self._named.get(scope, ())
        else:
            for name, scopes in self._named.items():
                if name.startswith(stem):
                    yield from scopes
        for prefix, scopes in self._families.items():
            if scope.startswith(prefix):
                yield from (filled(each, scope[len(prefix) :]) for each in scopes)
            elif stem is not None and prefix.startswith(stem):
                yield from (filled(each, "*") for each in scopes)


def filled(scope: str, value: str) -> str:
    """Return the scope of a family with ``<..>`` filled in; what follows a star that is filled in is dropped."""
    head, found, tail = scope.partition(PARAMETER)
    if not found:
        return scope
    return head + value if value.endswith("*") else head + value + tail


def check(roles: Mapping[str, Sequence[str]]) -> None:
    """Return if these roles, by their ids, can be.  Raises `BadRoles`, which names the scope or the circle."""
    families = {role_id: scopes for role_id, scopes in roles.items() if role_id.endswith("*")}
    for scope in (scope for scopes in families.values() for scope in scopes):
        _check_scope(scope)
    try:
        TopologicalSorter({role_id: _passed_on(scopes, families) for role_id, scopes in families.items()}).prepare()
    except CycleError as error:
        circle = " -> ".join(f"`{role_id}`" for role_id in reversed(error.args[1]))
        raise BadRoles(f"these roles pass {PARAMETER} on in a circle, which would not end: {circle}") from error
    ready = Roles(roles.items())
    for role_id in roles:
        ready.expand([ASSUME + role_id])


def _check_scope(scope: str) -> None:
    if scope.count(PARAMETER) > 1:
        raise BadRoles(f"the scope `{scope}` has {PARAMETER} more than once")
    if scope.endswith(f"*{PARAMETER}"):
        raise BadRoles(f"the scope `{scope}` ends with *{PARAMETER}: what its star includes would be unclear")


def _passed_on(scopes: Iterable[str], families: Iterable[str]) -> set[str]:
    """Return the families that may be assumed by what a family's scopes make of its ``<..>``.

    Only such steps can go on for ever: all others lead to one of finitely many scopes.
    """
    heads = [scope.partition(PARAMETER)[0] for scope in scopes if PARAMETER in scope]
    return {
        role_id
        for role_id in families
        for head in heads
        if head.startswith(stem := ASSUME + role_id[:-1]) or stem.startswith(head)
    }
