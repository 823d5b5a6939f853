"""The templates' surroundings: Jinja with the farm's words as filters, and the static files under hashed names.

`respond` renders with it.  A static file's address holds its hash, so that a browser keeps it for ever.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from msgspec import Struct

from buildyard.farm.builds import words

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class Asset(Struct, frozen=True, kw_only=True):
    """A static file, ready to be sent."""

    name: str  #: with its hash, ``style-3f2a91c0.css``
    body: bytes
    packed: bytes  #: the same, gzipped
    media_type: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return every static file by the name it has in the source, ``style.css``."""
    folder = files("buildyard.farm.web").joinpath("static")
    return {one.name: _asset(one.name, one.read_bytes()) for one in folder.iterdir() if one.name[0] not in "._"}


def _asset(name: str, body: bytes) -> Asset:
    stem, _, suffix = name.rpartition(".")
    hashed = f"{stem}-{sha256(body).hexdigest()[:8]}.{suffix}"
    return Asset(name=hashed, body=body, packed=gzip.compress(body, mtime=0), media_type=_TYPES[suffix])


@cache
def environment() -> Environment:
    """Return the environment that all pages are rendered in."""
    made = Environment(
        loader=PackageLoader("buildyard.farm.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "duration": words.duration,
        "precise": lambda seconds: words.duration(seconds, precise=True),
        "estimate": words.estimate,
        "clock": words.log_time,
        "usual": words.usual,
        "size": words.size,
        "thousands": words.thousands,
        "sentence": words.sentence,
        "stopped": words.stopped,
        "platform": words.platform_words,
        "machine": words.machine,
        "kind": words.kind_words,
        "listed": words.listed,
        "when": when,
    }
    made.globals |= {"plural": words.plural, "part": words.part, "look": words.LOOKS.__getitem__, "asset": _address}
    return made


def seconds_of(at: float | str) -> float:
    """Return seconds since 1970 of a time given as such or as ISO 8601."""
    return datetime.fromisoformat(at).timestamp() if isinstance(at, str) else at


@pass_context
def when(context: Context, at: float | str | None) -> Markup:
    """Return a time as ``<time>``: relative in the text, absolute on hover; the script keeps it fresh."""
    if at is None or at == "":
        return escape(words.UNKNOWN)
    seconds = seconds_of(at)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        words.iso(seconds), words.utc(seconds), words.ago(context["now"] - seconds)
    )


def _address(name: str) -> str:
    return f"/static/{assets()[name].name}"
