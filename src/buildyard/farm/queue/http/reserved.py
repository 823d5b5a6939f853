"""A queue's metadata: the keys that Zaqar gives a meaning, what they may be, and what they are unless set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from buildyard.farm.marconi_settings import MarconiSettings
from buildyard.farm.queue.http.errors import bad_request
from buildyard.farm.queue.http.ids import QUEUE_NAME

_IS_INTEGER: Final = (
    "_default_message_ttl",
    "_default_message_delay",
    "_max_messages_post_size",
    "_max_claim_count",
    "_dead_letter_queue_messages_ttl",
)


def filled_in(metadata: Mapping[str, Any], bounds: MarconiSettings) -> dict[str, Any]:
    """Return the metadata as v2 shows it: with what holds where a reserved key was not set."""
    return {**metadata, **{key: value for key, value in _defaults(bounds).items() if metadata.get(key) is None}}


def is_reserved(key: str, bounds: MarconiSettings) -> bool:
    """Tell whether every queue has this key, set or not."""
    return key in _defaults(bounds)


def check_metadata(metadata: Mapping[str, Any], bounds: MarconiSettings) -> None:
    """Raise the 400 that says what a queue's metadata cannot be."""
    if len(msgspec.json.encode(dict(metadata))) > bounds.max_queue_metadata:
        raise bad_request(too_large(bounds))
    for key in _IS_INTEGER:
        if metadata.get(key) is not None and type(metadata[key]) is not int:
            raise bad_request(f"{key} must be integer.")
    for key, (least, most, told) in _ranges(bounds).items():
        value = metadata.get(key)
        if value is not None and not least <= value <= most:
            raise bad_request(told(key, least, most))
    grave = metadata.get("_dead_letter_queue")
    if grave is not None and not (isinstance(grave, str) and QUEUE_NAME(grave)):
        raise bad_request("_dead_letter_queue must be the name of a queue.")
    if metadata.get("_enable_encrypt_messages") not in (None, False):
        raise bad_request("_enable_encrypt_messages can only be false: this server keeps messages as they are.")


def too_large(bounds: MarconiSettings) -> str:
    """Return what is said of metadata of too many bytes."""
    return f"Queue metadata is too large. Max size: {bounds.max_queue_metadata}"


def _defaults(bounds: MarconiSettings) -> dict[str, Any]:
    return {
        "_max_messages_post_size": bounds.max_messages_post_size,
        "_default_message_ttl": bounds.default_message_ttl,
        "_default_message_delay": 0,
        "_dead_letter_queue": None,
        "_dead_letter_queue_messages_ttl": None,
        "_max_claim_count": None,
        "_enable_encrypt_messages": False,
    }


_Told = Callable[[str, int, int], str]


def _ranges(bounds: MarconiSettings) -> dict[str, tuple[int, int, _Told]]:
    return {
        "_default_message_ttl": (bounds.min_message_ttl, bounds.max_message_ttl, _seconds),
        "_default_message_delay": (0, bounds.max_message_delay, _seconds),
        "_dead_letter_queue_messages_ttl": (bounds.min_message_ttl, bounds.max_message_ttl, _seconds),
        "_max_messages_post_size": (1, bounds.max_messages_post_size, _size),
        "_max_claim_count": (1, 2**31 - 1, _count),
    }


def _seconds(key: str, least: int, most: int) -> str:
    return f"{key} can not exceed {most} seconds, and must be at least {least} seconds long."


def _size(key: str, least: int, most: int) -> str:
    return f"{key} can not exceed {most}, and must be at least greater than 0."


def _count(key: str, least: int, most: int) -> str:
    return f"{key} can not exceed {most}, and must be at least {least}."
