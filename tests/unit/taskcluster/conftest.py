"""A service that knows one client, and requests signed for it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from buildyard.faces.scripted import ScriptedTransport
from buildyard.taskcluster import _hawk
from buildyard.taskcluster._services import AsyncObject, AsyncQueue
from buildyard.taskcluster.credentials import Credentials

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOKEN = "tok-0123456789-abcdefghijklmnopqrstuvwxyzAB"
URL = "http://tc.example:8080/api/queue/v1/task/x?limit=1"


@dataclass
class Signer:
    """Signs as a client and asks the service what it thinks; each fact can be changed on either side."""

    client_id: str = "tester"
    token: str = TOKEN
    certificate: object = None
    authorized_scopes: list | None = None
    ts: datetime = NOW
    clients: dict = field(
        default_factory=lambda: {
            "tester": _hawk.Client(
                client_id="tester",
                access_token=TOKEN,
                scopes=("queue:*", "auth:create-client:tester/*"),
                expires=NOW + timedelta(days=100),
            )
        }
    )

    def but(self, **changes):
        return replace(self, **changes)

    def temporary(self, credentials):
        made = Credentials.from_options(credentials)
        return self.but(client_id=made.client_id, token=made.access_token, certificate=made.certificate)

    @property
    def ext(self):
        if self.certificate is None and self.authorized_scopes is None:
            return ""
        return _hawk.make_ext(self.certificate, self.authorized_scopes)

    def header(self, method="GET", url=URL, **changes):
        arguments = {"client_id": self.client_id, "access_token": self.token, "now": self.ts.timestamp()}
        return _hawk.sign_request(method, url, **{**arguments, "nonce": "abc123", "ext": self.ext, **changes})

    def request(self, method="GET", url=URL, **changes):
        target = _hawk.target_of(method, url)
        facts = {"method": method, "resource": target.resource, "host": target.host, "port": target.port}
        signed = {"authorization": self.header(method, url)}
        return _hawk.SignedRequest(**{**facts, **signed, **changes})

    def signed_url(self, url=URL, *, seconds=60):
        expiry = self.ts.timestamp() + seconds
        return _hawk.sign_url(url, client_id=self.client_id, access_token=self.token, expiry=expiry, ext=self.ext)

    def judge(self, request, **changes):
        return _hawk.authenticate(request, self.clients.get, **{"now": NOW, **changes})

    def answer(self, **changes):
        return self.judge(self.request(**changes))


@pytest.fixture
def signer():
    return Signer()


OPTIONS = {"rootUrl": "https://tc.example", "credentials": {"clientId": "tester", "accessToken": TOKEN}}


@pytest.fixture
def options():
    return {**OPTIONS, "credentials": dict(OPTIONS["credentials"])}


@pytest.fixture
def script():
    return ScriptedTransport()


@pytest.fixture
def queue(options, script):
    return AsyncQueue(options, script)


@pytest.fixture
def objects(options, script):
    return AsyncObject(options, script)
