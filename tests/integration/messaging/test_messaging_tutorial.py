"""The tutorial's programs print what it says."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "tutorial" / "first-messages.md"
SEEN = "example.wheel.built {'package': 'six', 'builder': 'ada'}"


def test_programs_of_the_tutorial_print_what_it_says(bus, tmp_path):
    text = PAGE.read_text("utf-8")
    for program, name in re.findall(r"```python\n(# (\w+\.py)\n.*?)```", text, re.DOTALL):
        (tmp_path / name).write_text(program)
    (tmp_path / "config.toml").write_text(f'amqp_url = "{bus.url()}"\n')
    env = {**os.environ, "FEDORA_MESSAGING_CONF": str(tmp_path / "config.toml")}
    watching = subprocess.Popen([sys.executable, tmp_path / "watch.py"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 20
        while "amq.gen-" not in bus.ctl("list_bindings", "source_name", "destination_name", "routing_key"):
            assert time.monotonic() < end
        built = subprocess.run(
            [sys.executable, tmp_path / "built.py"], env=env, capture_output=True, text=True, timeout=20, check=False
        )
        assert built.stdout == "ada built six\n", built.stderr
        assert watching.stdout.readline().strip() == SEEN
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()
    assert SEEN in text
