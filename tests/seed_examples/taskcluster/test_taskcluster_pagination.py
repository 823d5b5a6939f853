"""Pages by hand, with a handler, and as an iteration."""

from buildyard import taskcluster


def test_by_hand(group_url, capsys):
    queue = taskcluster.Queue({"rootUrl": group_url})
    i = 0
    tasks = 0
    outcome = queue.listTaskGroup("JzTGxwxhQ76_Tt1dxkaG5g")
    while outcome.get("continuationToken"):
        print("Response %d gave us %d more tasks" % (i, len(outcome["tasks"])))
        if outcome.get("continuationToken"):
            outcome = queue.listTaskGroup(
                "JzTGxwxhQ76_Tt1dxkaG5g", query={"continuationToken": outcome.get("continuationToken")}
            )
        i += 1
        tasks += len(outcome.get("tasks", []))
    print("Task Group %s has %d tasks" % (outcome["taskGroupId"], tasks))
    assert capsys.readouterr().out.splitlines() == [
        "Response 0 gave us 1000 more tasks",
        "Response 1 gave us 1000 more tasks",
        # As published, it counts all but the first page.
        "Task Group JzTGxwxhQ76_Tt1dxkaG5g has 1007 tasks",
    ]


def test_handler(group_url, capsys):
    queue = taskcluster.Queue({"rootUrl": group_url})

    responses = []

    def handle_page(y):
        print("%d tasks fetched" % len(y.get("tasks", [])))
        responses.append(y)

    queue.listTaskGroup("JzTGxwxhQ76_Tt1dxkaG5g", paginationHandler=handle_page)

    tasks = 0
    for response in responses:
        tasks += len(response.get("tasks", []))

    print("%d requests fetch %d tasks" % (len(responses), tasks))
    assert capsys.readouterr().out.splitlines()[-1] == "3 requests fetch 2007 tasks"


def test_iteration(group_url):
    assert len(list(taskcluster.Queue({"rootUrl": group_url}).iterTaskGroup("JzTGxwxhQ76_Tt1dxkaG5g"))) == 2007
