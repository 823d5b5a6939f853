"""The index of topics, against patterns read as they are defined."""

from hypothesis import given
from hypothesis import strategies as st

from buildyard.messaging.broker.topics import TopicIndex, words

WORDS = st.sampled_from(["a", "b", "", "*", "#"])
PATTERNS = st.lists(WORDS, max_size=5).map(".".join)
TOPICS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=5).map(".".join)


def matches(pattern, topic):
    """The definition: ``*`` is one word, ``#`` any number of them."""
    if not pattern:
        return not topic
    first, *rest = pattern
    if first == "#":
        return any(matches(rest, topic[at:]) for at in range(len(topic) + 1))
    return bool(topic) and first in ("*", topic[0]) and matches(rest, topic[1:])


@given(st.lists(PATTERNS, max_size=8), TOPICS)
def test_topic_finds_exactly_the_patterns_it_matches(patterns, topic):
    index = TopicIndex()
    for number, pattern in enumerate(patterns):
        index.add(pattern, number)
    wanted = {number for number, pattern in enumerate(patterns) if matches(words(pattern), words(topic))}
    found = index.match(topic)
    assert (set(found), len(found)) == (wanted, len(wanted))


@given(st.lists(st.tuples(PATTERNS, st.integers(0, 2)), max_size=8), st.data())
def test_removing_takes_one_away_and_leaves_the_rest(added, data):
    index = TopicIndex()
    for pattern, value in added:
        index.add(pattern, value)
    left = data.draw(st.permutations(added))
    gone = data.draw(st.integers(0, len(left)))
    for pattern, value in left[:gone]:
        index.remove(pattern, value)
    topic = data.draw(TOPICS)
    assert set(index.match(topic)) == {value for pattern, value in left[gone:] if matches(words(pattern), words(topic))}


def test_index_keeps_nothing_of_what_was_removed():
    index = TopicIndex()
    for pattern in ("a.*.#", "a.b", "#"):
        index.add(pattern, 1)
    for pattern in ("a.*.#", "a.b", "#"):
        index.remove(pattern, 1)
    assert not index._root.children


def test_topic_of_many_words_is_not_matched_over_and_over():
    """Each ``#`` could be any of the words, which a search one by one would take for ever to deny."""
    index = TopicIndex()
    index.add(".".join(["#", "a"] * 30), 1)
    assert index.match(".".join(["a"] * 29 + ["b"] * 100)) == []
