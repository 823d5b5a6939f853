"""The developer interface's example of an entry point: the base class under its name, and the published constants."""

from buildyard.messaging import config, message


def test_base_class_has_the_name_of_the_example():
    assert message.get_class("base.message") is message.Message
    assert message.get_name(message.Message) == "base.message"


def test_constants_are_those_that_are_documented():
    assert message.SEVERITIES == (10, 20, 30, 40)
    assert (message.DEBUG, message.INFO, message.WARNING, message.ERROR) == message.SEVERITIES


def test_defaults_have_every_documented_key():
    documented = {
        "amqp_url", "bindings", "callback", "client_properties", "consumer_config", "exchanges", "log_config",
        "passive_declares", "publish_exchange", "qos", "queues", "tls", "topic_prefix",
    }  # fmt: skip
    assert documented <= config.DEFAULTS.keys()
    assert config.DEFAULTS["amqp_url"] == "amqp://?connection_attempts=3&retry_delay=5"
