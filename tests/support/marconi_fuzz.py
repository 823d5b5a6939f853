"""What a caller might send to a Marconi server, right, nearly right and wrong; and what any answer has to be like."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import strategies as st

from support.marconi import Answer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
#: Values near what is allowed, and far from it.
NUMBERS = st.sampled_from([-1, 0, 1, 59, 60, 300, 10**6, 2**31, 2**63, 10**30, "60", None, True, 1.5, [], {}])
MESSAGE = st.fixed_dictionaries({}, optional={"body": JSON, "ttl": NUMBERS, "delay": NUMBERS}) | JSON
POST = st.fixed_dictionaries({"messages": st.lists(MESSAGE, max_size=3)}) | st.lists(MESSAGE, max_size=3) | JSON
TERMS = st.fixed_dictionaries({}, optional={"ttl": NUMBERS, "grace": NUMBERS}) | JSON
RESERVED = st.sampled_from(["_default_message_ttl", "_max_claim_count", "_dead_letter_queue", "_x", "a", "é"])
METADATA = st.dictionaries(RESERVED, NUMBERS | JSON, max_size=3) | JSON
CHANGE = st.fixed_dictionaries(
    {}, optional={"op": st.sampled_from(["add", "remove", "move", 1]), "path": st.text(max_size=9), "value": JSON}
)
BODIES = (
    st.one_of(POST, TERMS, METADATA, st.lists(CHANGE, max_size=2), JSON).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
    | st.sampled_from([b"", b'{"messages": [{"body": 1e999}]}', b'[{"ttl": 1e999}]', b'{"ttl": 1e999}'])
)
NAMES = st.sampled_from(["q", "q2", "1", "2", "0" * 32, "messages", "a b", "%00", "..", "é", "x" * 65]) | st.text(
    st.characters(codec="utf-8"), min_size=1, max_size=6
).map(lambda text: quote(text, safe=""))
PATHS = st.builds(
    lambda version, parts: "/" + "/".join([version, *parts]),
    st.sampled_from(["v1", "v1.1", "v2", "v3"]),
    st.tuples(
        st.sampled_from(["queues", "auth", "pools", "ping"]),
        NAMES,
        st.sampled_from(["messages", "claims", "stats", "share", "purge", "metadata", "subscriptions", "tokens"]),
        NAMES,
    ).flatmap(lambda parts: st.integers(0, 4).map(lambda count: parts[:count])),
)
QUERY = st.dictionaries(
    st.sampled_from(["limit", "marker", "echo", "ids", "pop", "claim_id", "claim_ids", "detailed", "name", "k"]),
    st.sampled_from(["", "1", "20", "21", "true", "maybe", "1,2", "%00", "-1", "9" * 30, "é"]) | NAMES,
    max_size=3,
).map(lambda query: "&".join(f"{name}={value}" for name, value in query.items()))
HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "Content-Type", "Client-ID", "X-Project-ID", "URL-Signature", "Origin", "X-Auth-Token"]),
    st.sampled_from(["", "*/*", "text/html", "application/openstack-messaging-v2.0-json-patch", "\xff", "0" * 32]),
    max_size=2,
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])


def is_well_formed(answer: Answer, method: str) -> bool:
    """Tell whether an answer has the shape that its status promises, and is no fault of ours."""
    if answer.status >= 500 or "x-openstack-request-id" not in answer.headers:
        return False
    if answer.status in (204, 406) or method == "HEAD":
        return answer.content == b""
    if answer.status >= 400:
        return bool(answer.json.keys() & {"title", "error", "message"})
    return not answer.content or answer.json is not None
