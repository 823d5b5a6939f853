"""Sessions: logging in, numbers of writes, what happens when an answer is lost, and renewal."""

from __future__ import annotations

import xmlrpc.client
from typing import Any

import msgspec
import pytest

from buildyard.errors import BadRequest, Cut, TlsFailed
from buildyard.faces.scripted import answer
from buildyard.faces.transport import Headers
from buildyard.koji import Connection, KojiLoginException, Profile
from buildyard.koji.errors import (
    ActionNotAllowed,
    AlreadyExecuted,
    AuthError,
    GenericError,
    HubUnavailable,
    KojiConnectionError,
    RequestRefused,
    RetryError,
    ServerOffline,
)
from support.koji_golden import PROFILE, scripted
from support.koji_hub import Hub, HubTransport


def changed(**facts: Any) -> Profile:
    return msgspec.structs.replace(PROFILE, **facts)


def test_reads_are_anonymous_and_without_a_number(koji: Connection, hub: Hub) -> None:
    assert koji.getLoggedInUser() is None
    assert hub.methods() == ["getLoggedInUser"]
    assert hub.seen[0].number is None


def test_login_yields_true_and_is_done_once(koji: Connection, hub: Hub) -> None:
    assert koji.login() is True
    assert koji.login() is True
    assert hub.methods() == ["sslLogin"]
    assert koji.session_id == 20
    assert koji.getLoggedInUser().name == "kdreyer"


def test_a_write_logs_in_when_nobody_has(koji: Connection, hub: Hub) -> None:
    assert koji.createTag("a") == 1
    assert hub.methods() == ["sslLogin", "createTag"]


def test_a_profile_without_login_writes_as_nobody(hub: Hub, transport: HubTransport) -> None:
    koji = Connection(changed(authtype="noauth"), transport=transport)
    with pytest.raises(ActionNotAllowed):
        koji.createTag("a")
    with pytest.raises(KojiLoginException) as caught:
        koji.login()
    assert caught.value.reason == "missing"


def test_writes_are_numbered_and_reads_between_them_are_not(koji: Connection, hub: Hub) -> None:
    koji.createTag("a")
    koji.getLoggedInUser()
    koji.createTag("b")
    assert [(one.method, one.number) for one in hub.seen[1:]] == [
        ("createTag", "1"),
        ("getLoggedInUser", None),
        ("createTag", "2"),
    ]


def test_a_write_that_the_hub_refuses_leaves_the_count_usable(koji: Connection) -> None:
    koji.createTag("a")
    with pytest.raises(GenericError):
        koji.createTag("a")
    assert koji.createTag("b") == 2


def test_a_write_whose_answer_is_lost_is_sent_again_with_the_same_number(koji: Connection, hub: Hub) -> None:
    """It was done, so the hub says so, and it is done no second time."""
    koji.login()
    hub.lost_answers = 1
    with pytest.raises(AlreadyExecuted) as caught:
        koji.createTag("a")
    assert [one.number for one in hub.seen if one.method == "createTag"] == ["1", "1"]
    assert hub.tags == {"a": 1}
    assert caught.value.code == 1009
    assert koji.createTag("b") == 2


def test_a_write_whose_session_expires_before_its_lost_answer_is_asked_for_was_done(koji: Connection, hub: Hub) -> None:
    koji.login()

    def create_and_expire(name: str) -> int:
        hub.tags[name] = 1
        hub.expire()
        return 1

    hub.rows["createTag"] = create_and_expire
    hub.lost_answers = 1
    with pytest.raises(AlreadyExecuted):
        koji.createTag("a")
    assert hub.methods() == ["sslLogin", "createTag", "createTag", "sslLogin", "createTag"]


def test_a_write_that_did_not_arrive_is_sent_again_and_answered(koji: Connection, hub: Hub) -> None:
    koji.login()
    hub.failing = [503, 502]
    assert koji.createTag("a") == 1
    assert [one.number for one in hub.seen if one.method == "createTag"] == ["1"]


def test_a_number_that_somebody_else_used_is_no_proof_that_ours_was_done(koji: Connection, hub: Hub) -> None:
    koji.login()
    hub.sessions[20].number = 1
    with pytest.raises(RetryError) as caught:
        koji.createTag("a")
    assert not isinstance(caught.value, AlreadyExecuted)


def test_a_write_without_a_session_is_not_repeated_where_it_may_have_arrived(transport: HubTransport, hub: Hub) -> None:
    hub.lost_answers = 9
    koji = Connection(changed(authtype="noauth"), transport=transport)
    with pytest.raises(KojiConnectionError) as caught:
        koji.createTag("a")
    assert caught.value.maybe_sent
    assert len(hub.seen) == 1


def test_a_read_whose_answer_is_lost_is_asked_again(koji: Connection, hub: Hub) -> None:
    hub.lost_answers = 2
    assert koji.echo(1) == [1]


def test_renewal_keeps_the_session_and_its_count(koji: Connection, hub: Hub) -> None:
    """The official client begins to count again and is refused from then on."""
    koji.createTag("a")
    hub.expire()
    assert koji.createTag("b") == 2
    assert koji.createTag("c") == 3
    assert koji.session_id == 20
    numbers = [(one.method, one.number) for one in hub.seen[2:]]
    assert numbers == [("createTag", "2"), ("sslLogin", None), ("createTag", "2"), ("createTag", "3")]


def test_renewal_is_asked_with_the_old_key(koji: Connection, hub: Hub) -> None:
    koji.login()
    old = hub.sessions[20].key
    hub.expire()
    koji.getLoggedInUser()
    renewal = hub.seen[2]
    assert renewal.args[-1]["renew"] is True
    assert renewal.fields.get("Koji-Session-Key") == old
    assert renewal.path == "/kojihub/ssllogin"


def test_a_session_that_cannot_be_renewed_says_so(koji: Connection, hub: Hub) -> None:
    koji.login()
    hub.expire()
    hub.user = ""
    with pytest.raises(KojiLoginException) as caught:
        koji.getLoggedInUser()
    assert caught.value.reason == "not-allowed"


def test_logout_ends_the_session_on_the_hub(koji: Connection, hub: Hub) -> None:
    koji.login()
    koji.logout()
    koji.logout()
    assert hub.sessions == {}
    assert koji.session_id is None
    assert koji.getLoggedInUser() is None


def test_a_session_that_has_ended_can_be_logged_out_of(koji: Connection, hub: Hub) -> None:
    koji.login()
    hub.expire()
    koji.logout()
    assert koji.session_id is None


def test_a_session_that_the_hub_does_not_know_is_an_auth_error(koji: Connection, hub: Hub) -> None:
    koji.login()
    hub.sessions.clear()
    with pytest.raises(AuthError):
        koji.getLoggedInUser()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("negotiate-401", "not-allowed"),
        ("login-plain-path", "not-allowed"),
        (answer(403, b"no"), "not-allowed"),
        (TlsFailed("certificate has expired", method="POST", url="https://hub.example"), "expired"),
        (TlsFailed("unknown ca", method="POST", url="https://hub.example"), "not-allowed"),
    ],
)
def test_a_failed_login_says_why(script: Any, reason: str) -> None:
    koji, _ = scripted(script)
    with pytest.raises(KojiLoginException) as caught:
        koji.login()
    assert caught.value.reason == reason


def test_a_missing_certificate_is_named(transport: HubTransport) -> None:
    koji = Connection(changed(cert="", authtype="ssl"), transport=transport)
    with pytest.raises(KojiLoginException) as caught:
        koji.login()
    assert caught.value.reason == "missing"


def test_appearing_as_somebody_else_needs_the_hubs_consent(transport: HubTransport, hub: Hub) -> None:
    koji = Connection(changed(runas="alice"), transport=transport)
    with pytest.raises(KojiLoginException):
        koji.login()
    hub.proxy_users = frozenset({"alice"})
    koji.login()
    assert koji.getLoggedInUser().name == "alice"


def test_a_password_goes_to_the_hub_itself(transport: HubTransport, hub: Hub) -> None:
    hub.rows["login"] = lambda user, password: hub._login(Headers())
    koji = Connection(changed(cert="", user="kdreyer", password="x"), transport=transport)
    koji.login()
    assert hub.seen[0].path == "/kojihub"
    assert hub.seen[0].args == ("kdreyer", "x")


def test_an_old_hub_gets_its_session_in_the_address() -> None:
    login = xmlrpc.client.dumps(({"session-id": 7, "session-key": "k&y"},), methodresponse=True).encode()
    koji, script = scripted(answer(200, login), "write-5", "auth-whoami")
    koji.createTag("a")
    koji.getLoggedInUser()
    assert script.requests[1].url == "https://hub.example/kojihub?session-id=7&session-key=k%26y&callnum=1"
    assert script.requests[2].url == "https://hub.example/kojihub?session-id=7&session-key=k%26y"


def test_keys_and_passwords_are_not_shown(koji: Connection, hub: Hub) -> None:
    koji.login()
    secret = changed(password="sesame")
    assert hub.sessions[20].key not in repr(koji._core._session)
    assert "sesame" not in repr(secret)


def test_a_hub_that_is_down_is_given_up_after_six_tries_within_a_minute(
    koji: Connection, transport: HubTransport
) -> None:
    transport.hub.failing = [502] * 100
    with pytest.raises(HubUnavailable):
        koji.getTag("a")
    assert len(transport.requests) == 6
    assert sum(transport.sleeps) < 60


def test_a_request_that_is_too_long_is_not_repeated() -> None:
    koji, script = scripted(answer(400, b"Request too long\n", [("Content-Type", "text/plain")]))
    with pytest.raises(RequestRefused, match="Request too long") as caught:
        koji.getTag("a" * 100)
    assert isinstance(caught.value, BadRequest)
    assert len(script.requests) == 1


def test_an_offline_hub_is_waited_for_only_where_the_profile_says_so(transport: HubTransport, hub: Hub) -> None:
    hub.is_offline = True
    with pytest.raises(ServerOffline):
        Connection(PROFILE, transport=transport).getTag("a")
    patient = Connection(changed(offline_retry=True, max_retries=3), transport=transport)
    with pytest.raises(ServerOffline):
        patient.getTag("a")
    assert transport.sleeps == [20, 20, 20]


def test_whoever_wants_no_anonymous_repetition_gets_none(transport: HubTransport, hub: Hub) -> None:
    hub.lost_answers = 1
    koji = Connection(changed(anon_retry=False), transport=transport)
    with pytest.raises(KojiConnectionError):
        koji.echo(1)
    assert len(hub.seen) == 1


def test_connection_errors_are_this_packages_own() -> None:
    koji, _ = scripted(*[Cut("gone", method="POST", url="https://hub.example/kojihub?session-key=s")] * 6)
    with pytest.raises(KojiConnectionError) as caught:
        koji.getTag("a")
    assert "session-key=..." in str(caught.value)
