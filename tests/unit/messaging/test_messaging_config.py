"""Settings: one file for both libraries, tables merged, assignments kept."""

import copy

import pytest

from buildyard.messaging import config
from buildyard.messaging.exceptions import ConfigurationException

FILE = """
amqp_url = "amqps://fedora:@rabbitmq.example/%2Fpublic_pubsub"
topic_prefix = "org.example"

[tls]
ca_cert = "/etc/ca.pem"

[client_properties]
app = "Example"

[queues.mine]
durable = true
auto_delete = false
exclusive = false
arguments = {}

[[bindings]]
queue = "mine"
exchange = "amq.topic"
routing_keys = ["a.#"]

[qos]
prefetch_count = 25

[consumer_config]
anything = [1, 2]
"""


@pytest.fixture
def loaded(tmp_path):
    def load(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return config.load(path)

    return load


def test_file_is_laid_over_the_defaults(loaded):
    settings = loaded(FILE)
    assert settings["qos"] == {"prefetch_size": 0, "prefetch_count": 25}
    assert settings["tls"] == {"ca_cert": "/etc/ca.pem", "keyfile": None, "certfile": None}
    assert settings["client_properties"]["app"] == "Example"
    assert settings["client_properties"]["product"] == config.DEFAULTS["client_properties"]["product"]
    assert list(settings["queues"]) == ["mine"]
    assert settings["publish_exchange"] == "amq.topic"


def test_defaults_are_not_touched_by_a_file(loaded):
    before = copy.deepcopy(config.DEFAULTS)
    loaded(FILE)["qos"]["prefetch_count"] = 1
    assert before == config.DEFAULTS


def test_keys_may_have_any_case(loaded):
    assert loaded('TOPIC_PREFIX = "x"')["topic_prefix"] == "x"


@pytest.mark.parametrize(
    "text, named",
    [
        ("nonsense = 1", "nonsense"),
        ("this is not TOML", "cannot be read"),
        ("[queues.q]\ndurable = true", "queues.q"),
        ('bindings = "x"', "bindings"),
        ('[[bindings]]\nexchange = "e"', "routing_keys"),
        ('[[bindings]]\nexchange = "e"\nrouting_keys = "k"', r"bindings\[0\].routing_keys"),
        ('[client_properties]\nproduct = "mine"', "client_properties.product"),
        ("[qos]\nprefetch_count = -1", "qos.prefetch_count"),
        ('[monitoring]\naddress = ""', "port"),
        ("amqp_url = 5", "amqp_url"),
    ],
)
def test_wrong_setting_is_named(loaded, text, named):
    with pytest.raises(ConfigurationException, match=named):
        loaded(text)


def test_file_is_that_of_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "other.toml"
    path.write_text('topic_prefix = "from.environment"')
    monkeypatch.setenv("FEDORA_MESSAGING_CONF", str(path))
    assert config.LazyConfig()["topic_prefix"] == "from.environment"


def test_what_is_set_before_the_first_read_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDORA_MESSAGING_CONF", str(tmp_path / "none.toml"))
    conf = config.LazyConfig()
    conf["topic_prefix"] = "early"
    assert conf["topic_prefix"] == "early"
    assert conf["publish_exchange"] == "amq.topic"


def test_settings_cannot_be_removed():
    with pytest.raises(ConfigurationException):
        config.LazyConfig().pop("qos")
