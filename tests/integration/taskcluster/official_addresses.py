"""Run by the official client's Python: prints the address and patterns that it makes of each call it is asked for."""

import json
import sys

import taskcluster

OPTIONS = {"rootUrl": "https://tc.example"}
made = {}
for name, method, values in json.load(sys.stdin):
    client = getattr(taskcluster, name)(OPTIONS)
    if name.endswith("Events"):
        made[f"{name}.{method}"] = getattr(client, method)()
    else:
        made[f"{name}.{method}"] = client.buildUrl(method, *values)
json.dump(made, sys.stdout)
