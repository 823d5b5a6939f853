"""Which bindings a topic matches, by an index: its cost grows with the topic's words, not with the bindings.

Patterns are those of AMQP's topic exchanges: words between dots, ``*`` for exactly one word, ``#`` for any number of
them, none included (AMQP 0-9-1, section 3.1.3.3).  An empty key has no words, as RabbitMQ has it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

_ONE, _MANY = "*", "#"


class _Node(Generic[T]):
    """What follows the words so far."""

    __slots__ = ("children", "is_many", "values")

    def __init__(self, *, is_many: bool = False) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.values: dict[T, int] = {}  #: to how often it was added
        self.is_many = is_many


class TopicIndex(Generic[T]):
    """Values under patterns."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, pattern: str, value: T) -> None:
        """Put a value under a pattern, perhaps once more."""
        node = self._root
        for word in words(pattern):
            child = node.children.get(word)
            if child is None:
                child = node.children[word] = _Node(is_many=word == _MANY)
            node = child
        node.values[value] = node.values.get(value, 0) + 1

    def remove(self, pattern: str, value: T) -> None:
        """Take one value away that was put there; nodes that hold nothing go with it."""
        path = [self._root]
        for word in words(pattern):
            path.append(path[-1].children[word])
        values = path[-1].values
        values[value] -= 1
        if not values[value]:
            del values[value]
        for parent, word in zip(reversed(path[:-1]), reversed(words(pattern)), strict=True):
            child = parent.children[word]
            if child.values or child.children:
                break
            del parent.children[word]

    def match(self, topic: str) -> list[T]:
        """Return the values of every pattern that the topic matches, each once."""
        nodes = _with_none([self._root])
        for word in words(topic):
            following: list[_Node[T]] = []
            for node in nodes:
                if node.is_many:
                    following.append(node)
                for step in (word, _ONE) if word != _ONE else (word,):
                    child = node.children.get(step)
                    if child is not None:
                        following.append(child)
            nodes = _with_none(following)
            if not nodes:
                return []
        return list(dict.fromkeys(value for node in nodes for value in node.values))


def words(key: str) -> list[str]:
    """Return the words of a topic or a pattern."""
    return key.split(".") if key else []


def _with_none(nodes: Iterable[_Node[T]]) -> list[_Node[T]]:
    """Return these nodes and those that ``#`` leads to without taking a word, each once."""
    found: dict[int, _Node[T]] = {}
    left = list(nodes)
    while left:
        node = left.pop()
        if id(node) not in found:
            found[id(node)] = node
            child = node.children.get(_MANY)
            if child is not None:
                left.append(child)
    return list(found.values())
