"""Drives the official client, in an environment of its own: reads a hub's address, prints what it got as JSON."""

import json
import sys

import koji


def main(url):
    hub = koji.ClientSession(url, {"max_retries": 0, "anon_retry": False})
    with hub.multicall() as calls:
        several = [calls.getTag("f40"), calls.noSuchMethod(), calls.getUser("kdreyer")]
    try:
        hub.noSuchMethod()
    except koji.GenericError as error:
        refused = str(error)
    facts = {
        "user": hub.getUser("kdreyer"),
        "builds": hub.listBuilds(1, queryOpts={"limit": 20, "order": "-build_id"}),
        "target": hub.getBuildTarget("f40-candidate"),
        "echo": hub.echo(1099511627776, "<é & \U0001f980>", None, [], {}, 1.5, True),
        "several": [several[0].result, several[2].result],
        "refused": refused,
    }
    print(json.dumps(facts))


main(sys.argv[1])
