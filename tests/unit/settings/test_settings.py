"""Settings: which source wins, where each value comes from, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.settings import KEYS, Loaded, load, masked
from buildyard.farm.settings_errors import BadSetting, BadSettingsFile
from buildyard.farm.wire import Limits


def loaded(directory: Path, environment: dict[str, str] | None = None, **flags: object) -> Loaded:
    return load(flags, environment or {}, directory)


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_any_source_every_value_is_a_default(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert set(found.origins.values()) == {"default"}
    assert (found.settings.host, found.settings.port) == ("127.0.0.1", 8765)
    assert found.settings.limits == Limits()


def test_the_default_state_lies_in_the_working_directory(tmp_path: Path) -> None:
    settings = loaded(tmp_path).settings
    assert settings.state == tmp_path / ".buildyard"
    assert settings.database_url == f"sqlite:///{tmp_path}/.buildyard/yard.sqlite"
    assert settings.uv_cache_dir == tmp_path / ".buildyard/cache/uv"


def test_a_file_of_the_working_directory_wins_over_defaults_and_tells_its_line(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "# a comment\n\nport = 9000\n")
    found = loaded(tmp_path)
    assert (found.settings.port, found.origins["port"]) == (9000, "buildyard.toml:3")


def test_a_file_of_the_state_directory_wins_over_that_of_the_working_directory(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "port = 9000\nslots = 3\n")
    written(tmp_path / ".buildyard/buildyard.toml", "port = 9001\n")
    found = loaded(tmp_path)
    assert (found.settings.port, found.settings.slots) == (9001, 3)
    assert found.origins["port"] == ".buildyard/buildyard.toml:1"


def test_the_environment_wins_over_files_and_flags_win_over_it(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "port = 9000\nhost = 'a'\n")
    found = loaded(tmp_path, {"BUILDYARD_PORT": "9001", "BUILDYARD_HOST": "b"}, host="c")
    assert (found.settings.port, found.settings.host) == (9001, "c")
    assert (found.origins["port"], found.origins["host"]) == ("BUILDYARD_PORT", "--host")


def test_a_flag_that_was_not_given_changes_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, port=None).origins["port"] == "default"


def test_an_empty_variable_changes_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"BUILDYARD_STATE": ""}).settings.state == tmp_path / ".buildyard"


def test_the_state_directory_of_a_flag_is_the_one_whose_file_is_read(tmp_path: Path) -> None:
    written(tmp_path / "other/buildyard.toml", "slots = 5\n")
    found = loaded(tmp_path, {"BUILDYARD_STATE": "elsewhere"}, state=tmp_path / "other")
    assert (found.settings.state, found.settings.slots) == (tmp_path / "other", 5)


def test_a_state_directory_cannot_say_that_it_is_another_one(tmp_path: Path) -> None:
    written(tmp_path / ".buildyard/buildyard.toml", "state = 'elsewhere'\n")
    found = loaded(tmp_path)
    assert (found.settings.state, found.origins["state"]) == (tmp_path / ".buildyard", "default")
    assert found.unknown[0].where == ".buildyard/buildyard.toml:1"


def test_marconi_bounds_are_set_one_by_one(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "[marconi]\nmin_message_ttl = 1\n")
    found = load(environment={"BUILDYARD_MARCONI_MESSAGE_DELETE_WITH_CLAIM_ID": "true"}, directory=tmp_path)
    assert found.settings.marconi == MarconiSettings(min_message_ttl=1, message_delete_with_claim_id=True)
    assert found.origins["marconi.min_message_ttl"] == "buildyard.toml:2"
    assert found.value("marconi.max_message_ttl") == 1_209_600


def test_limits_are_set_one_by_one(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "[limits]\nwall_s = 60\n")
    found = loaded(tmp_path, {"BUILDYARD_LIMITS_PROCESSES": "64"})
    assert found.settings.limits == Limits(wall_s=60, processes=64)
    assert found.origins["limits.wall_s"] == "buildyard.toml:2"
    assert found.origins["limits.processes"] == "BUILDYARD_LIMITS_PROCESSES"


def test_interpreters_of_the_environment_are_a_search_path(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"BUILDYARD_INTERPRETERS": "/opt/a/bin/python3:/opt/b"})
    assert found.settings.interpreters == (Path("/opt/a/bin/python3"), Path("/opt/b"))


@pytest.mark.parametrize(("text", "meant"), [("false", False), ("0", False), ("true", True), ("1", True)])
def test_a_switch_of_the_environment_is_a_word_or_a_digit(tmp_path: Path, text: str, meant: bool) -> None:
    assert loaded(tmp_path, {"BUILDYARD_CHECK": text}).settings.check is meant


def test_an_unknown_key_of_a_file_is_told_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "port = 1\nslot = 2\n")
    (unknown,) = loaded(tmp_path).unknown
    assert str(unknown) == 'buildyard.toml:2  unknown key "slot"; did you mean "slots"?'


def test_an_unknown_key_of_a_table_is_told_with_its_table(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "[limits]\n\nwal_s = 2\n")
    (unknown,) = loaded(tmp_path).unknown
    assert (unknown.where, unknown.key, unknown.suggestion) == ("buildyard.toml:3", "limits.wal_s", "limits.wall_s")


def test_an_unknown_variable_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (unknown,) = loaded(tmp_path, {"BUILDYARD_PROT": "1"}).unknown
    assert (unknown.key, unknown.suggestion) == ("BUILDYARD_PROT", "BUILDYARD_PORT")


def test_a_key_like_nothing_known_has_no_suggestion(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "zzzzzz = 2\n")
    assert loaded(tmp_path).unknown[0].suggestion is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "70000"),
        ("port", "eight"),
        ("slots", "-1"),
        ("claim_timeout_s", "0"),
        ("long_poll_s", "0"),
        ("synchronous", "MAYBE"),
        ("minimum_python", "2.7"),
        ("database", "mysql://host/yard"),
        ("slot_uid_base", "0"),
        ("limits.wall_s", "0"),
        ("marconi.min_claim_ttl", "0"),
        ("check", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_origin(tmp_path: Path, key: str, value: str) -> None:
    variable = KEYS[key].variable
    with pytest.raises(BadSetting) as caught:
        loaded(tmp_path, {variable: value})
    assert (caught.value.key, caught.value.found, caught.value.origin) == (key, value, variable)


def test_a_state_that_is_no_path_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "state = 3\n")
    with pytest.raises(BadSetting, match="a path"):
        loaded(tmp_path)


def test_a_file_that_is_not_toml_is_refused_by_its_name(tmp_path: Path) -> None:
    written(tmp_path / "buildyard.toml", "port = \n")
    with pytest.raises(BadSettingsFile) as caught:
        loaded(tmp_path)
    assert caught.value.path == "buildyard.toml"


def test_a_file_that_is_not_text_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "buildyard.toml").write_bytes(b"port = \xff\n")
    with pytest.raises(BadSettingsFile):
        loaded(tmp_path)


def test_a_password_in_an_address_is_never_shown() -> None:
    assert masked("postgresql://yard:secret@db:5432/yard") == "postgresql://yard:********@db:5432/yard"


def test_a_refused_address_does_not_show_its_password(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as caught:
        loaded(tmp_path, {"BUILDYARD_DATABASE": "mysql://yard:secret@db/yard"})
    assert "secret" not in str(caught.value)
    assert "secret" not in caught.value.wanted


def test_defaults_that_depend_on_others_are_written_out(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert found.value("database") == found.settings.database_url
    assert found.value("slots") == found.settings.slot_count
    assert found.value("limits.wall_s") == Limits().wall_s


def test_every_key_has_a_value_and_an_origin(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert set(found.origins) == set(KEYS)
    assert all(found.value(name) is not None for name in KEYS)


def test_triggers_are_read_from_their_tables_and_the_first_line_is_told(tmp_path: Path) -> None:
    written(
        tmp_path / "buildyard.toml",
        "[bus]\nurl = 'amqp://a:b@bus/'\n\n[[trigger]]\nname = 'x'\nexchange = 'e'\nrequirements = 'body.name'\n",
    )
    found = loaded(tmp_path)
    (trigger,) = found.settings.trigger
    assert (trigger.queue_name, trigger.topic, found.origins["trigger"]) == (
        "buildyard.trigger.x",
        "#",
        "buildyard.toml:4",
    )
    assert masked(found.value("trigger")) == "x (e #)"


def test_the_password_of_the_bus_is_not_shown(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"BUILDYARD_BUS_URL": "amqps://me:secret@bus.example/%2Fv"})
    assert masked(found.value("bus.url")) == "amqps://me:********@bus.example/%2Fv"


@pytest.mark.parametrize(
    "trigger",
    [
        '{"name": "x", "exchange": "e", "requirements": "body["}',
        '{"name": "x", "exchange": "e", "requirements": "a", "when": "=="}',
        '{"name": "x", "exchange": "e"}',
        '{"name": "x", "exchange": "e", "requirements": "a", "wen": "b"}',
        '{"name": "a b", "exchange": "e", "requirements": "a"}',
    ],
)
def test_a_trigger_that_cannot_be_meant_is_refused(tmp_path: Path, trigger: str) -> None:
    with pytest.raises(BadSetting, match="trigger"):
        loaded(tmp_path, {"BUILDYARD_TRIGGER": f"[{trigger}]"})


def test_two_triggers_of_one_name_are_refused(tmp_path: Path) -> None:
    one = '{"name": "x", "exchange": "e", "requirements": "a"}'
    with pytest.raises(BadSetting, match="x"):
        loaded(tmp_path, {"BUILDYARD_BUS_URL": "amqp://bus", "BUILDYARD_TRIGGER": f"[{one}, {one}]"})


@pytest.mark.parametrize(
    "listen, url, wanted",
    [
        ("0.0.0.0:5672", "", "this machine alone"),
        ("[::]:5672", "", "this machine alone"),
        ("bus.example:5672", "memory://yard", "this machine alone"),
        ("127.0.0.1:5672", "amqp://bus", r"nothing beside a bus\.url"),
        ("5672", "", "127"),
    ],
)
def test_broker_inside_the_hub_listens_on_this_machine_alone(
    tmp_path: Path, listen: str, url: str, wanted: str
) -> None:
    with pytest.raises(BadSetting, match=wanted if listen != "5672" else r"bus\.listen"):
        loaded(tmp_path, {"BUILDYARD_BUS_LISTEN": listen, "BUILDYARD_BUS_URL": url})


@pytest.mark.parametrize("listen", ["127.0.0.1:5672", "localhost:0", "[::1]:5672"])
def test_broker_inside_the_hub_is_a_bus(tmp_path: Path, listen: str) -> None:
    bus = loaded(tmp_path, {"BUILDYARD_BUS_LISTEN": listen}).settings.bus
    assert bus.is_there
    assert bus.reached("mine").url == "memory://mine"


def test_a_trigger_without_a_bus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"bus\.url"):
        loaded(tmp_path, {"BUILDYARD_TRIGGER": '[{"name": "x", "exchange": "e", "requirements": "a"}]'})
