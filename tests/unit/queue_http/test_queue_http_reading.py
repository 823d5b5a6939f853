"""What callers send, and the words for what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from buildyard.farm.queue.http.errors import Refusal
from buildyard.farm.queue.http.ids import client_id, is_name, known_claim
from buildyard.farm.queue.http.reading import DEEPEST, boolean, check_fields, integer, limited, names, whatever


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(Refusal) as raised:
        call(*arguments)
    assert raised.value.status == 400
    return raised.value.description or ""


@pytest.mark.parametrize(("text", "limit"), [(None, 10), ("1", 1), ("20", 20), (" 7 ", 7)])
def test_limit_is_a_number_within_bounds(text: str | None, limit: int) -> None:
    assert limited({} if text is None else {"limit": text}, 20, 10) == limit


@pytest.mark.parametrize("text", ["0", "21", "-1", "9" * 30])
def test_limit_out_of_bounds_is_refused(text: str) -> None:
    told = refused(limited, {"limit": text}, 20, 10)
    assert told == "Limit must be at least 1 and may not be greater than 20."


def test_default_limit_is_no_more_than_the_most() -> None:
    assert limited({}, 5, 10) == 5


@pytest.mark.parametrize("text", ["abc", "", "1.5", "1e3", "9" * 5000])
def test_what_is_no_integer_is_refused_by_its_name(text: str) -> None:
    assert refused(integer, {"pop": text}, "pop") == 'The "pop" parameter is invalid. The value must be an integer.'


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("false", False), ("False", False)])
def test_booleans_are_true_or_false(text: str, value: bool) -> None:
    assert boolean({"echo": text}, "echo") is value


@pytest.mark.parametrize("text", ["maybe", "", "1", "TRUE!"])
def test_other_booleans_are_refused(text: str) -> None:
    assert 'must be "true" or "false"' in refused(boolean, {"echo": text}, "echo")


@pytest.mark.parametrize(
    ("query", "found"), [({}, None), ({"ids": ""}, []), ({"ids": "a"}, ["a"]), ({"ids": "a,,b,"}, ["a", "b"])]
)
def test_ids_have_commas_between_them(query: dict[str, str], found: list[str] | None) -> None:
    assert names(query, "ids") == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{bad",
        b'{"a": 1} x',
        b"\xff\xfe",
        b'"\xed\xa0\x80"',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
    ],
    ids=[
        "empty",
        "broken",
        "more after it",
        "not text",
        "half a character",
        "NaN",
        "too large",
        "open",
        "open objects",
        "deep",
    ],
)
def test_what_is_no_json_or_too_deep_could_not_be_parsed(body: bytes) -> None:
    assert refused(whatever, body) == "Request body could not be parsed."


def test_wide_is_not_deep() -> None:
    body = b"[" + b",".join([b"[]"] * 5_000) + b"]"
    assert len(whatever(body)) == 5_000
    assert whatever(b"[" * DEEPEST + b"]" * DEEPEST)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"ttl": 60}, 'Missing "body" field.'),
        ({"body": 1, "ttl": "60"}, 'The value of the "ttl" field must be a int.'),
        ({"body": 1, "ttl": None}, 'The value of the "ttl" field must be a int.'),
        ({"body": 1, "ttl": True}, 'The value of the "ttl" field must be a int.'),
        ({"body": 1, "ttl": 1.5}, 'The value of the "ttl" field must be a int.'),
        ({}, 'Missing "body" field.'),
    ],
)
def test_field_that_is_wrong_is_named(document: dict[str, Any], told: str) -> None:
    assert refused(check_fields, document, ("body",), ("ttl",)) == told


@pytest.mark.parametrize(
    "header",
    [
        b"3381af92-2b9e-11e3-b191-71861300734c",
        b"3381AF922B9E11E3B19171861300734C",
        b"{3381af922b9e11e3b19171861300734c}",
    ],
)
def test_client_id_has_one_spelling(header: bytes) -> None:
    assert client_id(header) == "3381af922b9e11e3b19171861300734c"


@pytest.mark.parametrize("header", [b"", b"foo", b"3381af92", b"\xff" * 32, b"0" * 33])
def test_what_is_no_uuid_is_no_client_id(header: bytes) -> None:
    with pytest.raises(ValueError):
        client_id(header)


@pytest.mark.parametrize(
    ("name", "is_good"),
    [("demo", True), ("a" * 256, True), ("a" * 257, False), ("", False), ("a\0", False), ("a\n", False)],
)
def test_project_has_a_name_of_some_length(name: str, is_good: bool) -> None:
    assert is_name(name) is is_good


@pytest.mark.parametrize("text", ["", "x", "\0", "A" * 32, "0" * 31, "0" * 33, "é" * 32])
def test_what_can_be_no_claim_is_none(text: str) -> None:
    assert known_claim(text) == "-"
