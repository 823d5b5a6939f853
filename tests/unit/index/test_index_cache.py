"""The page cache holds what is asked for and never more than its limit."""

from __future__ import annotations

from buildyard.farm.index.serve import PageCache


def test_what_was_put_comes_back() -> None:
    cache = PageCache(limit=10)
    cache.put("a", b"12345")
    assert cache.get("a") == b"12345"


def test_the_least_recently_asked_for_is_forgotten_first() -> None:
    cache = PageCache(limit=10)
    cache.put("a", b"12345")
    cache.put("b", b"12345")
    cache.get("a")
    cache.put("c", b"12345")
    assert [key for key in "abc" if cache.get(key)] == ["a", "c"]


def test_a_body_larger_than_the_cache_is_not_kept() -> None:
    cache = PageCache(limit=10)
    cache.put("a", b"x" * 11)
    assert cache.get("a") is None
