"""Functions that answer in pages: by hand, with a handler, and as iterations, in each face."""

import asyncio

import pytest

import buildyard.taskcluster
from buildyard.faces.scripted import ScriptedTransport, answer
from buildyard.taskcluster import _services, aio, tx
from buildyard.taskcluster._lazy import SERVICES
from buildyard.taskcluster.errors import ResourceNotFound, TaskclusterAnswerError, TaskclusterFailure

GROUP = "JzTGxwxhQ76_Tt1dxkaG5g"
PAGES = [
    {"taskGroupId": GROUP, "tasks": [1, 2], "continuationToken": "a b"},
    {"taskGroupId": GROUP, "tasks": [], "continuationToken": "c"},
    {"taskGroupId": GROUP, "tasks": [3]},
]


@pytest.fixture
def script():
    return ScriptedTransport(*[answer(json=page) for page in PAGES])


def queries(script):
    return [request.url.partition("?")[2] for request in script.requests]


def fired(deferred):
    caught = []
    deferred.addBoth(caught.append)
    return caught[0]


async def listed(source):
    return [item async for item in source]


def test_blocking_iteration_goes_over_all_pages(options, script):
    tasks = buildyard.taskcluster.Queue(options, script).iterTaskGroup(GROUP)
    assert list(tasks) == [1, 2, 3]
    assert queries(script) == ["", "continuationToken=a+b", "continuationToken=c"]


def test_asyncio_iteration_goes_over_all_pages(options, script):
    assert asyncio.run(listed(aio.Queue(options, script).iterTaskGroup(GROUP))) == [1, 2, 3]


def test_twisted_iteration_goes_over_all_pages(options, script):
    assert fired(tx.Queue(options, script).iterTaskGroup(GROUP).collect()) == [1, 2, 3]


def test_page_is_asked_for_when_it_is_needed(options, script):
    tasks = buildyard.taskcluster.Queue(options, script).iterTaskGroup(GROUP)
    assert (next(tasks), next(tasks)) == (1, 2)
    assert len(script.requests) == 1
    tasks.close()
    assert len(script.requests) == 1


def test_iteration_keeps_the_query_it_was_given(options, script):
    list(buildyard.taskcluster.Queue(options, script).iterTaskGroup(taskGroupId=GROUP, query={"limit": 2}))
    assert queries(script) == ["limit=2", "limit=2&continuationToken=a+b", "limit=2&continuationToken=c"]


def test_handler_gets_each_page_and_the_call_returns_nothing(options, script):
    pages = []
    queue = buildyard.taskcluster.Queue(options, script)
    assert queue.listTaskGroup(GROUP, paginationHandler=pages.append, paginationLimit=5) is None
    assert pages == PAGES
    assert queries(script)[0] == "limit=5"


def test_coroutine_handler_is_awaited(options, script):
    pages = []

    async def keep(page):
        await asyncio.sleep(0)
        pages.append(page)

    asyncio.run(aio.Queue(options, script).listTaskGroup(GROUP, paginationHandler=keep))
    assert pages == PAGES


def test_pages_by_hand(options, script):
    queue = buildyard.taskcluster.Queue(options, script)
    first = queue.listTaskGroup(GROUP)
    second = queue.listTaskGroup(GROUP, query={"continuationToken": first.get("continuationToken")})
    assert (first, second) == (PAGES[0], PAGES[1])


def test_payload_goes_with_each_page(options):
    script = ScriptedTransport(answer(json={"tasks": [1], "continuationToken": "n"}), answer(json={"tasks": [2]}))
    queue = buildyard.taskcluster.Queue(options, script)
    assert list(queue.iterTasks({"taskIds": ["a", "b"]})) == [1, 2]
    assert {request.body for request in script.requests} == {b'{"taskIds":["a","b"]}'}


@pytest.mark.parametrize("token", [None, ""])
def test_empty_token_is_the_end(options, token):
    script = ScriptedTransport(answer(json={"tasks": [1], "continuationToken": token}))
    assert list(buildyard.taskcluster.Queue(options, script).iterTaskGroup(GROUP)) == [1]


def test_page_that_names_itself_as_the_next_is_an_answer_error(options):
    script = ScriptedTransport(*[answer(json={"tasks": [1], "continuationToken": "same"})] * 2)
    with pytest.raises(TaskclusterAnswerError, match="names itself"):
        list(buildyard.taskcluster.Queue(options, script).iterTaskGroup(GROUP))


@pytest.mark.parametrize("page", [{}, {"tasks": [], "more": []}])
def test_page_without_one_list_is_an_answer_error(options, page):
    with pytest.raises(TaskclusterAnswerError, match="one list"):
        list(buildyard.taskcluster.Queue(options, ScriptedTransport(answer(json=page))).iterTaskGroup(GROUP))


def test_wrong_call_of_an_iteration_is_told_at_once(options, script):
    with pytest.raises(TaskclusterFailure, match="taskGroupId is missing"):
        buildyard.taskcluster.Queue(options, script).iterTaskGroup()


def test_error_of_a_later_page_is_raised_after_the_items_before(options):
    script = ScriptedTransport(answer(json=PAGES[0]), answer(404))
    tasks = buildyard.taskcluster.Queue(options, script).iterTaskGroup(GROUP)
    assert [next(tasks), next(tasks)] == [1, 2]
    with pytest.raises(ResourceNotFound):
        next(tasks)


def test_handler_of_a_function_without_pages_is_refused(options, script):
    with pytest.raises(TaskclusterFailure, match="not in pages"):
        buildyard.taskcluster.Queue(options, script).status(GROUP, paginationHandler=print)


@pytest.mark.parametrize("service", SERVICES)
def test_every_function_with_pages_has_its_iteration(service):
    core = getattr(_services, f"Async{service}")
    iterated = {value.route.name for name, value in vars(core).items() if name.startswith("iter")}
    assert iterated == {route.name for route in core.ROUTES.values() if route.is_paged}
