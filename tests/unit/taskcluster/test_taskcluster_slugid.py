"""Ids: a UUID in 22 characters."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.taskcluster import slugId, stableSlugId
from buildyard.taskcluster.slugid import decode, encode, is_slug, nice, v4


@given(st.uuids(version=4))
def test_slug_stands_for_its_uuid(value):
    assert is_slug(encode(value))
    assert decode(encode(value)) == value


@given(st.text())
def test_decode_takes_slugs_alone(text):
    if is_slug(text):
        assert encode(decode(text)) == text
    else:
        with pytest.raises(ValueError, match="not a slug"):
            decode(text)


def test_nice_slugs_begin_with_a_letter():
    assert all(re.match("[A-Za-f]", nice()) and is_slug(nice()) for _ in range(500))


def test_v4_slugs_are_slugs_of_version_4():
    assert all(decode(v4()).version == 4 for _ in range(100))


def test_slug_ids_are_unique_text():
    assert len({slugId() for _ in range(1000)}) == 1000
    assert isinstance(slugId(), str)


def test_stable_slug_id_remembers_names():
    slug_of = stableSlugId()
    assert slug_of("sometask") == slug_of("sometask")
    assert slug_of("sometask") != slug_of("othertask")


def test_stable_slug_ids_have_memories_of_their_own():
    assert stableSlugId()("sometask") != stableSlugId()("sometask")


def test_a_slug_with_a_line_end_is_none():
    assert not is_slug(encode(uuid.UUID("03a69021-903c-42fb-ac50-b1b1887a4be9")) + "\n")
