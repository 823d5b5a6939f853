"""Which requirements a set of scopes satisfies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.taskcluster.scopes import ScopeSet, is_valid_scope, missing, satisfies, scopeMatch, scopesMatch

SCOPES = st.text(alphabet="ab:*", max_size=6)
SCOPE_LISTS = st.lists(SCOPES, max_size=5)
EXPRESSIONS = st.recursive(
    SCOPES,
    lambda inner: st.lists(inner, max_size=3).flatmap(
        lambda parts: st.sampled_from([{"AllOf": parts}, {"AnyOf": parts}])
    ),
    max_leaves=8,
)


@given(SCOPES, SCOPES)
def test_scope_covers_what_equals_it_or_begins_with_its_stem(held, required):
    by_rule = held == required or (held.endswith("*") and required.startswith(held[:-1]))
    assert ScopeSet([held]).covers(required) is by_rule


@given(SCOPE_LISTS, SCOPE_LISTS, EXPRESSIONS)
def test_more_scopes_never_satisfy_less(some, more, expression):
    assert not satisfies(some, expression) or satisfies([*some, *more], expression)


@given(SCOPE_LISTS, EXPRESSIONS)
def test_adding_what_is_missing_satisfies(held, expression):
    rest = missing(held, expression)
    if rest is None or rest == {"AnyOf": []}:
        return
    assert satisfies([*held, *_all_scopes(rest)], expression) or _holds_empty_any(rest)


def _all_scopes(expression):
    if isinstance(expression, str):
        return [expression]
    return [scope for parts in expression.values() for part in parts for scope in _all_scopes(part)]


def _holds_empty_any(expression):
    if isinstance(expression, str):
        return False
    if expression == {"AnyOf": []}:
        return True
    return any(_holds_empty_any(part) for parts in expression.values() for part in parts)


@given(SCOPE_LISTS, st.lists(SCOPE_LISTS, max_size=3))
def test_scope_match_is_any_of_all_of(assumed, sets):
    assert scopeMatch(assumed, sets) is satisfies(assumed, {"AnyOf": [{"AllOf": required} for required in sets]})


@given(SCOPE_LISTS, st.lists(SCOPE_LISTS, max_size=3))
def test_scopes_match_accepts_all_that_scope_match_does(assumed, sets):
    assert not scopeMatch(assumed, sets) or scopesMatch(assumed, sets)


@pytest.mark.parametrize("held", ["a", "ab*", "ab"])
def test_star_in_a_requirement_is_an_ordinary_character(held):
    assert not scopeMatch([held], [["a*"]])


def test_scopes_match_takes_any_scope_of_a_starred_family():
    assert scopesMatch(["scopeC:xyz"], [["scopeA", "scopeB"], ["scopeC:*"]])
    assert not scopesMatch(["scopeC"], [["scopeC:*"]])


def test_missing_leaves_out_what_is_satisfied():
    assert missing(["a", "b:*"], {"AllOf": ["a", "b:x", "c", "d"]}) == {"AllOf": ["c", "d"]}


def test_missing_gives_a_lone_rest_by_itself():
    assert missing(["a"], {"AllOf": ["a", {"AnyOf": ["c", "d"]}]}) == {"AnyOf": ["c", "d"]}


def test_missing_keeps_every_alternative_of_an_any_of():
    assert missing(["a"], {"AnyOf": ["b", {"AllOf": ["a", "c"]}]}) == {"AnyOf": ["b", "c"]}


def test_empty_all_of_is_satisfied_and_empty_any_of_is_not():
    assert satisfies([], {"AllOf": []})
    assert not satisfies(["*"], {"AnyOf": []})


@pytest.mark.parametrize("scope", ["", "a b~!*", "queue:get-task:x/y"])
def test_printable_ascii_is_a_valid_scope(scope):
    assert is_valid_scope(scope)


@pytest.mark.parametrize("scope", ["a\n", "é", "\x7f", 3, None])
def test_anything_else_is_not(scope):
    assert not is_valid_scope(scope)
