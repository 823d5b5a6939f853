"""Exchange patterns."""

from buildyard.taskcluster import client


def test_exchange_patterns(root_url, capsys):
    qEvt = client.QueueEvents({"rootUrl": root_url})
    # The following calls are equivalent
    print(qEvt.taskCompleted({"taskId": "atask"}))
    print(qEvt.taskCompleted(taskId="atask"))
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert "primary.atask.*.*.*.*.*.*.*.#" in first
