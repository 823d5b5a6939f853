"""Blocking programs: Ctrl-C, and children that were forked."""

import os
import signal
import subprocess
import sys
import time

PROGRAM = """
import signal, sys, time
from buildyard.messaging import api
signal.signal(signal.SIGINT, signal.default_int_handler)
def callback(message):
    print("handling", flush=True)
    time.sleep(30)
if sys.argv[1] == "busy":
    import threading
    threading.Timer(1.0, api.publish, [api.Message(topic="processes.x")]).start()
else:
    import threading
    threading.Timer(1.0, print, ["waiting"], {"flush": True}).start()
api.consume(callback)
"""

FORKING = """
import os, sys
from buildyard.messaging import api
api.publish(api.Message(topic="processes.x"))
child = os.fork()
api.publish(api.Message(topic="processes.x"))
if child == 0:
    os._exit(0)
_, status = os.waitpid(child, 0)
api.publish(api.Message(topic="processes.x"))
print(os.waitstatus_to_exitcode(status))
"""


def run(bus, tmp_path, *arguments):
    (tmp_path / "config.toml").write_text(f'amqp_url = "{bus.url()}"\n')
    env = {**os.environ, "FEDORA_MESSAGING_CONF": str(tmp_path / "config.toml")}
    return subprocess.Popen([sys.executable, "-c", *arguments], env=env, stdout=subprocess.PIPE, text=True)


def interrupted(bus, tmp_path, state, line):
    process = run(bus, tmp_path, PROGRAM, state)
    try:
        assert process.stdout.readline() == f"{line}\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        return process.returncode, time.monotonic() - began
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_ctrl_c_ends_a_consumer_that_waits(bus, tmp_path):
    code, took = interrupted(bus, tmp_path, "idle", "waiting")
    assert code == -signal.SIGINT
    assert took < 5


def test_ctrl_c_ends_a_consumer_whose_callback_runs(bus, tmp_path):
    code, took = interrupted(bus, tmp_path, "busy", "handling")
    assert code == -signal.SIGINT
    assert took < 5


def test_child_that_was_forked_publishes_over_a_connection_of_its_own(bus, tmp_path):
    process = run(bus, tmp_path, FORKING)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "0\n")
