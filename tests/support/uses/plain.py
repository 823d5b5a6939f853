"""Steps that ask nobody: moments, slugs, scopes, patterns of exchanges, temporary credentials as values."""

import json
import re
from datetime import UTC, datetime, timedelta

from support.uses.kit import fetch, step


@step
async def moments(use):
    from_now, origin = use.taskcluster.fromNow, datetime(2035, 1, 1, tzinfo=UTC)
    offsets = ("2 days 3 hours 1 minute", "- 1 year 2 months 3 weeks 5 seconds", "+1 mo", "1y2mo3w4d5h6m7s", " 1  day ")
    assert abs(from_now("1 hour") - datetime.now(UTC) - timedelta(hours=1)) < timedelta(seconds=5)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", use.taskcluster.fromNowJSON("2 days"))
    return [str(from_now(offset, origin) - origin) for offset in offsets]


@step
async def slugs(use):
    pattern = r"[A-Za-f][A-Za-z0-9_-]{7}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]"
    assert all(re.fullmatch(pattern, use.taskcluster.slugId()) for _ in range(50))
    names, others = use.taskcluster.stableSlugId(), use.taskcluster.stableSlugId()
    same = names("a")
    assert [names("a") == same, names("b") == same, others("a") == same] == [True, False, False]
    return len(same)


@step
async def scopes(use):
    match, wanted = use.taskcluster.scopeMatch, [["scopeA", "scopeB"], ["scopeC:*"]]
    held = (["scopeA", "scopeB"], ["scopeC:*"], ["scopeC:xyz"], ["scopeA"], ["scopeC"], ["*"], ["scope*"], [])
    return [match(scopes, wanted) for scopes in held]


@step
async def patterns_of_exchanges(use):
    events = use.taskcluster.QueueEvents({"rootUrl": use.root_url})
    assert events.taskCompleted({"taskId": "atask"}) == events.taskCompleted(taskId="atask")
    return [
        events.taskCompleted(taskId="atask"),
        events.taskPending(provisionerId="p", workerType="w"),
        events.taskGroupResolved(taskGroupId="g"),
        events.artifactCreated(),
        events.taskException("primary.#"),
    ]


@step
async def temporary_credentials_as_a_value(use):
    start = datetime(2035, 1, 1, tzinfo=UTC)
    found = []
    for name in (None, "a/name"):
        made = use.taskcluster.createTemporaryCredentials(
            "issuer", "t" * 44, start, start + timedelta(days=1), ["ScopeA", "ScopeB"], name
        )
        certificate = json.loads(made["certificate"])
        found.append([made["clientId"], sorted(certificate), certificate["scopes"], certificate["expiry"]])
    return found


@step
async def classes_of_the_module_client(use):
    client = __import__(f"{use.taskcluster.__name__}.client", fromlist=["QueueEvents"])
    if not hasattr(client, "QueueEvents"):  # the official module has not what its page shows; its package has
        client = use.taskcluster
    events = client.QueueEvents({"rootUrl": use.root_url})
    return events.taskCompleted({"taskId": "atask"})


@step
async def references_name_what_there_is(use):
    status, body = fetch(f"{use.root_url}/references/manifest.json")
    assert status == 200
    listed = [one for one in json.loads(body)["references"] if one.endswith("api.json")]
    functions = {}
    for place in listed:
        document = json.loads(fetch(place if "://" in place else f"{use.root_url}{place}")[1])
        functions[document["serviceName"]] = {entry["name"] for entry in document["entries"]}
    assert {"auth", "index", "object", "queue", "secrets"} <= set(functions)
    names = sorted(functions["queue"])
    assert all(hasattr(use.taskcluster.Queue, name) for name in names)
    return names
