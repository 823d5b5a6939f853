"""TLS to a real RabbitMQ: the broker is checked, and a client certificate says who we are (SASL EXTERNAL)."""

import socket

import pytest
import trustme

from buildyard.messaging import api, exceptions
from buildyard.messaging.message import Message
from support.in_reactor import in_reactor
from support.needs import missing
from support.rabbitmq import Broker, RabbitmqMissing


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A broker with TLS, its port, and the files of a client named ``ada``."""
    home = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "ca.pem")
    server = authority.issue_cert("localhost")
    server.private_key_and_cert_chain_pem.write_to_path(home / "server.pem")
    client = authority.issue_cert("ada.example", common_name="ada")
    client.private_key_pem.write_to_path(home / "client.key")
    client.cert_chain_pems[0].write_to_path(home / "client.pem")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = f"""
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {home}/ca.pem
ssl_options.certfile = {home}/server.pem
ssl_options.keyfile = {home}/server.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
"""
    try:
        broker = Broker(settings=settings, plugins="[rabbitmq_auth_mechanism_ssl].")
    except RabbitmqMissing as reason:
        missing(str(reason))
    broker.ctl("add_user", "ada", "unused")
    broker.ctl("set_permissions", "ada", ".*", ".*", ".*")
    yield port, home
    broker.close()


def use(settings, port, **tls):
    settings["amqp_url"] = f"amqps://guest:guest@localhost:{port}/%2F?connection_attempts=1"
    settings["tls"] = {"ca_cert": None, "keyfile": None, "certfile": None, **{k: str(v) for k, v in tls.items()}}
    api.close()


def test_password_is_enough_over_tls(secured, settings):
    port, home = secured
    use(settings, port, ca_cert=home / "ca.pem")
    api.publish(Message(topic="t"))


def test_client_certificate_says_who_we_are(secured, settings):
    """The broker knows of user-id that it must be the user's own, so it tells whom it took us for."""
    port, home = secured
    use(settings, port, ca_cert=home / "ca.pem", keyfile=home / "client.key", certfile=home / "client.pem")
    message = Message(topic="t")
    message._properties.user_id = "ada"
    api.publish(message)


def test_broker_whom_nobody_vouches_for_is_not_trusted(secured, settings):
    port, _ = secured
    use(settings, port)
    with pytest.raises(exceptions.ConnectionException, match="certificate verify failed"):
        api.publish(Message(topic="t"))


# Twisted's own use of pyOpenSSL.
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
def test_twisted_says_over_tls_who_we_are(secured, settings, reactor_thread, queues, topic):
    from buildyard.messaging.twisted.service import FedoraMessagingServiceV2

    port, home = secured
    use(settings, port, ca_cert=home / "ca.pem", keyfile=home / "client.key", certfile=home / "client.pem")
    seen = []

    def callback(message):
        seen.append(message._properties.user_id)
        raise exceptions.HaltConsumer

    async def run():
        service = FedoraMessagingServiceV2()
        service.startService()
        try:
            (consumer,) = await service.factory.consume(callback, **queues)
            message = Message(topic=f"{topic}.x")
            message._properties.user_id = "ada"
            await service.factory.publish(message)
            with pytest.raises(exceptions.HaltConsumer):
                await consumer.result
        finally:
            await service.stopService()

    in_reactor(run)
    assert seen == ["ada"]


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
def test_twisted_does_not_trust_a_broker_whom_nobody_vouches_for(secured, settings, reactor_thread):
    from twisted.internet.defer import Deferred

    from buildyard.messaging.twisted.service import FedoraMessagingServiceV2

    port, _ = secured
    use(settings, port)

    async def run():
        service = FedoraMessagingServiceV2()
        refused = Deferred()
        service.factory._on_refused = lambda failure: refused.callback(failure.value)
        service.startService()
        try:
            return await refused
        finally:
            await service.stopService()

    assert "certificate verify failed" in str(in_reactor(run))
