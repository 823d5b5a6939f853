"""AMQP URLs."""

import pytest

from buildyard.messaging._amqp.parameters import Parameters, parse_url
from buildyard.messaging.exceptions import ConfigurationException


@pytest.mark.parametrize(
    "url, expected",
    [
        ("amqp://", Parameters()),
        ("amqp://?connection_attempts=3&retry_delay=5", Parameters()),
        ("amqp://u:p%40@h:1/v%2Fw", Parameters(user="u", password="p@", host="h", port=1, virtual_host="v/w")),
        ("amqp://h/%2F", Parameters(host="h")),
        ("amqps://fedora:@h/%2Fpub", Parameters(is_tls=True, port=5671, user="fedora", password="", host="h",
                                                virtual_host="/pub")),
        ("amqp://?heartbeat=30&frame_max=4096&locale=x", Parameters(heartbeat=30, frame_max=4096)),
    ],
)  # fmt: skip
def test_url_is_understood(url, expected):
    assert parse_url(url) == expected


@pytest.mark.parametrize("url", ["http://h", "amqp://h:port", "amqp://?heartbeat=x", "amqp://?connection_attempts=0"])
def test_wrong_url_is_a_configuration_error(url):
    with pytest.raises(ConfigurationException, match="amqp_url"):
        parse_url(url)


def test_password_is_not_printed():
    assert "secret" not in repr(parse_url("amqp://u:secret@h"))
