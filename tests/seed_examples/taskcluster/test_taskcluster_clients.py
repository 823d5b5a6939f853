"""Making clients: options, the environment, a task's proxy, authorized scopes."""

import os

from buildyard import taskcluster


def test_simple_setup():
    index = taskcluster.Index(
        {
            "rootUrl": "https://tc.example.com",
            "credentials": {"clientId": "id", "accessToken": "accessToken"},
        }
    )
    assert index.buildUrl("ping") == "https://tc.example.com/api/index/v1/ping"


def test_environment(root_url):
    auth = taskcluster.Auth(taskcluster.optionsFromEnvironment())
    assert repr(auth) == f"<Auth {root_url} Credentials('id', permanent)>"


def test_proxy(root_url):
    auth = taskcluster.Auth({"rootUrl": os.environ["TASKCLUSTER_PROXY_URL"]})
    assert repr(auth) == f"<Auth {root_url} Credentials(none)>"


def test_authorized_scopes(root_url):
    opts = taskcluster.optionsFromEnvironment()
    opts["authorizedScopes"] = ["queue:create-task:highest:my-provisioner/my-worker-type"]
    queue = taskcluster.Queue(opts)
    assert queue.ping()["alive"]


def test_further_options(root_url):
    options = {"rootUrl": root_url, "signedUrlExpiration": 60, "maxRetries": 1}
    assert taskcluster.Queue(options).ping()["alive"]
