"""Scope analysis."""

from buildyard.taskcluster import scopeMatch, scopesMatch


def test_scopes_match():
    requiredScopeSets = [["scopeA", "scopeB"], ["scopeC:*"]]
    assert scopesMatch(["scopeA", "scopeB"], requiredScopeSets)
    assert scopesMatch(["scopeC:xyz"], requiredScopeSets)
    assert not scopesMatch(["scopeA"], requiredScopeSets)
    assert not scopesMatch(["scopeC"], requiredScopeSets)


def test_scope_match():
    assert scopeMatch(["scopeA", "scopeB"], [["scopeA", "scopeB"], ["scopeC:*"]])
