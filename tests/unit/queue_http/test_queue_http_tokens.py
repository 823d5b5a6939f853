"""A token's text is believed by its signature alone, and nothing else is."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm.queue.http.signed import signature
from buildyard.farm.queue.http.tokens import LONGEST, Token, opened, sealed, stamp_of

KEY = b"k" * 32
TOKEN = Token(audit="a", client_id="local/mira", project="demo", issued=1, expires=2, methods=("password",))


@pytest.mark.parametrize("project", ["demo", None, "é" * 256])
def test_token_comes_back_from_its_text(project: str | None) -> None:
    token = msgspec.structs.replace(TOKEN, project=project, stamp=stamp_of(KEY, "secret"))
    assert opened(KEY, sealed(KEY, token)) == token


def test_token_of_another_key_is_none() -> None:
    assert opened(b"other", sealed(KEY, TOKEN)) is None


@given(st.integers(0, 200), st.integers(1, 255))
def test_token_that_was_changed_anywhere_is_none(place: int, change: int) -> None:
    whole = bytearray(base64.urlsafe_b64decode(sealed(KEY, TOKEN) + "=="))
    whole[place % len(whole)] ^= change
    assert opened(KEY, base64.urlsafe_b64encode(bytes(whole)).decode()) is None


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_other_texts_are_none(text: str) -> None:
    assert opened(KEY, text) is None


def test_text_without_end_is_not_even_looked_at() -> None:
    assert opened(KEY, "A" * (LONGEST + 1)) is None


def test_stamp_changes_with_the_access_token() -> None:
    assert stamp_of(KEY, "old") != stamp_of(KEY, "new")


def test_signature_does_not_know_the_order_of_its_lists() -> None:
    one = signature(
        KEY, ["/v2/queues/q/claims", "/v2/queues/q/messages"], ["GET", "POST"], "demo", "2035-01-01T00:00:00"
    )
    other = signature(
        KEY, ["/v2/queues/q/messages", "/v2/queues/q/claims"], ["POST", "GET"], "demo", "2035-01-01T00:00:00"
    )
    assert one == other
