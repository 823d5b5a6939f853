"""Temporary credentials."""

import datetime

from buildyard import taskcluster
from buildyard.taskcluster import slugId
from support.tasks import definition


def test_temporary_credentials(hub):
    clientId, accessToken = hub.root.client_id, hub.root.access_token
    # Without a zone a moment is taken as UTC, so the example asks for the time there.
    start = datetime.datetime.now(datetime.UTC)
    expiry = start + datetime.timedelta(0, 60)
    scopes = ["queue:create-task:*", "queue:scheduler-id:*"]
    name = "foo"

    credentials = taskcluster.createTemporaryCredentials(
        # issuing clientId
        clientId,
        # issuing accessToken
        accessToken,
        # Validity of temporary credentials starts here, in timestamp
        start,
        # Expiration of temporary credentials, in timestamp
        expiry,
        # Scopes to grant the temporary credentials
        scopes,
        # credential name (optional)
        name,
    )
    assert credentials["clientId"] == "foo"
    queue = taskcluster.Queue({"rootUrl": hub.url, "credentials": credentials})
    assert queue.createTask(slugId(), definition(hub.clock()))["status"]["state"] == "pending"


def test_moments_without_a_zone():
    start = datetime.datetime.now()
    expiry = start + datetime.timedelta(0, 60)
    assert taskcluster.createTemporaryCredentials("id", "accessToken", start, expiry, ["ScopeA", "ScopeB"])
