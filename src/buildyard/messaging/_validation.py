"""JSON schemas, compiled once each.

A schema is checked and compiled at its first use (`_compiling`).  What the compiled code accepts is valid; what it does
not accept is looked at again by jsonschema, which has the last word and the better words.  Schemas that cannot be
compiled, and those that refer to other documents, go to jsonschema alone.
"""

from __future__ import annotations

import json

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for

from buildyard.messaging._compiling import Schema, compiled
from buildyard.messaging.exceptions import ValidationError

__all__ = ["Schema", "Validator", "validator"]

#: So many schemas are kept; a class has two, so no program comes near, save one that makes schemas as it runs.
_KEPT = 2048


class Validator:
    """One schema, compiled.  Raises `jsonschema.SchemaError` where it is none."""

    def __init__(self, schema: Schema) -> None:
        kind = validator_for(schema)
        kind.check_schema(schema)
        self._strict = kind(schema)
        self._accepts = compiled(schema, kind.__name__)

    def check(self, value: object) -> None:
        """Return where the value fits.  Raises `ValidationError`."""
        if self._accepts is not None:
            try:
                if self._accepts(value):
                    return
            except Exception:  # noqa: S110 - jsonschema says what, if anything, is wrong
                pass
        error = best_match(self._strict.iter_errors(value))
        if error is not None:
            raise ValidationError.of(error)


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
