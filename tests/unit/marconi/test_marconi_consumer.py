"""A consumer over a script: what it sends when things go wrong.  Contract tests hold it against real servers."""

import logging

import pytest

from buildyard.errors import ConnectFailed, Cut, TlsFailed
from buildyard.faces.blocking import run_blocking
from buildyard.faces.scripted import answer
from buildyard.marconi import errors
from buildyard.marconi._keeping import Upkeep
from buildyard.retry import NO_RETRY
from support.marconi_script import URL

OK = answer(204)
NOTHING = answer(204)
LOST = answer(400, json={"title": "Unable to delete", "description": "The specified claim does not exist."})
GONE = answer(404, json={"title": "Not found", "description": "Claim c1 does not exist"})
AWAY = answer(503)
REFUSED = ConnectFailed("refused", method="POST", url=URL)


def claimed(*ids, claim="c1"):
    messages = [
        {"id": each, "href": f"/v2/queues/q/messages/{each}?claim_id={claim}", "ttl": 60, "age": 0, "body": each}
        for each in ids
    ]
    return answer(201, headers=[("Location", f"/v2/queues/q/claims/{claim}")], json={"messages": messages})


@pytest.fixture
def queue_over(make_client):
    def make(*script):
        client, transport = make_client(*script, retry=NO_RETRY)
        return client.queue("q"), transport

    return make


def sent(script):
    return [f"{r.method} {r.url.removeprefix(URL + '/v2/queues/q/')}" for r in script.requests]


def test_each_message_is_deleted_with_its_claim_before_the_next_is_given(queue_over):
    queue, script = queue_over(claimed("a", "b"), OK, OK, NOTHING)
    order = [(message.body, len(script.requests)) for message in queue.consume(poll=None)]
    assert order == [("a", 1), ("b", 2)]
    claim = "POST claims"
    assert sent(script) == [claim, "DELETE messages/a?claim_id=c1", "DELETE messages/b?claim_id=c1", claim]


def test_message_that_the_handler_deleted_is_not_deleted_again(queue_over):
    queue, script = queue_over(claimed("a"), OK, NOTHING)
    for message in queue.consume(poll=None):
        message.delete()
    assert sent(script).count("DELETE messages/a?claim_id=c1") == 1


def test_empty_queue_is_asked_again_after_a_while(queue_over):
    queue, script = queue_over(NOTHING, NOTHING, claimed("a"), OK)
    assert next(iter(queue.consume(poll=7))).body == "a"
    assert script.sleeps == [7, 7]


def test_nothing_is_claimed_before_the_first_message_is_wanted(queue_over):
    queue, script = queue_over()
    iter(queue.consume())
    assert script.requests == []


def test_claim_that_was_lost_ends_with_the_message_in_hand(queue_over, caplog):
    queue, script = queue_over(claimed("a", "b"), LOST, claimed("b", claim="c2"), OK, NOTHING)
    with caplog.at_level(logging.WARNING):
        seen = [message.body for message in queue.consume(poll=None)]
    assert seen == ["a", "b"]
    assert "DELETE claims/c1" not in sent(script)
    assert caplog.messages == ["marconi.claim_lost"]


@pytest.mark.parametrize("trouble", [AWAY, REFUSED, answer(429)])
def test_service_that_is_away_is_waited_for(queue_over, trouble, caplog):
    queue, script = queue_over(trouble, claimed("a"), trouble, trouble, OK, claimed("b"))
    with caplog.at_level(logging.WARNING):
        messages = iter(queue.consume(poll=3))
        assert [next(messages).body, next(messages).body] == ["a", "b"]
    assert script.sleeps == [3, 3, 3]
    assert caplog.messages == ["marconi.service_away"] * 3
    script.add(OK)
    messages.close()


def test_claim_whose_answer_was_lost_is_made_anew(queue_over):
    """What the lost one holds comes back when it ends."""
    queue, _ = queue_over(Cut("cut", method="POST", url=URL), claimed("a"), OK)
    messages = iter(queue.consume(poll=1))
    assert next(messages).body == "a"
    messages.close()


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (answer(403), errors.Forbidden),
        (answer(404), errors.NotFound),
        (TlsFailed("bad", method="POST", url=URL), errors.ConnectionFailed),
    ],
)
def test_service_that_will_not_is_not_waited_for(queue_over, trouble, error):
    queue, script = queue_over(trouble)
    with pytest.raises(error):
        next(iter(queue.consume(poll=3)))
    assert script.sleeps == []


def test_consumer_that_drains_raises_and_releases(queue_over):
    queue, script = queue_over(claimed("a", "b"), AWAY, OK)
    with pytest.raises(errors.ServiceUnavailable):
        list(queue.consume(poll=None))
    assert sent(script)[-1] == "DELETE claims/c1"


def test_release_that_fails_is_left_to_the_end_of_the_claim(queue_over, caplog):
    queue, _ = queue_over(claimed("a"), REFUSED)
    messages = iter(queue.consume())
    next(messages)
    with caplog.at_level(logging.WARNING):
        messages.close()
    assert caplog.messages == ["marconi.claim_not_released"]


def test_finished_claim_is_not_released(queue_over):
    queue, script = queue_over(claimed("a"), OK, NOTHING)
    assert len(list(queue.consume(poll=None))) == 1
    assert not [line for line in sent(script) if line.startswith("DELETE claims")]


@pytest.mark.parametrize("wrong", [{"ttl": 0}, {"poll": 0}, {"longest": -1}])
def test_times_that_cannot_be_are_refused(queue_over, wrong):
    queue, _ = queue_over()
    with pytest.raises(errors.UsageError):
        queue.consume(**wrong)


def upkeep(queue, **options):
    return Upkeep(run_blocking(queue._core.claim(ttl=90, grace=60)), options.get("longest"))


def test_claim_is_renewed_when_a_third_of_it_is_over(queue_over):
    queue, script = queue_over(claimed("a"), OK)
    held = upkeep(queue)
    assert held.pause == 30
    assert run_blocking(held.renew())
    assert sent(script)[-1] == "PATCH claims/c1"


def test_renewal_that_fails_is_tried_sooner(queue_over, caplog):
    queue, _ = queue_over(claimed("a"), AWAY, REFUSED, OK)
    held = upkeep(queue)
    with caplog.at_level(logging.WARNING):
        pauses = [held.pause for _ in range(3) if run_blocking(held.renew())]
    assert pauses == [9, 9, 30]
    assert caplog.messages == ["marconi.claim_not_renewed"] * 2


def test_claim_that_has_ended_is_not_renewed_again(queue_over):
    queue, _ = queue_over(claimed("a"), GONE)
    held = upkeep(queue)
    assert not run_blocking(held.renew())
    assert held.is_lost
    assert not run_blocking(held.renew())


def test_message_is_held_no_longer_than_allowed_and_the_next_anew(queue_over):
    queue, script = queue_over(claimed("a", "b"), OK, OK, OK)
    held = upkeep(queue, longest=61)
    assert [run_blocking(held.renew()) for _ in range(3)] == [True, True, False]
    held.take()
    assert run_blocking(held.renew())
    script.done()
