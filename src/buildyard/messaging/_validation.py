"""JSON schemas, compiled once each.

A schema is checked and compiled at its first use.  What the compiled code accepts is valid; what it does not accept
is looked at again by jsonschema, which has the last word and the better words.  Drafts that cannot be compiled, and
schemas that refer to other documents, go to jsonschema alone.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import fastjsonschema
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for

from buildyard.messaging.exceptions import ValidationError

Schema = dict[str, Any]

#: So many schemas are kept; a class has two, so no program comes near, save one that makes schemas as it runs.
_KEPT = 2048
_COMPILED_DRAFTS = ("draft-04", "draft-06", "draft-07")


class Validator:
    """One schema, compiled.  Raises `jsonschema.SchemaError` where it is none."""

    def __init__(self, schema: Schema) -> None:
        kind = validator_for(schema)
        kind.check_schema(schema)
        self._strict = kind(schema)
        self._accepts = _compiled(schema)

    def check(self, value: object) -> None:
        """Return where the value fits.  Raises `ValidationError`."""
        if self._accepts is not None:
            try:
                self._accepts(value)
            except Exception:  # noqa: S110 - jsonschema says what, if anything, is wrong
                pass
            else:
                return
        error = best_match(self._strict.iter_errors(value))
        if error is not None:
            raise ValidationError.of(error)


def _compiled(schema: Schema) -> Callable[[object], object] | None:
    draft = str(schema.get("$schema", ""))
    if not any(name in draft for name in _COMPILED_DRAFTS) or _is_beyond(schema):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return fastjsonschema.compile(schema, use_default=False, use_formats=False)
        except Exception:
            return None


def _is_beyond(part: object) -> bool:
    """Tell whether a part of a schema means something that compiled code would not see."""
    if isinstance(part, list):
        return any(_is_beyond(one) for one in part)
    if not isinstance(part, dict):
        return False
    # Other documents are not fetched.  In Python 0 == False, which JSON's equality denies.
    return (
        not str(part.get("$ref", "#")).startswith("#")
        or "uniqueItems" in part
        or _has_zero_or_one([part.get("enum"), part.get("const")])
        or any(_is_beyond(one) for one in part.values())
    )


def _has_zero_or_one(values: object) -> bool:
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return any(_has_zero_or_one(one) for one in values)
    return isinstance(values, int | float) and values in (0, 1)


_by_identity: dict[int, tuple[Schema, Validator]] = {}
_by_text: dict[str, Validator] = {}


def validator(schema: Schema) -> Validator:
    """Return the compiled form of a schema; the same object gives the same one, as do equal schemas."""
    known = _by_identity.get(id(schema))
    if known is not None and known[0] is schema:
        return known[1]
    return _learn(schema)


def _learn(schema: Schema) -> Validator:
    if len(_by_identity) >= _KEPT:
        _by_identity.clear()
        _by_text.clear()
    text = json.dumps(schema, sort_keys=True, default=repr)
    made = _by_text.get(text)
    if made is None:
        made = _by_text[text] = Validator(schema)
    _by_identity[id(schema)] = (schema, made)
    return made
