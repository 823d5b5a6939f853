"""The example that makes XML-RPC calls."""

from twisted.internet import defer

from buildyard.koji.tx import Connection


@defer.inlineCallbacks
def example(reactor):
    koji = Connection("mykoji")
    task = yield koji.getTaskInfo(10000)
    print(task.method)  # "createImage"
    tag = yield koji.getTag(2000)
    print(tag.name)  # "foo-build"


def test_it_prints_method_and_tag(run, capsys):
    run(example)
    assert capsys.readouterr().out == "createImage\nfoo-build\n"
