"""The encoder and the two parsers, held against the standard library's."""

from __future__ import annotations

import math
import xmlrpc.client
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildyard.koji._row import Row
from buildyard.koji._xmlrpc import Decoding, decode, encode_call, fast, parse_request, strict, with_keywords
from buildyard.koji.errors import InvalidCall, KojiAnswerError

# What XML can carry; carriage returns, which a parser turns into newlines, are in a test of their own.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\r￾￿", exclude_categories=("Cc", "Cs")) | st.sampled_from(
    "\n\t&<>\"'\\]x"
)
TEXT = st.text(CHARACTERS, max_size=20) | st.sampled_from(
    ["</string>", "<nil/></value>", "&lt;", "&#13;", "]]>", "\\u0041", "\\", '"', "e0", "</value>\n<value>"]
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = TEXT | st.integers(-(2**31), 2**31 - 1) | NUMBERS | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=30
)


def answer_of(value: Any) -> bytes:
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()


def standard(data: bytes) -> Any:
    return xmlrpc.client.loads(data, use_builtin_types=True)[0][0]


def document(value: str) -> bytes:
    before = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n"
    return f"{before}{value}</param>\n</params>\n</methodResponse>\n".encode()


@settings(max_examples=80, deadline=None)
@given(VALUES)
def test_any_value_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    data = answer_of(value)
    assert decode(data) == standard(data)
    assert strict.parse_response(data) == standard(data)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_any_value_is_written_as_the_standard_library_writes_it(value: Any) -> None:
    assert encode_call("m", [value]) == xmlrpc.client.dumps((value,), "m", allow_none=True).encode()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_answers_are_refused_or_read_as_the_standard_library_reads_them(data: st.DataObject) -> None:
    """Where a tag is lost, doubled or changed, the fast way never makes up a value that the strict one would not."""
    whole = answer_of(data.draw(VALUES)).decode()
    pieces = ["", "<value>", "</value>\n", "<int>", "</int>", "<string>", "</string>", "<nil/>", "\n", "5", "<name>"]
    at = data.draw(st.integers(0, len(whole)))
    upto = data.draw(st.integers(at, min(len(whole), at + 9)))
    damaged = (whole[:at] + data.draw(st.sampled_from(pieces)) + whole[upto:]).encode()
    try:
        found = fast.read(fast.plain_value(damaged))
    except fast.NotPlain:
        return
    assert found == strict.parse_response(damaged)


@pytest.mark.parametrize("size", [0, 1, 400, 3000])
def test_a_long_list_is_read_in_steps_to_the_same_rows(size: int) -> None:
    rows = [
        {"id": number, "extra": {"list": [{"a": [number]}, {"a": []}]}, "text": "x" * 200} for number in range(size)
    ]
    decoding = Decoding(answer_of(rows))
    steps = sum(1 for _ in decoding)
    assert decoding.value == rows
    assert steps == {0: 0, 1: 0, 400: 0, 3000: 9}[size]


def test_structs_are_rows_at_any_depth() -> None:
    found = decode(answer_of([{"a": {"b": [{"c": 1}]}}]))
    assert found[0].a.b[0].c == 1
    assert isinstance(found[0].a.b[0], Row)


@pytest.mark.parametrize(
    ("inside", "value"),
    [
        ("<value>5</value>", "5"),
        ("<value></value>", ""),
        ("<value><i4>5</i4></value>", 5),
        ("<value><i8>-9223372036854775808</i8></value>", -(2**63)),
        ("<value><int> 5 </int></value>", 5),
        ("<value><double>5</double></value>", 5.0),
        ("<value><double>inf</double></value>", math.inf),
        ("<value><string>a&#13;b&quot;</string></value>", 'a\rb"'),
        ("<value><string>a\rb</string></value>", "a\nb"),
        ("<value><string><![CDATA[<&]]></string></value>", "<&"),
        ("<value> <array> <data> <value><int>1</int></value> </data> </array> </value>", [1]),
        ("<value><base64>AP/+</base64></value>", b"\x00\xff\xfe"),
        ("<value><dateTime.iso8601>20260101T01:02:03</dateTime.iso8601></value>", datetime(2026, 1, 1, 1, 2, 3)),
        ("<value><ex:nil/></value>", None),
    ],
)
def test_other_ways_to_write_a_value_are_read_too(inside: str, value: object) -> None:
    found = decode(document(inside))
    assert found == value
    assert type(found) is type(value)


HOSTILE = {
    "entity": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaa'>]><methodResponse><params><param><value>"
    b"<string>&a;</string></value></param></params></methodResponse>",
    "outside entity": b"<!DOCTYPE x SYSTEM 'http://x.example/'><methodResponse/>",
    "unknown entity": document("<value><string>&a;</string></value>\n"),
    "processing": document("<?php x?><value><string>a</string></value>\n"),
    "deep": document("<value><array><data>\n" * 5000 + "</data></array></value>\n" * 5000),
    "deep structs": document("<value><struct>\n<member>\n<name>a</name>\n" * 400 + "<value><nil/></value>"),
    "huge number": document(f"<value><int>{'9' * 10_000}</int></value>\n"),
    "number beyond 64 bits": document("<value><int>9223372036854775808</int></value>\n"),
    "fraction as int": document("<value><int>1.5</int></value>\n"),
    "underscores": document("<value><int>1_0</int></value>\n"),
    "not a boolean": document("<value><boolean>2</boolean></value>\n"),
    "not base64": document("<value><base64>a$</base64></value>\n"),
    "no such day": document("<value><dateTime.iso8601>20261301T00:00:00</dateTime.iso8601></value>\n"),
    "unknown type": document("<value><date>1</date></value>\n"),
    "attribute": document("<value><int a='1'>1</int></value>\n"),
    "no value": document(""),
    "two values": document("<value><int>1</int></value>\n<value><int>1</int></value>\n"),
    "text beside": document("<value>5<int>1</int></value>\n"),
    "member without value": document("<value><struct>\n<member>\n<name>a</name>\n</member>\n</struct></value>\n"),
    "two params": b"<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
    "call": b"<methodCall><methodName>a</methodName></methodCall>",
    "fault without number": b"<methodResponse><fault><value><struct></struct></value></fault></methodResponse>",
    "empty": b"",
    "html": b"<html><body>Welcome</body></html>",
    "not UTF-8": document("<value><string>a</string></value>\n").replace(b"a<", b"\xff<"),
    "control character": document("<value><string>\x01</string></value>\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_refused(name: str) -> None:
    with pytest.raises(KojiAnswerError):
        decode(HOSTILE[name])


@pytest.mark.parametrize("cut", range(2, 400, 17))
def test_cut_answers_are_refused(cut: int) -> None:
    whole = answer_of([{"a": 1, "b": [None, "x"], "c": {}}, {"a": 2.5}])
    with pytest.raises(KojiAnswerError):
        decode(whole[:-cut])


@pytest.mark.parametrize(
    "value",
    [
        "a\x00",
        "\x1b[0m", "￿", "\ud800", 2**63, -(2**63) - 1, math.nan, math.inf, {1: 2}, {"a": object()}, {"a\x01": 1},
        {1, 2},
    ],
)  # fmt: skip
def test_what_a_hub_could_not_read_is_not_sent(value: object) -> None:
    with pytest.raises(InvalidCall):
        encode_call("echo", [value])


def test_lists_within_themselves_are_not_sent() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidCall):
        encode_call("echo", [circle])


@pytest.mark.parametrize("name", ["", "a b", "a<b", "1a", "a\n"])
def test_a_name_that_no_method_has_is_not_sent(name: str) -> None:
    with pytest.raises(InvalidCall):
        encode_call(name, [])


def test_a_carriage_return_survives() -> None:
    sent = encode_call("echo", ["a\r\nb"])
    assert xmlrpc.client.loads(sent)[0] == ("a\r\nb",)


def test_a_time_with_a_zone_goes_as_seconds_and_one_without_as_the_protocols_own() -> None:
    aware = encode_call("echo", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)])
    assert xmlrpc.client.loads(aware, use_builtin_types=True)[0] == (1767225600.0, datetime(2026, 1, 1))


def test_keywords_are_a_last_struct_with_a_mark() -> None:
    assert with_keywords(["a"], {"strict": True}) == ("a", {"strict": True, "__starstar": True})
    assert with_keywords(["a", {"b": 1}], {}) == ("a", {"b": 1})


def test_rows_and_tuples_are_sent_as_what_they_are() -> None:
    assert encode_call("m", [Row(a=(1,))]) == encode_call("m", [{"a": [1]}])


def test_the_request_of_a_task_in_xml_is_read() -> None:
    assert parse_request(encode_call("build", ["src", "target", {"scratch": True}])) == (
        "build",
        ["src", "target", {"scratch": True}],
    )
