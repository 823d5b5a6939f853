"""The example that logs in."""

from twisted.internet import defer

from buildyard.koji.tx import Connection


@defer.inlineCallbacks
def example(reactor):
    koji = Connection("mykoji")
    result = yield koji.login()
    print(result)  # "True"
    print("session-id: %s" % koji.session_id)
    # "Who am I?"
    user = yield koji.getLoggedInUser()
    print(user)


def test_it_prints_true_the_session_and_the_user(run, hub, capsys):
    run(example)
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "True"
    assert second == f"session-id: {max(hub.sessions)}"
    assert "'name': 'kdreyer'" in third
