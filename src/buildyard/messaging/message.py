"""Messages: a topic, a JSON body with a schema, a severity, and headers that consumers filter by.

`Message` is the base of every schema's class; entry points of the group ``fedora.messages`` (or
``buildyard.messages``) give classes their names on the wire.  `dumps` and `loads` write and read messages as lines of
JSON.  The names and behaviour are those of fedora-messaging; `_wire` turns messages into bytes and back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

from buildyard.messaging._properties import Headers, Properties
from buildyard.messaging._registry import BASE_NAME, Known, Registry
from buildyard.messaging._validation import Schema, validator
from buildyard.messaging.exceptions import ValidationError
from buildyard.messaging.schema_utils import user_avatar_url

__all__ = [
    "DEBUG",
    "ERROR",
    "INFO",
    "SERIALIZED_MESSAGE_SCHEMA",
    "SEVERITIES",
    "WARNING",
    "Message",
    "dumps",
    "get_class",
    "get_name",
    "load_message",
    "loads",
    "register",
]

log = logging.getLogger(__name__)

DEBUG = 10  #: nobody is told unless they asked for it
INFO = 20  #: users see it where they look for it
WARNING = 30  #: users are told where it is about something of theirs
ERROR = 40  #: somebody should do something
SEVERITIES = (DEBUG, INFO, WARNING, ERROR)

SCHEMA_HEADER = "fedora_messaging_schema"
PACKAGE_HEADER = "fedora_messaging_schema_package"
SEVERITY_HEADER = "fedora_messaging_severity"
SENT_AT_HEADER = "sent-at"
PRIORITY_HEADER = "priority"

#: Which property of a message gives headers of which beginning.
_FILTERS = (
    ("usernames", "fedora_messaging_user_"),
    ("groups", "fedora_messaging_group_"),
    ("packages", "fedora_messaging_rpm_"),
    ("containers", "fedora_messaging_container_"),
    ("modules", "fedora_messaging_module_"),
    ("flatpaks", "fedora_messaging_flatpak_"),
)

_HEADER_PROPERTIES: Schema = {
    SEVERITY_HEADER: {"type": "number", "enum": list(SEVERITIES)},
    SCHEMA_HEADER: {"type": "string"},
    PACKAGE_HEADER: {"type": "string"},
    SENT_AT_HEADER: {"type": "string"},
}
_BASE_HEADERS_SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "The headers that messages have in common",
    "type": "object",
    "properties": _HEADER_PROPERTIES,
}
_BASE_BODY_SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "Any JSON object",
    "type": "object",
}

#: What a line of `dumps` holds.
SERIALIZED_MESSAGE_SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "Schema for the JSON object used to represent messages in a file",
    "type": "object",
    "properties": {
        "topic": {"type": "string", "description": "The message topic"},
        "headers": {"type": "object", "properties": _HEADER_PROPERTIES, "description": "The message headers"},
        "id": {"type": "string", "description": "The message's UUID."},
        "body": {"type": "object", "description": "The message body."},
        "queue": {"type": ["string", "null"], "description": "The queue the message arrived on, if any."},
        "priority": {"type": ["integer", "null"], "description": "The message's priority, if any."},
    },
    "required": ["topic", "body"],
}


class Message:
    """A message.  Derive from it to give a kind of message its schema and words; register that class by entry point.

    ``body`` must be an object of JSON.  ``topic`` and ``severity`` default to the class's.  ``headers`` are kept, save
    that the library's own keys are set over them.  ``properties`` are used as they are: any object with pika's
    attribute names.  Raises `TypeError` where the class has no name on the wire.
    """

    topic: str = ""  #: words between dots, general to specific, at most 255 bytes
    severity: int = INFO  #: one of `SEVERITIES`
    deprecated: ClassVar[bool] = False  #: receivers log that the sender should use another
    headers_schema: Schema = _BASE_HEADERS_SCHEMA
    body_schema: Schema = _BASE_BODY_SCHEMA

    #: What was known only on arrival; None and False for a message made here.
    exchange: str | None = None
    redelivered: bool = False

    def __init__(
        self,
        body: dict[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        topic: str | None = None,
        properties: Any = None,
        severity: int | None = None,
    ) -> None:
        self.body: dict[str, Any] = body or {}
        if topic:
            self.topic = topic
        # Zero is no severity, so it too gives way to the class's.
        if severity:
            self.severity = severity
        self.queue: str | None = None  #: the queue it arrived through
        self._properties: Any = properties if properties is not None else self._new_properties(headers)

    def _new_properties(self, given: Mapping[str, Any] | None) -> Properties:
        return Properties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=str(uuid4()),
            headers=self._new_headers(given),
        )

    def _new_headers(self, given: Mapping[str, Any] | None) -> Headers:
        known = _known(type(self))
        headers = dict(given) if given else {}
        headers[SCHEMA_HEADER] = known.name
        if known.package is not None:
            headers[PACKAGE_HEADER] = known.package
        headers[SENT_AT_HEADER] = datetime.now(UTC).isoformat(timespec="seconds")
        headers[SEVERITY_HEADER] = self.severity
        headers[PRIORITY_HEADER] = 0
        for name, beginning in _overridden(type(self)):
            headers.update(dict.fromkeys((beginning + str(item) for item in self._filter(name)), True))
        return headers

    def _filter(self, name: str) -> Iterable[Any]:
        # A wrong body must not keep a message from being made; validation names the fault.
        try:
            return list(getattr(self, name))
        except Exception as error:
            log.warning("The %s of a %s cannot be told: %r", name, type(self).__name__, error)
            return ()

    @property
    def id(self) -> str | None:
        """The message's identity, a UUID; None where the sender gave none."""
        identity: str | None = self._properties.message_id
        return identity

    @id.setter
    def id(self, value: str) -> None:
        self._properties.message_id = value

    @property
    def headers(self) -> Headers:
        """The headers, as they are or were on the wire."""
        headers: Headers | None = self._properties.headers
        return {} if headers is None else headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._properties.headers = value

    @property
    def _headers(self) -> Headers:
        """What users of fedora-messaging reach for where its headers are private."""
        return self.headers

    @_headers.setter
    def _headers(self, value: Headers) -> None:
        self._properties.headers = value

    @property
    def priority(self) -> int:
        """The priority in a queue that has priorities; 0 where none is set."""
        return self._properties.priority or 0

    @priority.setter
    def priority(self, value: int) -> None:
        self._properties.priority = value
        self.headers[PRIORITY_HEADER] = value

    @property
    def summary(self) -> str:
        """One line for people; override it.  The topic, unless you do."""
        return self.topic

    @property
    def url(self) -> str | None:
        """Where more can be read; override it."""
        return None

    @property
    def app_name(self) -> str | None:
        """The name of the program that the message is from; override it, with a plain class attribute if you like."""
        return None

    @property
    def app_icon(self) -> str | None:
        """The address of that program's icon; override it."""
        return None

    @property
    def agent_name(self) -> str | None:
        """The user who caused it; override it."""
        return None

    @property
    def agent_avatar(self) -> str | None:
        """The address of that user's picture."""
        agent = self.agent_name
        return None if agent is None else user_avatar_url(agent)

    @property
    def usernames(self) -> list[str]:
        """The users it concerns; override it.  Each becomes a header to filter by."""
        return []

    @property
    def groups(self) -> list[str]:
        """The groups it concerns; override it."""
        return []

    @property
    def packages(self) -> list[str]:
        """The RPM packages it concerns; override it."""
        return []

    @property
    def containers(self) -> list[str]:
        """The containers it concerns; override it."""
        return []

    @property
    def modules(self) -> list[str]:
        """The modules it concerns; override it."""
        return []

    @property
    def flatpaks(self) -> list[str]:
        """The flatpaks it concerns; override it."""
        return []

    def validate(self) -> None:
        """Return where headers and body fit the schemas of the class and of the base.

        Raises `ValidationError`, and `jsonschema.SchemaError` where a schema of the class is none.
        """
        headers, body = self._properties.headers, self.body
        headers_schema, body_schema = self.headers_schema, self.body_schema
        if headers_schema is not _BASE_HEADERS_SCHEMA:
            validator(headers_schema).check(headers)
        # The base's two schemas in a few comparisons; their validators have the words for what does not pass.
        if not _has_base_headers(headers):
            validator(_BASE_HEADERS_SCHEMA).check(headers)
        if body_schema is not _BASE_BODY_SCHEMA:
            validator(body_schema).check(body)
        if type(body) is not dict:
            validator(_BASE_BODY_SCHEMA).check(body)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return (
            self.topic == other.topic
            and self.body == other.body
            and _without_time(self.headers) == _without_time(other.headers)
        )

    # Equal messages may change and stop being so, as lists may.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, topic={self.topic!r}, body={self.body!r})"

    def __str__(self) -> str:
        headers, body = (json.dumps(part, sort_keys=True, indent=4, default=str) for part in (self.headers, self.body))
        return f"Id: {self.id}\nTopic: {self.topic}\nHeaders: {headers}\nBody: {body}"


_registry = Registry(Message)
_overrides: dict[type, tuple[tuple[str, str], ...]] = {}


def _known(cls: type) -> Known:
    known = _registry.of_class(cls)
    if known is None:
        raise TypeError(
            f"{cls.__name__} has no name on the wire: give it an entry point in the group fedora.messages and install "
            "its package again, or register() it"
        )
    return known


def _overridden(cls: type) -> tuple[tuple[str, str], ...]:
    """Return which filters a class can have at all: those it says something about."""
    found = _overrides.get(cls)
    if found is None:
        found = tuple(pair for pair in _FILTERS if getattr(cls, pair[0]) is not getattr(Message, pair[0]))
        _overrides[cls] = found
    return found


def _has_base_headers(headers: Any) -> bool:
    if type(headers) is not dict:
        return False
    severity = headers.get(SEVERITY_HEADER, INFO)
    return (
        type(severity) is int
        and severity in SEVERITIES
        and type(headers.get(SCHEMA_HEADER, "")) is str
        and type(headers.get(PACKAGE_HEADER, "")) is str
        and type(headers.get(SENT_AT_HEADER, "")) is str
    )


def _without_time(headers: Headers) -> Headers:
    return {name: value for name, value in headers.items() if name != SENT_AT_HEADER}


def register(name: str, cls: type[Message], package: str | None = None) -> None:
    """Give a class its name on the wire without an entry point: for tests and for programs of one file."""
    _registry.add(name, cls, package)


def get_name(cls: type) -> str:
    """Return the schema name of a class.  Raises `TypeError` where it has none."""
    return _known(cls).name


def get_class(name: str, package: str | None = None) -> type[Message]:
    """Return the class of a schema name; where nobody here knows it, `Message`, and the log says what to install."""
    known = _registry.of_name(name)
    if known is not None:
        cls: type[Message] = known.cls
        return cls
    if name not in _missed:
        _missed.add(name)
        advice = f"; install {package}" if package else ""
        log.warning("The message schema %s is not known here, so the base class is used%s", name, advice)
    return Message


#: Schema names that were told to be unknown; once each is enough.
_missed: set[str] = set()


def dumps(messages: Message | Iterable[Message]) -> str:
    """Return a line of JSON for each message.  Raises `ValidationError` where one does not fit its schema."""
    several = [messages] if isinstance(messages, Message) else list(messages)
    return "".join(_line(message) for message in several)


def _line(message: Message) -> str:
    message.validate()
    shape = {
        "topic": message.topic,
        "headers": message.headers,
        "id": message.id,
        "body": message.body,
        "queue": message.queue,
        "priority": message.priority,
    }
    return json.dumps(shape, ensure_ascii=False, sort_keys=True) + "\n"


def loads(serialized_messages: str) -> list[Message]:
    """Return the messages of such lines.

    Raises `ValidationError` where a line is not JSON, is no message, or does not fit the schema of its class.
    """
    return [_loaded(line) for line in serialized_messages.splitlines()]


def _loaded(line: str) -> Message:
    try:
        shape = json.loads(line)
    except ValueError as error:
        raise ValidationError.of(error) from error
    return load_message(shape)


def load_message(message_dict: dict[str, Any]) -> Message:
    """Return the message of one such object.  Raises `ValidationError` as `loads` does."""
    validator(SERIALIZED_MESSAGE_SCHEMA).check(message_dict)
    headers = message_dict.get("headers", {})
    cls = get_class(headers.get(SCHEMA_HEADER, BASE_NAME), headers.get(PACKAGE_HEADER))
    message = cls(
        body=message_dict["body"],
        topic=message_dict["topic"],
        headers=headers,
        severity=headers.get(SEVERITY_HEADER, INFO),
    )
    _restore(message, message_dict, headers)
    message.validate()
    return message


def _restore(message: Message, shape: dict[str, Any], headers: Headers) -> None:
    message.queue = shape.get("queue")
    if shape.get("id"):
        message.id = shape["id"]
    if SENT_AT_HEADER in headers:
        message.headers[SENT_AT_HEADER] = headers[SENT_AT_HEADER]
    if shape.get("priority") is not None:
        message.priority = shape["priority"]
