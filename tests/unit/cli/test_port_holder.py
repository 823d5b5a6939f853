"""Who listens on a port, read from a process table."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from buildyard.cli.holder import Holder, holder_of

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def table(tmp_path: Path, port: int, *, state: str = "0A", inode: int = 777) -> None:
    net = tmp_path / "net"
    net.mkdir(exist_ok=True)
    row = f"   0: 0100007F:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1 0\n"
    (net / "tcp").write_text(HEADER + row)


def process(tmp_path: Path, pid: int, inode: int, arguments: list[str], cwd: Path) -> None:
    home = tmp_path / str(pid)
    (home / "fd").mkdir(parents=True)
    (home / "fd" / "3").symlink_to(f"socket:[{inode}]")
    (home / "cmdline").write_bytes(b"\0".join(word.encode() for word in arguments) + b"\0")
    (home / "cwd").symlink_to(cwd)


def test_the_holder_of_a_port_is_found_by_its_socket(tmp_path: Path) -> None:
    table(tmp_path, 8765)
    process(tmp_path, 41, 778, ["nginx"], tmp_path)
    process(tmp_path, 4121, 777, ["/v/bin/python", "/v/bin/buildyard", "up", "--port", "8765"], tmp_path)
    holder = holder_of(8765, tmp_path)
    assert holder is not None
    assert (holder.pid, holder.command, holder.is_buildyard) == (4121, "buildyard up", True)
    assert holder.state == str(tmp_path / ".buildyard")


def test_a_connection_is_no_listener(tmp_path: Path) -> None:
    table(tmp_path, 8765, state="01")
    process(tmp_path, 4121, 777, ["nginx"], tmp_path)
    assert holder_of(8765, tmp_path) is None


def test_a_listener_of_somebody_else_is_nobody(tmp_path: Path) -> None:
    table(tmp_path, 8765)
    assert holder_of(8765, tmp_path) is None


def test_without_the_kernels_tables_nobody_is_named(tmp_path: Path) -> None:
    assert holder_of(8765, tmp_path / "none") is None


def test_another_program_is_named_by_its_program() -> None:
    holder = Holder(pid=7, arguments=("/usr/sbin/nginx", "-g", "daemon off;"), directory="/")
    assert (holder.command, holder.is_buildyard) == ("nginx", False)


def test_a_farm_that_was_started_as_a_module_is_ours_too() -> None:
    holder = Holder(pid=7, arguments=("/v/bin/python", "-m", "buildyard.cli", "up", "--port", "1"), directory="/")
    assert holder.command == "buildyard up"


def test_a_process_without_arguments_is_named_by_its_number() -> None:
    assert Holder(pid=7, arguments=(), directory="").command == "process 7"


def test_the_state_of_a_hub_is_the_one_its_command_line_names(tmp_path: Path) -> None:
    for arguments in (("buildyard", "up", "--state", "x"), ("buildyard", "up", "--state=x")):
        assert Holder(pid=7, arguments=arguments, directory=str(tmp_path)).state == str(tmp_path / "x")


def test_this_very_process_is_found_by_its_own_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        holder = holder_of(server.getsockname()[1])
    assert holder is not None
    assert holder.pid == os.getpid()
