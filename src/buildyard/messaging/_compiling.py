"""Schemas to functions that accept what is certainly valid, by whichever compiler is there.

jsonschema-rs (the extra ``messaging-fast``) is the faster one and knows every draft; fastjsonschema knows the drafts 4,
6 and 7.  Neither has the last word: `_validation` asks jsonschema about whatever they do not accept.  So what they
would accept and jsonschema would not is what a schema must be free of here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import fastjsonschema

jsonschema_rs: Any
try:
    import jsonschema_rs
except ImportError:  # the extra is not installed
    jsonschema_rs = None

Schema = dict[str, Any]

#: Tells whether a value is certainly valid; where it raises nothing is known.
Accepts = Callable[[object], bool]

_FAST_DRAFTS = ("draft-04", "draft-06", "draft-07")


def compiled(schema: Schema, draft: str) -> Accepts | None:
    """Return the function of a schema, or None where no compiler can be trusted with it.

    ``draft`` is the name of jsonschema's class for it: ``Draft7Validator``, ...
    """
    parts = list(_parts(schema))
    if any(_is_beyond(part) for part in parts):
        return None
    if jsonschema_rs is not None and not any(_is_beyond_rust(part) for part in parts):
        found = _by_rust(schema, draft)
        if found is not None:
            return found
    return _by_python(schema)


def _by_rust(schema: Schema, draft: str) -> Accepts | None:
    kind = getattr(jsonschema_rs, draft, None)
    if kind is None:
        return None
    try:
        accepts: Accepts = kind(schema, validate_formats=False).is_valid
    except Exception:
        return None
    return accepts


def _by_python(schema: Schema) -> Accepts | None:
    if not any(name in str(schema.get("$schema", "")) for name in _FAST_DRAFTS):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check = fastjsonschema.compile(schema, use_default=False, use_formats=False)
        except Exception:
            return None

    def accepts(value: object) -> bool:
        check(value)
        return True

    return accepts


def _parts(part: object) -> Iterable[Schema]:
    """Yield every table in a schema, itself first."""
    if isinstance(part, list):
        for one in part:
            yield from _parts(one)
    elif isinstance(part, dict):
        yield part
        for one in part.values():
            yield from _parts(one)


def _is_beyond(part: Schema) -> bool:
    """Tell whether a part of a schema means something that compiled code would not see."""
    # Other documents are not fetched.  In Python 0 == False, which JSON's equality denies.  Fractions are rounded.
    return (
        not str(part.get("$ref", "#")).startswith("#")
        or "uniqueItems" in part
        or "multipleOf" in part
        or _has_zero_or_one([part.get("enum"), part.get("const")])
    )


def _is_beyond_rust(part: Schema) -> bool:
    """Tell whether Rust's regular expressions may match more than Python's: their classes of characters differ."""
    expressions = [part.get("pattern"), *_keys(part.get("patternProperties"))]
    return any("\\" in one for one in expressions if isinstance(one, str))


def _keys(value: object) -> Iterable[object]:
    return value if isinstance(value, dict) else ()


def _has_zero_or_one(values: object) -> bool:
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return any(_has_zero_or_one(one) for one in values)
    return isinstance(values, int | float) and values in (0, 1)
