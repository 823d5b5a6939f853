"""What connects the builder with a command that it starts: a control socket, and bubblewrap's information pipe.

`sandbox` opens both ends, gives one to the command, and keeps the other for `process`.
"""

from __future__ import annotations

import os
import socket

#: The variable that names the descriptor of a command's control channel.
CONTROL = "BUILDYARD_CONTROL"


class Ends:
    """Both ends of what connects us with a command, until it is started."""

    def __init__(self, *, control: bool, info: bool) -> None:
        self.control: socket.socket | None = None
        self._their_control: socket.socket | None = None
        self.info: int | None = None
        self.their_info: int | None = None
        if control:
            self.control, self._their_control = socket.socketpair()
        if info:
            self.info, self.their_info = os.pipe()

    @property
    def theirs(self) -> tuple[int, ...]:
        """The descriptors that the command is to inherit."""
        control = self._their_control.fileno() if self._their_control else None
        return tuple(number for number in (control, self.their_info) if number is not None)

    @property
    def variables(self) -> dict[str, str]:
        """What tells the command of them."""
        return {CONTROL: str(self._their_control.fileno())} if self._their_control else {}

    def close_theirs(self) -> None:
        """Close what the command has by now, or will never have."""
        if self._their_control:
            self._their_control.close()
        if self.their_info is not None:
            os.close(self.their_info)

    def close_ours(self) -> None:
        """Close what nobody will ask."""
        if self.control:
            self.control.close()
        if self.info is not None:
            os.close(self.info)
