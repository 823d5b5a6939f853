"""Credentials from options, from the environment, and temporary ones."""

import copy
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from buildyard.taskcluster import (
    TaskclusterAuthFailure,
    TaskclusterFailure,
    createTemporaryCredentials,
    optionsFromEnvironment,
)
from buildyard.taskcluster.credentials import Credentials

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "tok-0123456789-abcdefghijklmnopqrstuvwxyzAB"


def temporary(**changes):
    arguments = {"clientId": "tester", "accessToken": TOKEN, "start": START, "expiry": START + timedelta(hours=1)}
    return createTemporaryCredentials(**{**arguments, "scopes": ["a"], **changes})


def test_temporary_credentials_are_text_and_go_through_json():
    made = temporary()
    assert {type(value) for value in made.values()} == {str}
    assert json.loads(json.dumps(made)) == made


def test_temporary_credentials_differ_each_time():
    assert temporary()["accessToken"] != temporary()["accessToken"]


def test_named_credentials_act_under_their_name_and_tell_the_issuer():
    made = temporary(name="tester/named")
    assert made["clientId"] == "tester/named"
    assert json.loads(made["certificate"])["issuer"] == "tester"


def test_unnamed_credentials_tell_no_issuer():
    assert "issuer" not in json.loads(temporary()["certificate"])


def test_times_of_any_zone_mean_the_same_moment():
    there = START.astimezone(timezone(timedelta(hours=9)))
    assert json.loads(temporary(start=there)["certificate"])["start"] == 1767225600000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scopes": [3]}, "Scope must be string"),
        ({"scopes": "a"}, "Scope must be string"),
        ({"expiry": START + timedelta(days=31, seconds=1)}, "Only 31 days allowed"),
        ({"expiry": START - timedelta(seconds=1)}, "expire before they start"),
    ],
)
def test_wrong_wishes_are_refused(changes, message):
    with pytest.raises(TaskclusterFailure, match=message):
        temporary(**changes)


def test_options_dict_stays_as_it_was():
    given = {"clientId": "x", "accessToken": b"secret", "certificate": temporary()["certificate"]}
    before = copy.deepcopy(given)
    Credentials.from_options(given)
    assert given == before


@pytest.mark.parametrize("form", [str, str.encode, json.loads])
def test_certificate_is_text_bytes_or_dict(form):
    made = temporary()
    credentials = Credentials.from_options({**made, "certificate": form(made["certificate"])})
    assert credentials.certificate == json.loads(made["certificate"])


@pytest.mark.parametrize("name", ["clientId", "accessToken"])
@pytest.mark.parametrize("value", ["é", b"\xff", 'quo"te', "line\n", 3])
def test_credentials_that_no_header_can_carry_are_refused(name, value):
    with pytest.raises(TaskclusterAuthFailure, match=name):
        Credentials.from_options({"clientId": "x", "accessToken": "y", name: value})


@pytest.mark.parametrize("certificate", ["{", "[]", 3, b"\xff", "[" * 5000])
def test_certificate_that_is_no_json_object_is_refused(certificate):
    with pytest.raises(TaskclusterAuthFailure, match="certificate"):
        Credentials.from_options({"clientId": "x", "accessToken": "y", "certificate": certificate})


def test_credentials_that_are_no_dict_are_refused():
    with pytest.raises(TaskclusterAuthFailure, match="not str"):
        Credentials.from_options("tester")


def test_neither_repr_nor_str_shows_a_secret():
    made = Credentials.from_options(temporary())
    shown = f"{made!r} {made}"
    assert made.access_token not in shown
    assert made.certificate["seed"] not in shown
    assert "tester" in shown


@pytest.mark.parametrize(
    "given", [None, {}, {"clientId": "x"}, {"accessToken": "y"}, {"clientId": "", "accessToken": ""}]
)
def test_credentials_count_only_with_id_and_token(given):
    assert not Credentials.from_options(given)


ENVIRONMENT = {
    "TASKCLUSTER_ROOT_URL": "https://tc.example/",
    "TASKCLUSTER_CLIENT_ID": "x",
    "TASKCLUSTER_ACCESS_TOKEN": "y",
    "TASKCLUSTER_CERTIFICATE": "{}",
    "TASKCLUSTER_PROXY_URL": "http://taskcluster",
}


def test_environment_gives_root_url_and_credentials():
    assert optionsFromEnvironment(environ=ENVIRONMENT) == {
        "rootUrl": "https://tc.example",
        "credentials": {"clientId": "x", "accessToken": "y", "certificate": "{}"},
    }


def test_environment_goes_over_defaults_which_stay_as_they_were():
    defaults = {"rootUrl": "https://other", "maxRetries": 1, "credentials": {"clientId": "z"}}
    before = copy.deepcopy(defaults)
    options = optionsFromEnvironment(defaults, environ={"TASKCLUSTER_ACCESS_TOKEN": "y"})
    assert options == {
        "rootUrl": "https://other",
        "maxRetries": 1,
        "credentials": {"clientId": "z", "accessToken": "y"},
    }
    assert defaults == before


def test_empty_environment_gives_no_options():
    assert optionsFromEnvironment(environ={}) == {}


def test_environment_of_the_process_is_read_when_called(monkeypatch):
    monkeypatch.setenv("TASKCLUSTER_ROOT_URL", "https://from-env")
    assert optionsFromEnvironment()["rootUrl"] == "https://from-env"
