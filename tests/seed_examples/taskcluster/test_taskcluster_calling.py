"""The four calling conventions, in both faces, and a query in an asyncio client."""

import asyncio

from buildyard import taskcluster
from buildyard.taskcluster import slugId
from support.tasks import definition


def test_four_conventions(hub):
    client = taskcluster.Queue(hub.options())
    payload, v1 = definition(hub.clock()), slugId()
    query = {}
    answers = [
        client.createTask(v1, payload),
        client.createTask(payload, taskId=v1),
        client.createTask(payload=payload, query=query, params={"taskId": v1}),
        client.createTask(v1, payload=payload, query=query),
    ]
    assert [answer["status"]["taskId"] for answer in answers] == [v1] * 4


def test_query_in_an_asyncio_client(group_url):
    async def example():
        async with taskcluster.aio.Queue({"rootUrl": group_url}) as queue:
            previousResponse = await queue.listTaskGroup("JzTGxwxhQ76_Tt1dxkaG5g")
            return await queue.listTaskGroup(
                "JzTGxwxhQ76_Tt1dxkaG5g", query={"continuationToken": previousResponse.get("continuationToken")}
            )

    assert len(asyncio.run(example())["tasks"]) == 1000
