"""Koji's XML-RPC dialect: calls to bytes (`encode`), answers to values (`fast`, and `strict` where that one gives up).

Plain functions; no I/O.  `_core` calls them.  A struct becomes a `Row` at any depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from buildyard.koji._xmlrpc import fast
from buildyard.koji._xmlrpc.encode import encode_call, encode_inner, encode_multicall, with_keywords
from buildyard.koji.errors import KojiAnswerError, fault

__all__ = ["Decoding", "decode", "encode_call", "encode_inner", "encode_multicall", "parse_request", "with_keywords"]


class Decoding:
    """The reading of one answer, in steps of a few milliseconds: iterate over it, then take ``value``."""

    def __init__(self, data: bytes, url: str = "") -> None:
        self._data = data
        self._url = url
        self.value: Any = None

    def __iter__(self) -> Iterator[None]:
        """Yield between steps.

        Raises the hub's fault, and `KojiAnswerError` for what is no answer.
        """
        try:
            yield from self._plainly()
        except fast.NotPlain:
            self.value = self._strictly()

    def _plainly(self) -> Iterator[None]:
        text = fast.plain_value(self._data)
        pieces = fast.pieces(text)
        if pieces is None:
            self.value = fast.read(text)
            return
        self.value = []
        for piece in pieces:
            self.value += fast.read(piece)
            yield

    def _strictly(self) -> Any:
        # Many programs never need it.
        from buildyard.koji._xmlrpc import strict

        try:
            return strict.parse_response(self._data)
        except strict.AnswerFault as found:
            raise fault(found.code, found.message) from None
        except strict.Malformed as error:
            reason = f"the answer is no XML-RPC: {error}"
            raise KojiAnswerError(reason, data=self._data[:400], method="POST", url=self._url) from error


def parse_request(data: bytes) -> tuple[str, list[Any]]:
    """Return method and parameters of a call: old hubs tell the request of a task so.

    Raises `KojiAnswerError` for what is no call.
    """
    from buildyard.koji._xmlrpc import strict

    try:
        return strict.parse_request(data)
    except strict.Malformed as error:
        raise KojiAnswerError(f"the request of a task is no XML-RPC: {error}", data=data[:400]) from error


def decode(data: bytes, url: str = "") -> Any:
    """Return the value of an answer, read at once; raises as `Decoding` does."""
    decoding = Decoding(data, url)
    for _ in decoding:
        pass
    return decoding.value
