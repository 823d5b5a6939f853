"""Builds that do what they should not: each ends with its reason, in time, and harms nothing else.

Each runs as root, where every slot is a user of its own, and as an ordinary user.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from buildyard.farm.builder.interpreters import Interpreter
from buildyard.farm.wire import FailureKind, Limits
from support.building import processes_of
from support.local_index import Recipe


def bad(script: str) -> Recipe:
    """Return a package whose build runs this first."""
    return Recipe(name="victim", script=script)


def test_backend_that_raises_is_told_with_its_exception_and_its_line(build):
    answer = build(bad("print('one')\nraise ValueError('the moon is in the wrong place')"))
    failure = answer.result.failure
    assert failure.kind is FailureKind.BUILD_ERROR
    assert failure.phase == "build"
    assert failure.reason == "ValueError: the moon is in the wrong place"
    assert answer.log.splitlines()[failure.log_line - 1] == failure.reason


def test_compiler_error_is_told_with_file_and_line(build):
    answer = build(Recipe(name="victim", extension="abi", c_source="int f(void) {\n  return nothing;\n}\n"))
    failure = answer.result.failure
    assert failure.kind is FailureKind.COMPILE_ERROR
    assert failure.reason.startswith("src/victim.c:2:10: error: ")
    assert answer.log.splitlines()[failure.log_line - 1].startswith("src/victim.c:2:10")


def test_missing_header_says_what_to_install(build):
    answer = build(Recipe(name="victim", extension="abi", c_source="#include <no/such.h>\n"))
    assert answer.result.failure.kind is FailureKind.COMPILE_ERROR
    assert answer.result.failure.next == "install the development package that has no/such.h on the builder"


def test_missing_python_headers_say_which(build):
    script = "import sysconfig; sysconfig.get_path = lambda name, *rest: '/nonexistent'"
    answer = build(Recipe(name="victim", extension="abi", c_source="#include <Python.h>\n", script=script))
    assert answer.result.failure.kind is FailureKind.COMPILE_ERROR
    assert answer.result.failure.reason.startswith("src/victim.c:1:10: fatal error: Python.h: No such file")
    assert answer.result.failure.next.startswith("install the headers of CPython 3.")


def test_silent_build_ends_at_its_idle_limit(build):
    began = time.monotonic()
    answer = build(bad("import time; time.sleep(600)"), limits=Limits(idle_s=2))
    assert answer.result.failure.kind is FailureKind.NO_OUTPUT
    assert answer.result.failure.reason == "it printed nothing for 2 s"
    assert time.monotonic() - began < 20


def test_talkative_build_ends_at_its_wall_limit(build):
    script = "import time\nwhile True:\n    print('still here', flush=True)\n    time.sleep(0.1)"
    answer = build(bad(script), limits=Limits(wall_s=2))
    assert answer.result.failure.kind is FailureKind.TIMEOUT
    assert answer.result.failure.reason == "it took longer than 2 s"
    assert answer.result.elapsed_s < 10


def test_busy_build_ends_at_its_cpu_limit(build):
    answer = build(bad("while True: pass"), limits=Limits(cpu_s=1, idle_s=30))
    assert answer.result.failure.kind is FailureKind.TIMEOUT
    assert answer.result.failure.reason == "it reached its limit of CPU time"


def test_build_that_ignores_signals_ends_nevertheless(build):
    script = "import signal, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(600)"
    assert build(bad(script), limits=Limits(idle_s=1)).result.failure.kind is FailureKind.NO_OUTPUT


def test_fork_bomb_ends_and_leaves_nobody(build, yard: Path):
    script = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)"
    answer = build(bad(script), limits=Limits(processes=60, idle_s=15))
    assert answer.result.failure.kind is FailureKind.TOO_MANY_PROCESSES
    assert "60 processes" in answer.result.failure.reason
    assert processes_of(yard) == []


def test_process_limit_that_a_build_notices_is_told(build, yard: Path):
    script = "import subprocess\nheld = [subprocess.Popen(['sleep', '60']) for _ in range(200)]"
    answer = build(bad(script), limits=Limits(processes=40))
    assert answer.result.failure.kind is FailureKind.TOO_MANY_PROCESSES
    assert processes_of(yard) == []


def test_daemon_of_a_build_does_not_outlive_it(build, yard: Path):
    script = (
        "import subprocess, sys\n"
        "code = 'import os, time\\nif os.fork(): os._exit(0)\\nos.setsid()\\nif os.fork(): os._exit(0)\\n"
        "os.closerange(0, 100)\\ntime.sleep(300)'\n"
        "subprocess.run([sys.executable, '-c', code])"
    )
    answer = build(bad(script))
    assert answer.result.failure is None
    assert processes_of(yard) == []


def test_file_that_grows_for_ever_ends_at_the_disk_limit(build):
    script = "file = open('big', 'wb')\nwhile True: file.write(bytes(1000000))"
    answer = build(bad(script), limits=Limits(disk_bytes=50_000_000))
    assert answer.result.failure.kind is FailureKind.DISK_FULL


def test_many_files_end_at_the_disk_limit(build):
    script = "import time\nfor n in range(10**6): open(f'part{n}', 'wb').write(bytes(2000000)); time.sleep(0.005)"
    answer = build(bad(script), limits=Limits(disk_bytes=50_000_000))
    assert answer.result.failure.kind is FailureKind.DISK_FULL
    assert answer.result.failure.reason == "it filled more than 50 MB of disk"


def test_files_without_a_name_count_too(build):
    script = (
        "import os, time\nheld = []\nfor n in range(1000):\n"
        "    held.append(open('part', 'wb', buffering=0)); os.unlink('part')\n"
        "    held[-1].write(bytes(2000000)); time.sleep(0.01)\ntime.sleep(60)"
    )
    answer = build(bad(script), limits=Limits(disk_bytes=50_000_000, idle_s=20))
    assert answer.result.failure.reason == "it filled more than 50 MB of disk"


def test_private_tmp_is_of_bounded_size(build):
    script = (
        "import os, tempfile\nstatus = os.statvfs(tempfile.gettempdir())\n"
        "print('room', status.f_blocks * status.f_frsize)\n"
        "for place in ('/dev/shm/x', '/tmp/x'): open(place, 'w').close()\n"
        "for place in ('/x', '/dev/x', '/usr/x', '/etc/x', '/tmp/e/x'):\n"
        "    try:\n        open(place, 'w')\n    except OSError:\n        continue\n    raise SystemExit(place)"
    )
    answer = build(bad(script))
    assert answer.result.failure is None
    room = next(int(line.split()[1]) for line in answer.log.splitlines() if line.startswith("room"))
    assert 990_000_000 < room < 1_010_000_000


def test_flood_of_output_ends_and_the_log_stays_small(build):
    script = "import sys\nfor n in range(3_000_000): sys.stdout.write('x' * 79 + '\\n')"
    answer = build(bad(script), limits=Limits(output_bytes=20_000_000, log_bytes=1_000_000))
    assert answer.result.failure.kind is FailureKind.TOO_MUCH_OUTPUT
    assert answer.result.failure.reason == "it printed more than 20 MB"
    assert len(answer.log.encode()) < 1_000_200
    assert "left out here; limit 1.0 MB" in answer.log


def test_memory_beyond_the_limit_is_out_of_memory(build):
    answer = build(bad("held = bytearray(4 * 10**9)"), limits=Limits(address_space_bytes=1_000_000_000))
    assert answer.result.failure.kind is FailureKind.OUT_OF_MEMORY


def test_network_is_not_there(build):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        answer = build(bad(script))
        assert answer.result.failure.kind is FailureKind.BUILD_ERROR
        assert "ConnectionRefusedError" in answer.result.failure.reason
        with pytest.raises(TimeoutError):
            server.accept()


def test_build_that_wants_the_network_is_told_so(build):
    answer = build(bad("import socket; socket.create_connection(('example.invalid', 80), 5)"))
    assert answer.result.failure.reason.startswith("it wants the network while it builds: ")
    assert answer.result.failure.next == "builds have no network; its source must hold all it needs"


def test_machine_is_not_seen(build, yard: Path, interpreters: list[Interpreter]):
    """Nothing of the machine but programs and libraries: no home, no state, no mounts, no other processes."""
    open_to_all = yard / "open to all"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    places = ["/var", "/run", "/mnt", "/srv", "/boot", "/sys", "/etc/shadow", "/etc/ssh", "/home", Path.home()]
    # A directory on the way to an interpreter is there, with nothing else in it.
    kept = [directory for one in interpreters for directory in one.directories]
    hidden = [str(place) for place in places if not any(path.is_relative_to(place) for path in kept)]
    hidden += [str(path) for path in Path.home().iterdir() if path.is_file()]
    hidden += [str(open_to_all), str(yard), __file__]
    script = (
        f"import os\nfor place in {hidden!r}:\n    if os.path.exists(place): raise SystemExit('sees ' + place)\n"
        "print('processes', len([n for n in os.listdir('/proc') if n.isdigit()]))\n"
        "print('users', sorted(line.split(':')[0] for line in open('/etc/passwd')))\n"
        "print('host', os.uname().nodename)"
    )
    answer = build(bad(script))
    assert answer.result.failure is None
    lines = answer.log.splitlines()
    assert "users ['build', 'root']" in lines
    assert "host buildyard" in lines
    assert int(next(line for line in lines if line.startswith("processes")).split()[1]) <= 4


def test_writing_to_the_machine_changes_nothing(build, yard: Path):
    open_to_all = yard / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    script = f"import os; os.makedirs({str(open_to_all)!r}, exist_ok=True); open({str(open_to_all / 'x')!r}, 'w')"
    build(bad(script))
    assert list(open_to_all.iterdir()) == []


def test_environment_is_an_allow_list(build, monkeypatch):
    monkeypatch.setenv("FARM_SECRET", "hunter2")
    answer = build(bad("import os\nfor key in sorted(os.environ): print('variable', key)"))
    seen = {line.split()[1] for line in answer.log.splitlines() if line.startswith("variable")}
    assert {"PATH", "HOME", "SOURCE_DATE_EPOCH", "TMPDIR"} <= seen
    assert "FARM_SECRET" not in seen
    assert "BUILDYARD_CONTROL" not in seen


def test_environment_of_a_build_cannot_be_written(build):
    script = "import sysconfig; open(sysconfig.get_path('purelib') + '/planted.py', 'w')"
    answer = build(bad(script))
    assert "Read-only file system" in answer.result.failure.reason


def test_build_that_is_stopped_ends_at_once(build):
    answer = build(bad("import time; time.sleep(600)"), stop_after_s=1.0)
    assert answer.result.failure.kind is FailureKind.STOPPED
    assert answer.result.elapsed_s < 5


@pytest.mark.parametrize("name", ["../escaped-1.0-py3-none-any.whl", "victim.txt", "missing-1.0-py3-none-any.whl"])
def test_wheel_that_is_not_there_is_refused(build, name):
    answer = build(bad(f"import sys; b = sys.modules['backend']; b._write = lambda *_: None; b._name = {name!r}"))
    assert answer.result.failure.kind is FailureKind.BAD_WHEEL


def test_wheel_that_is_a_link_is_refused(build):
    script = "import os, sys; sys.modules['backend']._write = lambda path, *_: os.symlink('/etc/passwd', path)"
    answer = build(bad(script))
    assert answer.result.failure.kind is FailureKind.BAD_WHEEL
    assert answer.wheel is None


def test_deep_and_locked_directories_are_cleaned_away(build):
    """Deeper than a recursion goes, and without any permission."""
    script = (
        "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')\nos.chdir('/tmp/b')\n"
        "os.makedirs('locked/in'); os.chmod('locked', 0)"
    )
    assert build(bad(script)).result.failure is None
