"""Tokens: got, kept, renewed, refused; from a real Keystone in front of a Zaqar, and from the hub itself."""

import asyncio
import time

import pytest
from msgspec import structs

from buildyard.faces.http import AsyncioTransport
from buildyard.marconi import Client, Connection, aio
from buildyard.marconi.auth import ApplicationCredential, Password, Scope, Token
from buildyard.marconi.errors import BadCredentials, NoEndpoint, Unauthorized, UnscopedToken
from support.identities import of_cloud, of_hub
from support.marconi_client import play
from support.marconi_http import USER, serving_over_http

#: How long a token lives here, in seconds; the fixture `cloud` has the same.
LIFETIME = 6


@pytest.fixture(scope="session")
def hub_with_tokens(tmp_path_factory):
    store = tmp_path_factory.mktemp("identity") / "yard.sqlite"
    with serving_over_http(f"sqlite:///{store}", token_ttl=LIFETIME) as hub:
        yield hub


@pytest.fixture(params=["hub", pytest.param("keystone", marks=pytest.mark.service("keystone"))])
def identity(request):
    if request.param == "hub":
        return of_hub(request.getfixturevalue("hub_with_tokens"))
    return of_cloud(request.getfixturevalue("cloud"))


class Counting(AsyncioTransport):
    """A transport that counts what was asked of the identity service, and what was refused for its token."""

    def __init__(self):
        super().__init__()
        self.signed_in = self.refused = 0

    async def send(self, request):
        self.signed_in += request.url.endswith("/auth/tokens")
        answer = await super().send(request)
        self.refused += answer.status == 401
        return answer


def test_password_gets_a_token_and_the_catalog_the_service(identity):
    with identity.connection() as connection:
        queue = Client(connection).create_queue("work")
        queue.post_messages({"body": 1})
        assert queue.stats.total >= 1
        assert connection.host.endswith("/v2")
        assert connection.tenant
        assert 0 < connection.expires.timestamp() - time.time() <= LIFETIME + 1
        queue.delete()


def test_repr_shows_user_and_expiry_and_no_secret(identity):
    with identity.connection() as connection:
        token = connection.token
        shown = repr(connection) + repr(connection.headers)
        assert f"user:{USER} expires:20" in shown
        assert token not in shown
        assert identity.password not in shown
        assert connection.headers["x-auth-token"] == token


def test_token_is_kept_and_renewed_before_anybody_refuses_it(identity):
    async def main():
        counting = Counting()
        async with aio.Connection(identity.user, **identity.options(transport=counting)) as connection:
            queue = aio.Client(connection).queue("tokens")
            end = time.monotonic() + LIFETIME + 1
            while time.monotonic() < end:
                await queue.read_stats()
                await asyncio.sleep(0.2)
        await counting.close()
        return counting

    counting = asyncio.run(main())
    assert counting.signed_in == 2
    assert counting.refused == 0


def test_refused_token_is_replaced_and_the_post_sent_once(identity):
    with identity.connection() as connection:
        queue = Client(connection).queue("replaced")
        first = connection.token
        identity.revoke(first)
        queue.post_messages({"body": 1})
        assert connection.token != first
        assert queue.stats.total == 1
        queue.delete()


def test_token_of_somebody_else_ends_for_good(identity):
    with identity.connection() as connection:
        token, tenant = connection.token, connection.tenant
    with Connection(token=token, endpoint=identity.queues, project_id=tenant) as connection:
        queue = Client(connection).queue("tokens")
        queue.post_messages({"body": 1})
        identity.revoke(token)
        with pytest.raises(Unauthorized) as refused:
            queue.post_messages({"body": 2})
    assert refused.value.code == 401


def test_wrong_password_is_final_not_repeated_and_never_shown(identity):
    async def main():
        counting = Counting()
        wrong = identity.options(password="wrong-Pa55word", transport=counting)
        async with aio.Connection(identity.user, **wrong) as connection:
            with pytest.raises(BadCredentials) as refused:
                await aio.Client(connection).queue("tokens").read_stats()
        await counting.close()
        assert "wrong-Pa55word" not in str(refused.value)
        return counting.signed_in

    assert asyncio.run(main()) == 1


def test_many_tasks_sign_in_once_at_first_and_once_after_a_refusal(identity):
    async def main():
        counting, counts = Counting(), []
        async with aio.Connection(identity.user, **identity.options(transport=counting)) as connection:
            queue = aio.Client(connection).queue("tokens")
            for _ in range(2):
                await asyncio.gather(*(queue.read_stats() for _ in range(8)))
                counts.append(counting.signed_in)
                await asyncio.to_thread(identity.revoke, await connection.token)
        await counting.close()
        return counts

    assert asyncio.run(main()) == [1, 2]


def test_connection_by_key_uses_it_as_a_password_of_v3(identity):
    options = {"password": None, "apikey": identity.password}
    with identity.connection(**options) as connection:
        assert connection.token


def test_token_that_is_there_is_asked_about(identity):
    with identity.connection() as first:
        options = {"token": first.token, "password": None, "project_name": None}
        with identity.connection(**options) as second:
            assert (second.token, second.tenant, second.host) == (first.token, first.tenant, first.host)
            assert Client(second).ping()


def test_token_is_exchanged_for_one_of_the_project(identity):
    with identity.connection() as first:
        scope = Scope(project_name=identity.project)
        with identity.connection(auth=Token(token=first.token, scope=scope)) as second:
            assert second.tenant == first.tenant
            assert abs(second.expires - first.expires).total_seconds() < 1


def test_rubbish_token_is_bad_credentials(identity):
    with (
        identity.connection(auth=Token(token="rubbish", scope=Scope(project_name=identity.project))) as connection,
        pytest.raises(BadCredentials),
    ):
        Client(connection).ping()


def test_other_region_has_no_endpoint_and_the_error_says_what_there_is(identity):
    with identity.connection(region="Elsewhere") as connection, pytest.raises(NoEndpoint) as caught:
        Client(connection).ping()
    assert "messaging" in str(caught.value)


@pytest.mark.service("keystone")
def test_application_credential_needs_no_project(cloud):
    token = cloud.keystone.sign_in(cloud.user, cloud.password, cloud.project)
    credential_id = cloud.keystone.application_credential(cloud.user_id, token, "secret of ci")
    auth = ApplicationCredential(id=credential_id, secret="secret of ci")
    with Connection(auth=auth, auth_url=cloud.auth_url) as connection:
        assert connection.tenant == cloud.project_id
        assert Client(connection).ping()


@pytest.mark.service("keystone")
def test_application_credential_that_is_gone_is_bad_credentials(cloud):
    """Keystone says 404 to it, which would read as a wrong address."""
    auth = ApplicationCredential(id="0" * 32, secret="secret of ci")
    with Connection(auth=auth, auth_url=cloud.auth_url) as connection, pytest.raises(BadCredentials) as caught:
        Client(connection).ping()
    assert caught.value.status == 404


@pytest.mark.service("keystone")
def test_token_of_no_project_is_told_before_the_service_is_asked(cloud):
    auth = Password(user=cloud.user, password=cloud.password)
    with Connection(auth=auth, auth_url=cloud.auth_url) as connection, pytest.raises(UnscopedToken):
        Client(connection).ping()


@pytest.mark.service("keystone")
@pytest.mark.parametrize("face", ["asyncio", "twisted"])
def test_other_faces_renew_too(cloud, face, request):
    if face == "twisted":
        request.getfixturevalue("reactor_thread")

    async def scenario(client):
        session = client.connection._session
        first = await client.connection.token
        session._held = structs.replace(session._held, renew_at=0)
        queue = client.queue("renewed")
        await queue.post_messages({"body": 1})
        await queue.delete()
        return first != await client.connection.token

    options = {"password": cloud.password, "project_name": cloud.project, "auth_url": cloud.auth_url}
    assert play(face, {"user": cloud.user, **options}, scenario)
