"""Slug ids."""

from buildyard import taskcluster


def test_stable_slug_ids():
    gen = taskcluster.stableSlugId()
    sometask = gen("sometask")
    assert gen("sometask") == sometask  # same input generates same output
    assert gen("sometask") != gen("othertask")

    gen2 = taskcluster.stableSlugId()
    sometask2 = gen2("sometask")
    assert sometask2 != sometask  # but different slugId generators produce
    # different output


def test_unique_slug_ids():
    assert taskcluster.slugId() != taskcluster.slugId()
