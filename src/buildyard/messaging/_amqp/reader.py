"""Cut a stream of bytes into frames: type, channel, size, payload, end (AMQP 0-9-1, section 2.3.5)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from buildyard.messaging.exceptions import ProtocolError

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
_TYPES = frozenset({METHOD, HEADER, BODY, HEARTBEAT})
_BEGIN = struct.Struct(">BHI")
_BEGIN_SIZE = 7
_END = 0xCE


class RawFrame(NamedTuple):
    """One frame, its payload not looked at."""

    kind: int
    channel: int
    payload: bytes


class FrameReader:
    """Keeps what is not whole yet; never more than one frame of the largest size."""

    def __init__(self, frame_max: int) -> None:
        self.frame_max = frame_max  #: bytes, the frame's own eight included
        self._rest = b""

    def feed(self, data: bytes) -> list[RawFrame]:
        """Return the frames that these bytes complete.  Raises `ProtocolError`."""
        data = self._rest + data if self._rest else data
        frames: list[RawFrame] = []
        at, length = 0, len(data)
        while length - at >= _BEGIN_SIZE:
            kind, channel, size = _BEGIN.unpack_from(data, at)
            if kind not in _TYPES or size > self.frame_max - 8:
                raise ProtocolError(reason=_fault(data[at : at + 8], size, self.frame_max))
            end = at + _BEGIN_SIZE + size
            if end >= length:
                break
            if data[end] != _END:
                raise ProtocolError(reason=f"a frame of {size} bytes does not end where it says")
            frames.append(RawFrame(kind, channel, data[at + _BEGIN_SIZE : end]))
            at = end + 1
        self._rest = data[at:]
        return frames


def _fault(begin: bytes, size: int, limit: int) -> str:
    if begin.startswith(b"AMQP"):
        version = ".".join(str(number) for number in begin[5:8])
        return f"the broker does not speak AMQP 0-9-1; it offers version {version}"
    if begin[0] in _TYPES:
        return f"a frame of {size} bytes is larger than the {limit} that were agreed on"
    return f"what came is no AMQP frame: {begin!r}"
