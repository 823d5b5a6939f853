"""The official client and ours at one hub: the same answers, which shows that the hub is what both take for one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from buildyard.koji import Connection, Profile
from buildyard.koji.errors import GenericError
from support.koji_hub import Hub, serve
from support.needs import missing
from support.peers import PeerMissing, locked_peer

SCRIPT = Path(__file__).with_name("official_client.py")


@pytest.fixture(scope="module")
def official() -> Path:
    try:
        return locked_peer("koji")
    except PeerMissing as reason:
        missing(str(reason))


def test_both_clients_get_the_same_answers(official: Path) -> None:
    with serve(Hub()) as url:
        done = subprocess.run([official, SCRIPT, url], capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stderr
        theirs = json.loads(done.stdout)
        koji = Connection(Profile(name="ours", server=url, authtype="noauth"))
        assert koji.getUser("kdreyer") == theirs["user"]
        assert koji.invoke("listBuilds", (1,), {"queryOpts": {"limit": 20, "order": "-build_id"}}) == theirs["builds"]
        assert koji.getBuildTarget("f40-candidate") == theirs["target"]
        assert koji.echo(1099511627776, "<é & \U0001f980>", None, [], {}, 1.5, True) == theirs["echo"]
        with koji.multicall() as calls:
            several = [calls.getTag("f40"), calls.noSuchMethod(), calls.getUser("kdreyer")]
        assert [several[0].result, several[2].result] == theirs["several"]
        with pytest.raises(GenericError) as caught:
            koji.noSuchMethod()
        assert str(caught.value) == theirs["refused"]
        koji.close()
