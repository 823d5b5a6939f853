"""The example that fetches a user's name."""

from twisted.internet import defer

from buildyard.koji.tx import Connection


@defer.inlineCallbacks
def example(reactor):
    koji = Connection("brew")
    # Fetch a user.
    # You may pass an ID or a krb principal here
    user = yield koji.getUser(3595)
    # user is a Munch (dict-like) object.
    print(user.name)


def test_it_prints_the_name(run, capsys):
    run(example)
    assert capsys.readouterr().out == "kdreyer\n"
