"""What scopes come to with their roles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm import roles
from buildyard.farm.roles import BadRoles, Roles, check, normal
from buildyard.taskcluster.scopes import ScopeSet


@pytest.mark.parametrize(
    ("held", "expanded"),
    [
        (["assume:team"], ("assume:team", "build:*", "family:am", "tail:am:end")),
        (["assume:te*"], ("assume:te*", "build:*", "family:*", "tail:*")),
        (["assume:tea"], ("assume:tea", "family:a", "tail:a:end")),
        (["assume:te"], ("assume:te", "family:", "tail::end")),
        (["assume:teams*"], ("assume:teams*", "family:ams*", "tail:ams*")),
        (["assume:*"], ("assume:*", "build:*", "family:*", "tail:*")),
        (["a*"], ("a*", "build:*", "family:*", "tail:*")),
        (["assume:other"], ("assume:other",)),
        (["b*"], ("b*",)),
        (["*"], ("*",)),
        ([], ()),
    ],
)
def test_scopes_come_to_those_of_the_roles_they_assume(held: list[str], expanded: tuple[str, ...]) -> None:
    ready = Roles([("team", ["build:*"]), ("te*", ["family:<..>", "tail:<..>:end"])])
    assert ready.expand(held) == normal(expanded)


def test_roles_that_assume_each_other_come_to_all_of_their_scopes() -> None:
    ready = Roles([("a", ["assume:b", "x"]), ("b", ["assume:c", "y"]), ("c", ["assume:a", "z"])])
    assert ready.expand(["assume:b"]) == ("assume:a", "assume:b", "assume:c", "x", "y", "z")


def test_parameter_of_a_role_that_is_no_family_is_an_ordinary_text() -> None:
    assert Roles([("a", ["x:<..>"])]).expand(["assume:a"]) == ("assume:a", "x:<..>")


def test_families_pass_their_parameter_on() -> None:
    ready = Roles([("project:*", ["assume:repo:<..>/*"]), ("repo:*", ["read:<..>"])])
    assert ready.expand(["assume:project:six"]) == ("assume:project:six", "assume:repo:six/*", "read:six/*")


def test_normal_form_leaves_out_what_a_star_includes() -> None:
    assert normal(["b", "a", "a*", "ab*", "ab", "c", "b"]) == ("a*", "b", "c")


@pytest.mark.parametrize(
    "families",
    [
        {"a*": ["assume:a<..>x"]},
        {"a*": ["assume:b<..>x"], "b*": ["assume:a<..>"]},
        {"a*": ["<..>"]},
        {"a*": ["ass<..>"]},
        {"a*": ["assume:<..>"]},
    ],
)
def test_circle_that_would_not_end_is_refused(families: dict[str, list[str]]) -> None:
    with pytest.raises(BadRoles, match="circle"):
        check(families)


def test_circle_that_ends_is_fine() -> None:
    check({"a": ["assume:b"], "b": ["assume:a"], "c*": ["assume:d"], "d": ["assume:c1"], "e*": ["assume:f<..>"]})


@pytest.mark.parametrize("scope", ["x:<..>:<..>", "x:*<..>"])
def test_scope_that_means_nothing_in_a_family_is_refused(scope: str) -> None:
    with pytest.raises(BadRoles, match="scope"):
        check({"a*": [scope]})


def test_families_that_multiply_each_other_are_stopped() -> None:
    """Each doubles what the one before gives: 2^20 scopes."""
    doubling = {f"r{n:02}:*": [f"assume:r{n + 1:02}:<..>x", f"assume:r{n + 1:02}:<..>y"] for n in range(20)}
    check(doubling)
    with pytest.raises(BadRoles, match="more than"):
        Roles(doubling.items()).expand(["assume:r00:z"])


_SCOPE = st.text(alphabet="ab*:", max_size=5)
_ROLES = st.dictionaries(
    st.text(alphabet="ab*", min_size=1, max_size=3), st.lists(_SCOPE.map("assume:".__add__) | _SCOPE)
)


@given(_ROLES, st.lists(_SCOPE.map("assume:".__add__) | _SCOPE, max_size=4))
def test_expansion_is_a_fixed_point_that_covers_what_went_in(
    given_roles: dict[str, list[str]], held: list[str]
) -> None:
    ready = Roles(given_roles.items())
    expanded = ready.expand(held)
    assert ready.expand(expanded) == expanded
    assert all(map(ScopeSet(expanded).covers, held))
    assert normal(expanded) == expanded


def test_many_sets_of_scopes_fill_no_memory() -> None:
    ready = Roles()
    for number in range(1100):
        ready.expand([f"x{number}"])
    assert len(ready._kept) <= roles._MOST_KEPT
