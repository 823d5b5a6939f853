"""Secrets: kept sealed, shown to whoever has the scope, gone when they expire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from buildyard.farm.sealing import BadKey, CannotOpen, Sealing, new_key, read_key
from buildyard.farm.services.sweep import sweep
from buildyard.farm.store.tables import secrets
from support.services import KEY, Yard, serving

SECRET = "/api/secrets/v1/secret"
PLAIN = {"kéy": {"n": [1, None, True]}, "text": "<&> 🦀"}


def put(yard: Yard, name: str = "golden%2Fs", secret: object = PLAIN, seconds: float = 60) -> str:
    expires = yard.later(seconds)
    answer = yard.ask("PUT", f"{SECRET}/{name}", {"secret": secret, "expires": expires})
    assert (answer.status, answer.json) == (200, {})
    return expires


def test_secret_is_given_back_as_it_was(yard: Yard) -> None:
    expires = put(yard)
    assert yard.ask("GET", f"{SECRET}/golden/s").json == {"secret": PLAIN, "expires": expires}


def test_secret_is_replaced_by_the_next_of_its_name(yard: Yard) -> None:
    put(yard)
    put(yard, secret={"new": 1})
    assert yard.ask("GET", f"{SECRET}/golden%2Fs").json["secret"] == {"new": 1}


def test_secret_that_has_expired_is_gone(yard: Yard) -> None:
    put(yard)
    put(yard, "stays", seconds=3600)
    yard.clock.advance(61)
    assert yard.ask("GET", f"{SECRET}/golden%2Fs").refused == (404, "ResourceNotFound")
    assert yard.ask("GET", "/api/secrets/v1/secrets").json == {"secrets": ["stays"]}
    assert yard.write(lambda connection: sweep(connection, yard.clock())) == 1


def test_removed_secret_is_gone_and_a_repeat_is_no_error(yard: Yard) -> None:
    put(yard)
    for _ in range(2):
        assert yard.ask("DELETE", f"{SECRET}/golden%2Fs").json == {}
    assert yard.ask("GET", f"{SECRET}/golden%2Fs").status == 404


def test_names_are_listed_in_pages(yard: Yard) -> None:
    for name in ("b", "a", "c"):
        put(yard, name)
    first = yard.ask("GET", "/api/secrets/v1/secrets?limit=2").json
    assert first["secrets"] == ["a", "b"]
    token = first["continuationToken"]
    assert yard.ask("GET", f"/api/secrets/v1/secrets?continuationToken={token}").json == {"secrets": ["c"]}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("PUT", "/secret/a/b", "secrets:set:a/b"),
        ("GET", "/secret/a/b", "secrets:get:a/b"),
        ("DELETE", "/secret/a/b", "secrets:set:a/b"),
        ("GET", "/secrets", "secrets:list-secrets"),
    ],
)
def test_each_function_needs_its_scope_before_it_is_told_whether_there_is_one(
    yard: Yard, method: str, path: str, scope: str
) -> None:
    payload = {"secret": {}, "expires": yard.later(60)} if method == "PUT" else None
    refused = yard.ask(method, f"/api/secrets/v1{path}", payload, by=yard.client("nobody", "secrets:get:other"))
    assert refused.status == 403
    assert scope in refused.said
    assert yard.ask(method, f"/api/secrets/v1{path}", payload, by=yard.client("somebody", scope)).status != 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "hush"},
        {"secret": {"hush": 1}, "expires": "soon"},
        {"secret": {"hush": 1}, "more": 1},
        {"sekret": {"hush": 1}},
        [{"secret": {"hush": 1}}],
        {},
    ],
)
def test_no_refusal_shows_a_secret(yard: Yard, wrong: Any) -> None:
    answer = yard.ask("PUT", f"{SECRET}/s", wrong)
    assert answer.refused == (400, "InputValidationError")
    assert b"hush" not in answer.content
    assert yard.ask("PUT", f"{SECRET}/s", {"secret": {"hush": 1}, "expires": yard.later(9)}, signed=False).status == 403


def test_secret_lies_sealed_in_the_store(yard: Yard) -> None:
    put(yard, secret={"password": "hunter2"})
    sealed: bytes = yard.write(lambda connection: connection.execute(select(secrets.c.sealed)).scalar_one())
    assert b"hunter2" not in sealed
    assert Sealing(KEY).open("golden/s", sealed) == b'{"password":"hunter2"}'


def test_row_cannot_pass_for_another(yard: Yard) -> None:
    put(yard, "mine")
    yard.write(lambda connection: connection.execute(update(secrets).values(name="theirs")))
    answer = yard.ask("GET", f"{SECRET}/theirs")
    assert answer.status == 500
    assert "another key, or was changed" in answer.said


def test_without_its_key_a_secret_is_not_given(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'yard.sqlite'}"
    with serving(url, tmp_path) as yard:
        put(yard)
    with serving(url, tmp_path, key=bytes(32)) as other:
        assert "another key" in other.ask("GET", f"{SECRET}/golden%2Fs").said


def test_same_secret_is_sealed_anew_each_time() -> None:
    sealing = Sealing(KEY)
    assert sealing.seal("a", b"x") != sealing.seal("a", b"x")
    for wrong in (b"", b"\x01short", b"\x02" + sealing.seal("a", b"x")[1:]):
        with pytest.raises(CannotOpen):
            sealing.open("a", wrong)


def test_key_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(new_key())
    assert len(read_key(path)) == 32
    assert new_key() != new_key()


@pytest.mark.parametrize("text", ["", "short", "é", "!" * 44])
def test_file_without_a_key_is_told_of(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(BadKey, match="no key for secrets"):
        read_key(path)
    with pytest.raises(BadKey):
        read_key(tmp_path / "none")


def test_secret_that_is_too_large_is_refused(yard: Yard) -> None:
    yard.rooms.settings = type(yard.rooms.settings)(json_bytes=3 * 1024**2)
    answer = yard.ask("PUT", f"{SECRET}/s", {"secret": {"x": "y" * 1024**2}, "expires": yard.later(60)})
    assert answer.refused == (413, "InputTooLarge")
