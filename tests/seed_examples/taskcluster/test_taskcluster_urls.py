"""Building addresses, signed ones too."""

from buildyard import taskcluster


def test_build_url_and_signed_url(root_url, capsys):
    index = taskcluster.Index(taskcluster.optionsFromEnvironment())
    print(index.buildUrl("findTask", "builds.v1.latest"))
    secrets = taskcluster.Secrets(taskcluster.optionsFromEnvironment())
    print(secrets.buildSignedUrl("get", "my-secret"))
    plain, signed = capsys.readouterr().out.split()
    assert plain == f"{root_url}/api/index/v1/task/builds.v1.latest"
    assert signed.startswith(f"{root_url}/api/secrets/v1/secret/my-secret?bewit=")


def test_expiration_of_a_signed_url(hub):
    queue = taskcluster.Queue(hub.options())
    assert hub.call("GET", queue.buildSignedUrl("ping", expiration=60)).status == 200
    assert hub.call("GET", queue.buildSignedUrl("task", "VtMbr2u_QKaR-ZQxhpFjkw", expiration=60)).status == 404
    assert hub.call("GET", queue.buildSignedUrl("task", "VtMbr2u_QKaR-ZQxhpFjkw", expiration=-60)).status == 401
