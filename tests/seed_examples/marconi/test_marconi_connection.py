"""Working with a connection."""

import json
from datetime import datetime

from buildyard.marconi import Connection, Http


def test_working_with_a_connection(my_awesome_key, hub):
    conn = Connection("tacocat", apikey=my_awesome_key)
    assert conn.tenant == "123456"
    assert conn.username == "tacocat"
    assert conn.version == "2.0"
    assert isinstance(conn.token, str)
    assert isinstance(conn.expires, datetime)
    assert conn.host == f"{hub.url}/v2"
    assert {"x-auth-token", "host", "accept", "x-project-id"} <= conn.headers.keys()
    # Client ID set at the Client level
    answer = conn.request(
        Http.GET,
        headers={"x-client-id": 100},
        data=json.dumps({"my": "message"}),
        verify=True,
    )
    assert repr(answer) == "<Response [200]>"
    assert repr(conn) == f"<MarconiConnection user:tacocat expires:{conn.expires.isoformat()}>"
    assert Http.Get is Http.GET
    conn.close()
