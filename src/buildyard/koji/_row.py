"""A row of a hub's answer: a dict whose keys are attributes too.

`_xmlrpc` makes every struct of an answer one, at any depth; `build`, `task` and their kind are rows that know more.
"""

from __future__ import annotations

from typing import Any


class Row(dict[str, Any]):
    """A struct of an answer: ``row.name`` is ``row["name"]``.

    A key that is also a method of dict (``items``) is had by ``row["items"]`` alone.  An unknown name raises
    `AttributeError`, and ``row.get("name")`` is None, as of any dict.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__} has no {name!r}: it has {', '.join(self) or 'nothing'}"
            ) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    def copy(self) -> Row:
        """Return a row of the same class with the same fields."""
        return type(self)(self)
