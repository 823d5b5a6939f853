"""What can be set about the bus: where events go to, and which messages make requests.

Values that the settings, the relay, the triggers and the reference page share; nothing here imports a room.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, structs

#: AMQP's bound on names of exchanges and queues and on routing keys, in bytes.
_Short = Annotated[str, Meta(max_length=255)]
_Named = Annotated[str, Meta(min_length=1, max_length=255)]
_Address = Annotated[str, Meta(pattern=r"^$|^.+:\d{1,5}$")]
_Url = Annotated[str, Meta(pattern=r"^$|^amqps?://|^memory://.")]
_Abi = Annotated[str, Meta(pattern=r"^(cp|pp)\d{2,3}t?$")]
_Expression = Annotated[str, Meta(max_length=10_000)]


class BusSettings(Struct, frozen=True, kw_only=True):
    """The message bus that the farm publishes to and is triggered by; without ``url`` and ``listen`` there is none."""

    url: _Url = ""  #: `amqp://USER:PASSWORD@HOST/VHOST`, `amqps://`, or `memory://NAME` inside the hub
    listen: _Address = ""  #: `127.0.0.1:5672`, where AMQP clients of this machine reach a broker inside the hub
    exchange: _Named = "amq.topic"  #: where events are published
    topic_prefix: _Short = ""  #: stands, with a dot, before every event's topic on the bus
    taskcluster: bool = True  #: publish what Taskcluster's queue would, on exchanges of those names, too
    ca_cert: str = ""  #: a file with the authority that signed an `amqps` broker's certificate; empty: the platform's
    certfile: str = ""  #: a file with the certificate that the hub shows an `amqps` broker
    keyfile: str = ""  #: a file with that certificate's key

    @property
    def is_there(self) -> bool:
        """Whether there is a bus, outside or inside."""
        return bool(self.url or self.listen)

    def reached(self, name: str) -> BusSettings:
        """Return these settings with an address: that of the broker of this name inside the hub where none is set."""
        return self if self.url else structs.replace(self, url=f"memory://{name}")


class Trigger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule by which bus messages make build requests.  Expressions are JMESPath's, over the whole message:
    ``{"topic", "exchange", "headers", "body"}``.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9@._+-]{1,64}$")]  #: who asked, as requests show it
    exchange: _Named  #: where the messages are published
    topic: _Short = "#"  #: a binding: ``*`` stands for one word, ``#`` for any number
    when: _Expression = ""  #: only messages for which it is true; empty: all
    requirements: Annotated[str, Meta(min_length=1, max_length=10_000)]  #: gives a requirement, or a list of them
    abis: tuple[_Abi, ...] = ()  #: for these ABIs alone; none: for all that the builders have
    deps: bool = True  #: with what the packages need at run time
    queue: _Short = ""  #: the queue where messages wait; empty: ``buildyard.trigger.NAME``

    def __post_init__(self) -> None:
        for expression in filter(None, (self.when, self.requirements)):
            compiled(expression)

    def __str__(self) -> str:
        return f"{self.name} ({self.exchange} {self.topic})"

    @property
    def queue_name(self) -> str:
        """The queue, written out."""
        return self.queue or f"buildyard.trigger.{self.name}"


def compiled(expression: str) -> Any:
    """Return a JMESPath expression, ready to search.  Raises `ValueError`."""
    import jmespath

    return jmespath.compile(expression)
