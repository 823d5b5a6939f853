"""Compiled schemas accept nothing that jsonschema refuses, whichever compiler there is, and refuse in its words."""

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.messaging import _compiling, exceptions
from buildyard.messaging._validation import Validator

DRAFTS = {
    name: getattr(jsonschema, name).META_SCHEMA["$schema"]
    for name in (
        "Draft4Validator",
        "Draft6Validator",
        "Draft7Validator",
        "Draft201909Validator",
        "Draft202012Validator",
    )
}


@pytest.fixture(params=["jsonschema-rs", "fastjsonschema"])
def compiler(request, monkeypatch):
    monkeypatch.setattr(_compiling, "jsonschema_rs", jsonschema_rs if request.param == "jsonschema-rs" else None)


def strictly(schema, value):
    return jsonschema.validators.validator_for(schema)(schema).is_valid(value)


def accepted(schema, value):
    try:
        Validator(schema).check(value)
    except exceptions.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "schema, value",
    [
        ({"enum": [0]}, False),
        ({"enum": [1]}, True),
        ({"const": {"a": [1]}}, {"a": [True]}),
        ({"items": {"type": "string"}}, [5]),
        ({"$ref": "#/definitions/n", "definitions": {"n": {"type": "integer"}}}, "x"),
        ({"pattern": "^a$"}, "b"),
        ({"pattern": r"^\D$"}, "٣"),
        ({"pattern": r"^\s$"}, "\ufeff"),
        ({"multipleOf": 0.1}, 0.3),
        ({"type": "integer"}, 1.0),
        ({"type": "integer"}, 1 << 80),
        ({"type": "number"}, float("nan")),
        ({"minLength": 2}, "𝄞"),
        ({"uniqueItems": True}, [1, True]),
        ({"format": "date"}, "no date"),
        ({"properties": {"a": {"type": "null"}}}, {"a": "\ud800"}),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}),
    ],
)
@pytest.mark.parametrize("draft", DRAFTS.values())
def test_compiled_schema_decides_as_jsonschema_does(compiler, draft, schema, value):
    schema = {"$schema": draft, **schema}
    assert accepted(schema, value) == strictly(schema, value)


SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 1.5]) | st.sampled_from(["", "a", "bb"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "enum": st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr),
            "maximum": st.integers(0, 2),
            "minLength": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "required": st.just(["a"]),
            "pattern": st.sampled_from(["^a$", "b+", "^$"]),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.fixed_dictionaries({"a": inner}),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=4,
)


@given(st.sampled_from(sorted(DRAFTS.values())), SCHEMAS, VALUES)
def test_any_schema_decides_as_jsonschema_does(draft, schema, value):
    schema = {"$schema": draft, **schema}
    assert accepted(schema, value) == strictly(schema, value)


def test_words_of_a_refusal_are_jsonschema_s(compiler):
    schema = {"$schema": DRAFTS["Draft7Validator"], "type": "object", "properties": {"n": {"type": "integer"}}}
    with pytest.raises(exceptions.ValidationError) as caught:
        Validator(schema).check({"n": "x"})
    assert (caught.value.message, list(caught.value.path)) == ("'x' is not of type 'integer'", ["n"])


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_draft_is_compiled_where_the_extra_is_there(draft):
    schema = {"$schema": DRAFTS[draft], "type": "object", "properties": {"n": {"type": "integer"}}}
    accepts = _compiling.compiled(schema, draft)
    assert (accepts({"n": 1}), accepts({"n": "x"})) == (True, False)
