"""Times relative to now."""

import datetime

from buildyard import taskcluster


def test_moment_and_text():
    dateObject = taskcluster.fromNow("2 days 3 hours 1 minute")
    dateString = taskcluster.fromNowJSON("2 days 3 hours 1 minute")
    assert isinstance(dateObject, datetime.datetime)
    assert dateString.endswith("Z")
    assert abs(datetime.datetime.fromisoformat(dateString) - dateObject) < datetime.timedelta(minutes=1)


def test_the_past():
    dateObject = taskcluster.fromNow("- 1 year 2 months 3 weeks 5 seconds")
    assert dateObject < datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=365)


def test_relative_to_another_moment():
    dateObject1 = taskcluster.fromNow("2 days 3 hours")
    dateObject2 = taskcluster.fromNow("1 year", dateObject1)
    assert taskcluster.fromNow("1 year", dateObj=dateObject1) == dateObject2
