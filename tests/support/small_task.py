"""The work of a test's tasks: run by a worker in its ``work`` directory, told by ``task.json`` what to do."""

import json
import sys
import time
from pathlib import Path

work, artifacts = map(Path, sys.argv[1:])
payload = json.loads((work / "task.json").read_text())["payload"]
print("working on", payload["name"], flush=True)
time.sleep(payload.get("seconds", 0))
public = artifacts / "public"
public.mkdir(parents=True, exist_ok=True)
(public / "built.bin").write_bytes(bytes(range(256)) * 64)
(public / "about.json").write_text(json.dumps({"name": payload["name"]}))
sys.exit(payload.get("exit", 0))
