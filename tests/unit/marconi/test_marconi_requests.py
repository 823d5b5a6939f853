"""What is sent: headers, addresses behind proxies, retries, batches, the older versions."""

import json
import uuid

import pytest

from buildyard.errors import ConnectFailed, Cut
from buildyard.faces.scripted import answer, body_of
from buildyard.marconi import Client, Http, errors
from support.marconi_script import URL, connected

EMPTY = {"messages": [], "links": []}


def page(*ids, link=None, claim=None, root="/v2"):
    held = f"?claim_id={claim}" if claim else ""
    messages = [
        {"id": each, "href": f"{root}/queues/q/messages/{each}{held}", "ttl": 60, "age": 1, "body": each}
        for each in ids
    ]
    return answer(json={"messages": messages, "links": [{"rel": "next", "href": link}] if link else []})


def sent(script):
    return [(request.method, request.url.removeprefix(URL)) for request in script.requests]


def sent_bodies(script):
    return [json.loads(body_of(request) or b"null") for request in script.requests]


def test_every_request_has_client_project_and_accept(make_client):
    client, script = make_client(answer(204), answer(json=EMPTY))
    client.ping()
    client.queue("q").read_page()
    for request in script.requests:
        fields = dict(request.headers)
        assert fields["Client-ID"] == client.client_id
        assert (fields["X-Project-ID"], fields["Accept"]) == ("demo", "application/json")
        assert "Content-Type" not in fields


def test_client_has_an_id_of_its_own_for_life_that_can_be_set():
    connection, script = connected(*[answer(204)] * 3, endpoint=URL)
    first, second = Client(connection), Client(connection, client_id=uuid.UUID(int=5))
    assert uuid.UUID(first.client_id)
    assert first.client_id != second.client_id
    queue = first.queue("q")
    queue.delete()
    first.client_id = "9f6c2b627d1c4c3a8f5e0b6f5e1b2a77"
    queue.delete()
    second.queue("q").delete()
    ids = [dict(request.headers)["Client-ID"] for request in script.requests]
    assert uuid.UUID(ids[0])
    assert ids[1:] == ["9f6c2b627d1c4c3a8f5e0b6f5e1b2a77", str(uuid.UUID(int=5))]


@pytest.mark.parametrize(
    ("endpoint", "href"),
    [
        ("http://h", "/v2/queues/q/messages?marker=a"),
        ("http://h/messaging", "/v2/queues/q/messages?marker=a"),
        ("http://h/messaging/v2", "/messaging/v2/queues/q/messages?marker=a"),
        ("http://h/messaging", "https://elsewhere.example/v2/queues/q/messages?marker=a"),
    ],
)
def test_next_page_is_on_the_endpoints_host_and_prefix(endpoint, href):
    """The service knows nothing of the prefix, or has it; and a token goes to nobody else."""
    connection, script = connected(page("a", link=href), page(), endpoint=endpoint)
    list(Client(connection).queue("q").messages())
    base = endpoint.removesuffix("/v2") + "/v2"
    assert script.requests[0].url.startswith(base)
    assert script.requests[1].url == f"{base}/queues/q/messages?marker=a"


@pytest.mark.parametrize("href", ["http://[", "/v3/queues", "/", "//evil/v2x", "/v2/queues/q\u2603"])
def test_link_that_leads_nowhere_is_told(make_client, href):
    client, _ = make_client(page("a", link=href))
    with pytest.raises((errors.AnswerError, errors.UsageError)):
        list(client.queue("q").messages())


def test_pages_are_asked_for_when_they_are_needed(make_client):
    client, script = make_client(page("a", "b", link="/v2/queues/q/messages?marker=b"), page())
    messages = client.queue("q").messages()
    assert script.requests == []
    assert next(messages).id == "a"
    assert next(messages).id == "b"
    assert len(script.requests) == 1
    assert list(messages) == []


def test_bounded_list_asks_for_no_more_than_it_gives(make_client):
    client, script = make_client(page("a", "b", link="/v2/queues/q/messages?marker=b"))
    assert [message.id for message in client.queue("q").messages(limit=2)] == ["a", "b"]
    assert sent(script) == [("GET", "/v2/queues/q/messages?limit=2")]
    assert list(client.queue("q").messages(limit=0)) == []


def test_list_that_turns_in_a_circle_ends(make_client):
    """Zaqar over Redis gives the first message again behind a marker that is the first message."""
    again = page("a", link="/v2/queues/q/messages?marker=a")
    client, _ = make_client(again, again)
    assert [message.id for message in client.queue("q").messages()] == ["a"]


@pytest.mark.parametrize("empty", [answer(204), answer(200), answer(json=EMPTY), answer(json=[])])
def test_no_content_and_an_empty_list_are_the_same(make_client, empty):
    client, _ = make_client(empty)
    assert list(client.queue("q").messages()) == []


def test_ids_go_by_twenty(make_client):
    client, script = make_client(*[answer(204)] * 3)
    client.queue("q").delete_messages(map(str, range(45)))
    assert [url.count(",") + 1 for _, url in sent(script)] == [20, 20, 5]


def test_claimed_messages_are_deleted_together_with_their_claim(make_client):
    client, script = make_client(page("a", "b", claim="c1"), answer(204))
    queue = client.queue("q")
    queue.delete_messages(queue.messages())
    assert sent(script)[1] == ("DELETE", "/v2/queues/q/messages?ids=a,b&claim_ids=c1")


def test_posts_are_cut_by_bytes(make_client):
    posted = answer(201, json={"resources": ["/v2/queues/q/messages/a"]})
    client, script = make_client(*[posted] * 3)
    client.queue("q").post_messages([{"body": "x" * 100_000} for _ in range(5)])
    assert [len(body["messages"]) for body in sent_bodies(script)] == [2, 2, 1]
    assert all(len(body_of(request)) <= 262_144 for request in script.requests)


@pytest.mark.parametrize("messages", [[], [{"ttl": 60}], [{"body": 1, "TTL": 60}], ["text"], [{"body": float("nan")}]])
def test_what_is_no_message_is_refused_before_anything_is_sent(make_client, messages):
    client, script = make_client()
    with pytest.raises(errors.UsageError):
        client.queue("q").post_messages(messages)
    assert script.requests == []


@pytest.mark.parametrize(
    "call",
    [
        lambda queue: queue.post_messages({"body": 1}),
        lambda queue: queue.claim(),
        lambda queue: queue.pop(),
        lambda queue: queue.purge(),
        lambda queue: queue.subscribe("http://x"),
    ],
)
def test_what_cannot_be_done_twice_is_not_sent_twice(make_client, call):
    client, script = make_client(Cut("cut", method="POST", url=URL))
    with pytest.raises(errors.ConnectionFailed):
        call(client.queue("q"))
    assert len(script.requests) == 1


def test_post_that_never_left_is_sent_again(make_client):
    posted = answer(201, json={"resources": ["/v2/queues/q/messages/a"]})
    client, script = make_client(ConnectFailed("refused", method="POST", url=URL), posted)
    assert client.queue("q").post_messages({"body": 1}) == ["a"]
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda queue: queue.delete_message("m", "c"),
        lambda queue: queue.delete_messages(["m"]),
        lambda queue: queue.update_claim("c"),
        lambda queue: queue.release_claim("c"),
        lambda queue: queue.delete(),
    ],
)
def test_what_can_be_done_twice_is_sent_again(make_client, call):
    client, script = make_client(Cut("cut", method="DELETE", url=URL), answer(503), answer(204))
    call(client.queue("q"))
    assert len(script.requests) == 3


def test_message_reads_its_claim_from_its_address_wherever_it_stands(make_client):
    href = "/v2/queues/q/messages/m%2Fx?a=1&claim_id=c%3D1"
    message = {"href": href, "ttl": 60, "age": 1, "body": None}
    client, script = make_client(answer(json=message), answer(204))
    found = client.queue("q").get_message("x")
    assert (found.id, found.claim_id) == ("m/x", "c=1")
    found.delete()
    assert sent(script)[1] == ("DELETE", "/v2/queues/q/messages/m%2Fx?claim_id=c%3D1")


def test_claim_without_a_location_has_the_id_of_its_messages(make_client):
    client, _ = make_client(answer(201, json={"messages": [{"href": "/m/a?claim_id=c1", "ttl": 60, "age": 0}]}))
    assert client.queue("q").claim().id == "c1"


def test_claim_tells_its_age_by_our_clock(make_client):
    client, script = make_client(page("a", claim="c1"), answer(204))
    claim = client.queue("q").claim(ttl=100, grace=70)
    script.advance(30)
    assert claim.age == 30
    claim.patch()
    assert (claim.age, claim.ttl) == (0, 100)
    assert sent_bodies(script)[1] == {"ttl": 100, "grace": 70}


def test_nan_in_a_message_of_somebody_elses_is_read(make_client):
    """Zaqar passes it on, though it is no JSON."""
    body = b'{"messages": [{"id": "a", "href": "/m/a", "ttl": 60, "age": 0, "body": [NaN, "\\ud83e"]}], "links": []}'
    client, _ = make_client(answer(200, body))
    (message,) = client.queue("q").messages()
    assert message.body[1] == "\ud83e"


def test_names_are_percent_encoded(make_client):
    client, script = make_client(answer(204), answer(204))
    client.queue("a b/\u2603?").delete()
    assert sent(script) == [("DELETE", "/v2/queues/a%20b%2F%E2%98%83%3F")]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_name_that_would_lead_elsewhere_is_refused(make_client, name):
    client, script = make_client()
    with pytest.raises(errors.UsageError):
        client.queue(name).delete()
    assert script.requests == []


def test_metadata_is_changed_where_it_differs(make_client):
    present = {"a": 1, "b": 2, "_default_message_ttl": 3600}
    client, script = make_client(answer(json=present), answer(200), answer(json=present))
    queue = client.queue("q")
    queue.set_metadata({"b": 3, "c": 4})
    queue.set_metadata({"a": 1, "b": 2})
    assert sent_bodies(script)[1] == [
        {"op": "remove", "path": "/metadata/a"},
        {"op": "replace", "path": "/metadata/b", "value": 3},
        {"op": "add", "path": "/metadata/c", "value": 4},
    ]
    assert dict(script.requests[1].headers)["Content-Type"] == "application/openstack-messaging-v2.0-json-patch"


@pytest.mark.parametrize("given", ["[1]", "{", 5])
def test_metadata_that_is_no_object_is_refused(make_client, given):
    client, _ = make_client()
    with pytest.raises(errors.UsageError):
        client.create_queue("q", given)


def test_own_request_is_sent_as_it_is(make_client):
    client, script = make_client(answer(418, b'{"a": 1}'))
    response = client.connection.request(
        Http.GET, headers={"x-client-id": 100}, data=json.dumps({"my": "message"}), verify=True
    )
    assert (repr(response), response.status_code, response.json()) == ("<Response [418]>", 418, {"a": 1})
    assert not response.ok
    with pytest.raises(errors.Refused):
        response.raise_for_status()
    request = script.requests[0]
    assert (request.method, request.url, body_of(request)) == ("GET", URL + "/v2/", b'{"my": "message"}')
    assert dict(request.headers)["x-client-id"] == "100"
    assert dict(request.headers)["X-Project-ID"] == "demo"


def test_certificates_are_always_verified(make_client):
    client, _ = make_client()
    with pytest.raises(errors.UsageError, match="ca_file"):
        client.connection.request(Http.Get, verify=False)


V1_MESSAGE = {"href": "/v1/queues/q/messages/m1", "ttl": 300, "age": 2, "body": {}}


def test_first_version_posts_bare_lists_with_a_ttl(make_client):
    posted = answer(201, json={"resources": ["/v1/queues/q/messages/m1"], "partial": False})
    client, script = make_client(posted, version="1")
    assert client.queue("q").post_messages([{"body": 1}]) == ["m1"]
    assert sent_bodies(script) == [[{"ttl": 3600, "body": 1}]]
    assert sent(script) == [("POST", "/v1/queues/q/messages")]


def test_first_version_reads_bare_lists_without_ids(make_client):
    client, _ = make_client(answer(json=[V1_MESSAGE]), answer(204), version="1.0")
    queue = client.queue("q")
    assert [message.id for message in queue.get_messages(ids=["m1"])] == ["m1"]
    assert list(queue.get_messages(ids=["m2"])) == []


def test_first_version_claims_bare_lists(make_client):
    held = V1_MESSAGE | {"href": V1_MESSAGE["href"] + "?claim_id=c1"}
    client, script = make_client(answer(201, headers=[("Location", "/v1/queues/q/claims/c1")], json=[held]), version=1)
    claim = client.queue("q").claim(limit=5)
    assert (claim.id, [message.claim_id for message in claim]) == ("c1", ["c1"])
    assert sent(script) == [("POST", "/v1/queues/q/claims?limit=5")]
    assert sent_bodies(script) == [{"ttl": 300, "grace": 60}]


def test_first_version_has_metadata_beside_the_queue(make_client):
    client, script = make_client(answer(201), answer(204), answer(json={"a": 1}), version="1")
    assert client.create_queue("q", {"a": 1}).metadata == {"a": 1}
    metadata = "/v1/queues/q/metadata"
    assert sent(script) == [("PUT", "/v1/queues/q"), ("PUT", metadata), ("GET", metadata)]


def test_middle_version_makes_a_queue_with_its_metadata(make_client):
    client, script = make_client(answer(201), version="1.1")
    client.create_queue("q", {"a": 1})
    assert (sent(script), sent_bodies(script)) == ([("PUT", "/v1.1/queues/q")], [{"a": 1}])


@pytest.mark.parametrize("version", ["1", "1.1"])
@pytest.mark.parametrize(
    "call",
    [
        lambda queue: queue.purge(),
        lambda queue: queue.share(),
        lambda queue: queue.subscribe("http://x"),
        lambda queue: list(queue.subscriptions()),
        lambda queue: queue.post_messages({"body": 1, "delay": 5}),
    ],
)
def test_what_a_version_lacks_is_told_before_anything_is_sent(make_client, version, call):
    client, script = make_client(version=version)
    with pytest.raises(errors.NotInVersion):
        call(client.queue("q"))
    assert script.requests == []


def test_pools_and_flavors_are_read_and_written(make_client):
    pool = {"href": "/v2/pools/p1", "uri": "redis://u:s3cret@h", "weight": 10}
    client, script = make_client(
        answer(json={"pools": [pool], "links": [{"rel": "next", "href": "/v2/pools?marker=p1"}]}),
        answer(json={"pools": [], "links": []}),
        answer(201),
        answer(200),
        answer(json={"name": "f1", "pool_list": ["p1"]}),
        answer(201),
        answer(204),
    )
    (found,) = client.pools()
    assert (found.name, found.weight) == ("p1", 10)
    assert "s3cret" not in repr(found)
    client.create_pool("p1", "redis://h", 5, flavor="f1")
    client.update_pool("p1", weight=7)
    assert client.get_flavor("f1").pool_list == ["p1"]
    client.create_flavor("f1", ["p1"])
    client.delete_pool("p1")
    assert sent_bodies(script)[2:4] == [{"uri": "redis://h", "weight": 5, "flavor": "f1"}, {"weight": 7}]
    assert [method for method, _ in sent(script)] == ["GET", "GET", "PUT", "PATCH", "GET", "PUT", "DELETE"]


def test_health_is_well_where_everything_can_be_reached(make_client):
    well = {"catalog_reachable": True, "p1": {"storage_reachable": True, "operation_status": {}}}
    ill = well | {"p1": {"storage_reachable": False}}
    client, _ = make_client(answer(json=well), answer(json=ill))
    assert client.health().is_well
    assert not client.health().is_well


def test_service_that_cannot_work_is_not_alive(make_client):
    client, script = make_client(answer(503))
    assert client.ping() is False
    assert script.sleeps == []
