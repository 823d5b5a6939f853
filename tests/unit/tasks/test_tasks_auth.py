"""Who is believed, what they may do, and what the hub's own credentials are good for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from buildyard.farm.store.base import Store
from buildyard.farm.store.tables import clients as client_rows
from buildyard.farm.tasks import artifacts, clients, service
from buildyard.farm.tasks.auth import LOOPBACK_SCOPES, Authenticator, Caller, open_authenticator
from buildyard.farm.tasks.errors import AuthenticationFailed, InsufficientScopes
from buildyard.farm.tasks.times import to_json
from buildyard.taskcluster._hawk import SignedRequest, payload_hash, sign_request
from buildyard.taskcluster.credentials import Credentials
from buildyard.taskcluster.scopes import ScopeSet
from support.stores import Clock, opened
from support.tasks import NOW, POOL, make, running

Scenario = Callable[[Store, Authenticator, Clock], Awaitable[None]]


def play(tmp_path: Path, scenario: Scenario, *anonymous: str) -> None:
    async def main() -> None:
        clock = Clock(NOW)
        async with opened(f"sqlite:///{tmp_path / 'yard.sqlite'}") as store:
            await scenario(store, await open_authenticator(store, clock=clock, anonymous=anonymous), clock)

    asyncio.run(main())


def request(credentials: Credentials | None, clock: Clock, *, path: str = "/x", body: bytes = b"") -> SignedRequest:
    header = None
    if credentials:
        header = sign_request(
            "POST",
            f"http://farm.example:8800{path}",
            client_id=credentials.client_id,
            access_token=credentials.access_token,
            now=clock.now,
            nonce="nonce",
            ext=credentials.ext(),
            hashed=payload_hash("application/json", body),
        )
    return SignedRequest(
        method="POST",
        resource=path,
        host="farm.example",
        port=8800,
        authorization=header,
        content_type="application/json",
        body=body,
    )


def test_the_operator_may_do_everything(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        root = await store.write(lambda connection: clients.root_credentials(connection, NOW))
        caller = await auth.identify(request(root, clock))
        assert caller.client_id == clients.ROOT
        caller.require({"AllOf": ["queue:create-task:highest:a/b", "anything:at-all"]})

    play(tmp_path, scenario)


def test_a_wrong_token_is_not_believed(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        await store.write(lambda connection: clients.root_credentials(connection, NOW))
        with pytest.raises(AuthenticationFailed, match="Bad mac"):
            await auth.identify(request(Credentials(client_id=clients.ROOT, access_token="x" * 22), clock))

    play(tmp_path, scenario)


def test_an_unknown_client_is_not_believed_and_is_known_soon_after_it_is_made(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        with pytest.raises(AuthenticationFailed, match="not found"):
            await auth.identify(request(Credentials(client_id=clients.ROOT, access_token="x" * 22), clock))
        root = await store.write(lambda connection: clients.root_credentials(connection, NOW))
        clock.advance(1.1)
        assert (await auth.identify(request(root, clock))).client_id == clients.ROOT

    play(tmp_path, scenario)


def test_a_disabled_client_is_shut_out_within_seconds(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        root = await store.write(lambda connection: clients.root_credentials(connection, NOW))
        await auth.identify(request(root, clock))
        await store.write(lambda connection: connection.execute(update(client_rows).values(disabled=True)))
        clock.advance(5.1)
        with pytest.raises(AuthenticationFailed):
            await auth.identify(request(root, clock))

    play(tmp_path, scenario)


def test_many_strange_names_fill_no_memory(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        for number in range(1100):
            with pytest.raises(AuthenticationFailed):
                await auth.identify(request(Credentials(client_id=f"x{number}", access_token="x" * 22), clock))
        assert len(auth._kept) <= 1000

    play(tmp_path, scenario)


def test_without_credentials_one_has_what_anybody_has(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        caller = await auth.identify(request(None, clock))
        caller.require("queue:status:anything")
        with pytest.raises(InsufficientScopes):
            caller.require("queue:get-artifact:private/x")

    play(tmp_path, scenario, *LOOPBACK_SCOPES)


def test_on_a_guarded_farm_without_credentials_one_has_nothing(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        caller = await auth.identify(request(None, clock))
        with pytest.raises(InsufficientScopes):
            caller.require("queue:status:anything")

    play(tmp_path, scenario)


def test_with_credentials_one_may_still_do_what_anybody_may(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        builder = await store.write(lambda connection: clients.builder_credentials(connection, NOW))
        (await auth.identify(request(builder, clock))).require("queue:status:anything")

    play(tmp_path, scenario, *LOOPBACK_SCOPES)


# --- what the hub gives out ---


def claimed_run(store: Store, **changes: object) -> Awaitable[service.Claimed]:
    def body(connection: object) -> service.Claimed:
        make(connection, **changes)  # type: ignore[arg-type]
        return service.claim(connection, NOW, [POOL], "here", "yard-1")[0]  # type: ignore[arg-type]

    return store.write(body)


def test_a_claim_brings_rights_to_its_run_alone(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        claimed = await claimed_run(store, scopes=["secrets:get:x"])
        given = Credentials.from_options(auth.task_credentials(claimed))
        caller = await auth.identify(request(given, clock))
        run = f"{claimed.task_id}/0"
        own = [f"queue:{act}:{run}" for act in ("reclaim-task", "resolve-task", "create-artifact")]
        caller.require({"AllOf": [*own, "secrets:get:x"]})
        for scope in (f"queue:resolve-task:{claimed.task_id}/1", f"queue:get-task:{claimed.task_id}", "secrets:get:y"):
            with pytest.raises(InsufficientScopes):
                caller.require(scope)

    play(tmp_path, scenario)


def test_a_claims_credentials_name_who_holds_what_until_when(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        claimed = await claimed_run(store)
        name = f"task-client/{claimed.task_id}/0/on/here/yard-1/until/{int(NOW) + 60}"
        assert auth.task_credentials(claimed)["clientId"] == name

    play(tmp_path, scenario)


def test_a_claims_credentials_end_with_the_claim(tmp_path: Path) -> None:
    """Five minutes later, since clocks differ; a 409 stops a worker long before."""

    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        given = Credentials.from_options(auth.task_credentials(await claimed_run(store)))
        clock.advance(60 + 299)
        await auth.identify(request(given, clock))
        clock.advance(2)
        with pytest.raises(AuthenticationFailed, match=r"expiry < now"):
            await auth.identify(request(given, clock))

    play(tmp_path, scenario)


def test_upload_and_download_credentials_are_for_one_object(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        def body(connection: object) -> artifacts.Created:
            task_id = running(connection)  # type: ignore[arg-type]
            wanted = {"storageType": "object", "expires": to_json(NOW + 600), "contentType": "a/b"}
            return artifacts.create_artifact(connection, NOW, task_id, 0, "public/a x", wanted)  # type: ignore[arg-type]

        created = await store.write(body)
        name = created.artifact.object_name
        up = await auth.identify(request(Credentials.from_options(auth.upload_credentials(created)), clock))
        down = await auth.identify(
            request(Credentials.from_options(auth.download_credentials(created.artifact)), clock)
        )
        up.require(f"object:upload:none:{name}")
        down.require(f"object:download:{name}")
        for caller, scope in ((up, f"object:download:{name}"), (down, f"object:upload:none:{name}")):
            with pytest.raises(InsufficientScopes):
                caller.require(scope)

    play(tmp_path, scenario)


def test_temporary_credentials_outlive_a_restart_of_the_hub(tmp_path: Path) -> None:
    async def scenario(store: Store, auth: Authenticator, clock: Clock) -> None:
        given = Credentials.from_options(auth.task_credentials(await claimed_run(store)))
        restarted = await open_authenticator(store, clock=clock)
        assert (await restarted.identify(request(given, clock))).client_id == given.client_id

    play(tmp_path, scenario)


# --- scopes ---


def caller(*scopes: str, client_id: str | None = "me") -> Caller:
    return Caller(client_id=client_id, scopes=ScopeSet(scopes))


def test_a_refusal_names_what_is_missing_and_what_was_asked() -> None:
    with pytest.raises(InsufficientScopes) as refused:
        caller("a").require({"AllOf": ["a", "b", {"AnyOf": ["c", "d"]}]})
    assert refused.value.missing == {"AllOf": ["b", {"AnyOf": ["c", "d"]}]}
    assert "Client ID me does not have sufficient scopes and is missing the following scopes" in refused.value.message
    assert refused.value.message.index('"b"') < refused.value.message.index("requires the client to satisfy")


def test_a_refusal_of_somebody_without_credentials_asks_for_them() -> None:
    with pytest.raises(InsufficientScopes, match="requires Taskcluster credentials that satisfy") as refused:
        caller(client_id=None).require("a")
    assert "```\na\n```" in refused.value.message


def test_a_star_covers_all_that_follows_it() -> None:
    caller("queue:claim-work:buildyard/*").require(f"queue:claim-work:{POOL}")
