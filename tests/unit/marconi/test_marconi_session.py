"""The token of a connection: when it is got, kept, renewed, and given up."""

import asyncio

import pytest

from buildyard.errors import ConnectFailed, Unauthorized
from buildyard.faces.scripted import SCRIPT_START, ScriptedTransport, answer, body_of
from buildyard.marconi import Client, Connection, aio, errors
from buildyard.marconi.auth import ApiKey, NoAuth, Password, SignedUrl, Token
from support.marconi_script import URL, connected, token_answer, tokens

IDENTITY = "http://id.example"
OK = answer(204)
NO = answer(401, json={"error": {"code": 401, "title": "Unauthorized", "message": "requires authentication"}})


def with_password(*script, **options):
    given = {"password": "s3cret", "project_name": "demo", "auth_url": IDENTITY} | options
    connection, transport = connected(*script, **given)
    return Client(connection), transport


def test_token_is_got_once_and_sent_with_each_request():
    client, script = with_password(token_answer(), OK, OK)
    client.ping()
    client.ping()
    assert tokens(script) == ["tok", "tok"]
    script.done()


def test_making_a_connection_sends_nothing():
    _, script = with_password()
    assert script.requests == []


@pytest.mark.parametrize(("lifetime", "margin"), [(3600, 60), (100, 20), (5, 1)])
def test_token_is_renewed_shortly_before_its_end(lifetime, margin):
    """The margin is a minute, and no more than a fifth of the lifetime."""
    client, script = with_password(token_answer("a", lifetime), OK, OK, token_answer("b", lifetime), OK)
    client.ping()
    script.advance(lifetime - margin - 0.1)
    client.ping()
    script.advance(0.2)
    client.ping()
    assert tokens(script) == ["a", "a", "b"]


def test_lifetime_is_measured_by_the_identity_services_own_clock():
    """Its clock is an hour ahead of ours: the token lives 100 seconds nevertheless."""
    ahead = token_answer("a", 100, at=SCRIPT_START + 3600)
    client, script = with_password(ahead, OK, token_answer("b"), OK)
    client.ping()
    script.advance(101)
    client.ping()
    assert tokens(script) == ["a", "b"]


def test_refused_token_is_replaced_once():
    client, script = with_password(token_answer("a"), NO, token_answer("b"), OK)
    assert client.ping()
    assert tokens(script) == ["a", "b"]


def test_second_refusal_is_final():
    client, script = with_password(token_answer("a"), NO, token_answer("b"), NO)
    with pytest.raises(errors.Unauthorized) as caught:
        client.ping()
    assert isinstance(caught.value, Unauthorized)
    assert tokens(script) == ["a", "b"]
    script.done()


def test_token_of_somebody_elses_is_not_replaced():
    connection, script = connected(NO, token="theirs", endpoint=URL)
    with pytest.raises(errors.Unauthorized):
        Client(connection).ping()
    assert tokens(script) == ["theirs"]


def test_identity_service_that_is_away_leaves_a_token_that_still_holds():
    away = ConnectFailed("refused", method="POST", url=IDENTITY)
    client, script = with_password(token_answer("a", 100), OK, *[away] * 6, OK, OK, token_answer("b"), OK)
    client.ping()
    script.advance(81)
    client.ping()
    client.ping()  # soon after: the identity service is left alone
    script.advance(6)
    client.ping()
    assert tokens(script) == ["a", "a", "a", "b"]


def test_identity_service_that_is_away_is_an_error_when_the_token_has_ended():
    away = ConnectFailed("refused", method="POST", url=IDENTITY)
    client, script = with_password(token_answer("a", 100), OK, *[away] * 6)
    client.ping()
    script.advance(101)
    with pytest.raises(errors.ConnectionFailed):
        client.ping()


@pytest.mark.parametrize("status", [401, 404])
def test_credentials_that_are_refused_are_not_tried_again(status):
    refusal = answer(status, json={"error": {"code": status, "title": "No", "message": "Could not find: s3cret."}})
    client, script = with_password(refusal)
    with pytest.raises(errors.BadCredentials) as caught:
        client.ping()
    assert "s3cret" not in f"{caught.value} {vars(caught.value)}"
    assert len(script.requests) == 1


def test_address_without_an_identity_service_is_no_fault_of_the_credentials():
    client, _ = with_password(answer(404, b"<!doctype html>nothing here"))
    with pytest.raises(errors.NotFound) as caught:
        client.ping()
    assert not isinstance(caught.value, errors.CredentialsError)


def test_token_without_a_project_is_told_before_the_service_is_asked():
    client, script = with_password(token_answer(project=None))
    with pytest.raises(errors.UnscopedToken):
        client.ping()
    assert len(script.requests) == 1


def test_answer_that_is_no_token_does_not_show_itself():
    client, _ = with_password(
        answer(201, headers=[("X-Subject-Token", "secret-token")], json={"token": "secret-token"})
    )
    with pytest.raises(errors.AnswerError) as caught:
        client.ping()
    assert "secret-token" not in f"{caught.value} {vars(caught.value)}"


def test_many_callers_get_one_token():
    """Ten requests at once on a new connection, and one question to the identity service."""
    script = _Suspending(token_answer(), *[OK] * 10)

    async def main():
        given = {"password": "s3cret", "project_name": "demo", "auth_url": IDENTITY, "transport": script}
        client = aio.Client(aio.Connection("tacocat", **given))
        await asyncio.gather(*(client.ping() for _ in range(10)))

    asyncio.run(main())
    assert [request.url for request in script.requests].count(f"{IDENTITY}/v3/auth/tokens") == 1


def test_many_refusals_get_one_token():
    def judge(request):
        return OK if dict(request.headers)["X-Auth-Token"] == "b" else NO

    def grant(token):
        return lambda request: token_answer(token)

    class Service(_Suspending):
        def choose(self, request):
            self._script = [grants.pop(0) if "/auth/" in request.url else judge]

    grants = [grant("a"), grant("b")]
    script = Service()

    async def main():
        given = {"password": "s3cret", "project_name": "demo", "auth_url": IDENTITY, "transport": script}
        client = aio.Client(aio.Connection("tacocat", **given))
        return await asyncio.gather(*(client.ping() for _ in range(5)))

    assert asyncio.run(main()) == [True] * 5
    assert grants == []


class _Suspending(ScriptedTransport):
    """A script that lets other tasks run before it answers, with a lock that may be waited for."""

    async def _open(self, request):
        await asyncio.sleep(0)
        self.choose(request)
        return await super()._open(request)

    def choose(self, request):
        """Change the script."""

    def lock(self):
        return asyncio.Lock()


def test_key_goes_to_the_second_version_of_the_identity_service():
    body = {
        "access": {
            "token": {"id": "tok", "expires": "2025-01-01T01:00:00Z", "tenant": {"id": "123456", "name": "taco"}},
            "user": {"name": "tacocat"},
            "serviceCatalog": [
                {
                    "type": "rax:queues",
                    "endpoints": [{"publicURL": URL + "/v1", "internalURL": "http://in", "region": "R"}],
                }
            ],
        }
    }
    connection, script = connected(answer(200, json=body), apikey="my_awesome_key", auth_url=IDENTITY + "/v2.0/")
    assert (connection.tenant, connection.token, connection.host) == ("123456", "tok", URL + "/v2")
    assert script.requests[0].url == IDENTITY + "/v2.0/tokens"
    assert body_of(script.requests[0]) == (
        b'{"auth":{"RAX-KSKEY:apiKeyCredentials":{"username":"tacocat","apiKey":"my_awesome_key"}}}'
    )


@pytest.mark.parametrize("auth_url", ["http://id.example/v3", "http://id.example/v3/"])
def test_key_is_a_password_where_the_third_version_is_named(auth_url):
    connection, script = connected(token_answer(), apikey="key", project_id="p1", auth_url=auth_url)
    assert connection.token == "tok"
    assert script.requests[0].url == IDENTITY + "/v3/auth/tokens"
    assert b'"password":"key"' in body_of(script.requests[0])


def test_key_without_an_identity_service_is_told_so(monkeypatch):
    monkeypatch.delenv("OS_AUTH_URL", raising=False)
    with pytest.raises(errors.NoAuthUrl) as caught:
        Connection("tacocat", apikey="key")
    assert "OS_AUTH_URL" in str(caught.value)


def test_identity_service_may_be_named_by_the_environment(monkeypatch):
    monkeypatch.setenv("OS_AUTH_URL", IDENTITY)
    connection, script = connected(token_answer(), password="p", project_name="demo")
    assert connection.token == "tok"
    assert script.requests[0].url.startswith(IDENTITY)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, URL),
        ({"interface": "internal"}, "http://internal"),
        ({"region": "Two"}, "http://two/v1.1"),
        ({"service_types": ("queuing",)}, "http://old"),
        ({"endpoint": "http://given/prefix/"}, "http://given/prefix"),
    ],
)
def test_endpoint_is_chosen_by_type_interface_and_region(options, url):
    catalog = [
        {"type": "identity", "endpoints": [{"interface": "public", "region_id": "One", "url": "http://identity"}]},
        {"type": "queuing", "endpoints": [{"interface": "public", "region_id": "One", "url": "http://old"}]},
        {
            "type": "messaging",
            "endpoints": [
                {"interface": "public", "region_id": "One", "url": URL},
                {"interface": "internal", "region_id": "One", "url": "http://internal"},
                {"interface": "public", "region": "Two", "url": "http://two/v1.1"},
            ],
        },
    ]
    given = {"password": "p", "project_name": "demo", "auth_url": IDENTITY} | options
    connection, _ = connected(token_answer(catalog=catalog), **given)
    assert connection.host == url.removesuffix("/v1.1") + "/v2"


def test_service_that_the_catalog_lacks_is_named_with_what_it_has():
    client, _ = with_password(token_answer(catalog=[]))
    with pytest.raises(errors.NoEndpoint) as caught:
        client.ping()
    assert "messaging" in caught.value.title


def test_without_credentials_the_project_is_what_was_said():
    connection, _ = connected(endpoint=URL, project_id="demo")
    assert (connection.tenant, connection.token, connection.expires) == ("demo", None, None)
    assert connection.headers == {"host": "marconi.example", "accept": "application/json", "x-project-id": "demo"}


@pytest.mark.parametrize(
    "auth",
    [
        NoAuth(project_id="demo"),
        Token(token="s3cret"),
        SignedUrl(paths=("/v2/queues/q/messages",), methods=("GET",), project="p", expires="x", signature="s3cret"),
    ],
)
def test_without_a_catalog_the_endpoint_has_to_be_given(auth, monkeypatch):
    monkeypatch.delenv("OS_AUTH_URL", raising=False)
    with pytest.raises(errors.UsageError) as caught:
        Connection(auth=auth)
    assert "endpoint" in str(caught.value)


@pytest.mark.parametrize(
    "auth",
    [
        Password(user="tacocat", password="s3cret"),
        ApiKey(user="tacocat", apikey="s3cret"),
        Token(token="s3cret"),
        SignedUrl(paths=(), methods=(), project="p", expires="x", signature="s3cret"),
    ],
)
def test_secrets_are_in_no_repr(auth):
    connection, _ = connected(auth=auth, auth_url=IDENTITY, endpoint=URL)
    shown = f"{auth!r} {connection!r} {Client(connection)!r} {vars(connection._core)!r}"
    assert "s3cret" not in shown


def test_arguments_that_contradict_each_other_are_refused():
    with pytest.raises(errors.UsageError, match="one of them"):
        Connection("u", password="p", token="t", auth_url=IDENTITY)
    with pytest.raises(errors.UsageError, match="belongs to a user"):
        Connection(password="p", auth_url=IDENTITY)
    with pytest.raises(errors.UsageError, match="no such argument"):
        Connection("u", pasword="p")
    with pytest.raises(errors.UsageError, match="no version"):
        Connection(endpoint=URL, version="3")
    with pytest.raises(errors.UsageError, match="endpoint"):
        Connection(endpoint="marconi.example")


ENVIRONMENT = {
    "OS_AUTH_URL": IDENTITY,
    "OS_USERNAME": "tacocat",
    "OS_PASSWORD": "s3cret",
    "OS_PROJECT_NAME": "demo",
    "OS_USER_DOMAIN_NAME": "Default",
    "OS_PROJECT_DOMAIN_ID": "default",
    "OS_REGION_NAME": "One",
    "OS_INTERFACE": "publicURL",
}


def from_environment(environ, *script):
    transport = connected(*script, endpoint=URL)[1]
    return Connection.from_environment(environ, transport=transport), transport


def test_connection_is_made_as_the_environment_says():
    connection, script = from_environment(ENVIRONMENT, token_answer())
    assert (connection.username, connection.host) == ("tacocat", URL + "/v2")
    assert body_of(script.requests[0]) == (
        b'{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"tacocat","domain":'
        b'{"name":"Default"},"password":"s3cret"}}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}'
    )


def test_application_credential_comes_before_the_password():
    more = {"OS_APPLICATION_CREDENTIAL_ID": "id1", "OS_APPLICATION_CREDENTIAL_SECRET": "other"}
    connection, script = from_environment(ENVIRONMENT | more, token_answer())
    assert connection.token == "tok"
    assert b'"application_credential":{"id":"id1","secret":"other"}' in body_of(script.requests[0])


def test_environment_without_credentials_is_told_so():
    with pytest.raises(errors.UsageError, match="OS_PASSWORD"):
        from_environment({"OS_AUTH_URL": IDENTITY})
