"""The pages in Chromium: live without a reload, whole without a script, right on a phone and in the dark."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from buildyard.farm.builds.words import ago, duration, iso
from buildyard.farm.events.outbox import record
from buildyard.farm.events.schemas import BuilderSeen
from buildyard.farm.store.tables import builds, runs, tasks
from support.demo_farm import Rows

PAGES = ("/", "/packages", "/project/msgpack/", "/builds", "/builders", "/events", "/request", "/nothing")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def look(browser: Any) -> Iterator[Any]:
    """Open a page in a window of its own; what the browser complains of fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(address: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if "404" not in text] == []


def happen(farm: Any, name: str) -> None:
    seen = BuilderSeen(builder=name, platform="linux_x86_64", slots=1)
    farm.write(lambda connection: record(connection, time.time(), [seen]))


def task_of(farm: Any, name: str) -> str:
    return f"task-{farm.known[name]:06d}-aaaaaaaaaa"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["wide", "phone", "dark"])
def test_nothing_sticks_out_of_a_page(farm: Any, look: Any, path: str, options: dict[str, Any]) -> None:
    page = look(farm.url + path, **options)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dark_is_dark(farm: Any, look: Any) -> None:
    page = look(farm.url, color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 17, 19)"


def test_an_event_appears_without_a_reload(own_farm: Any, look: Any) -> None:
    page = look(own_farm.url)
    page.evaluate("window.mark = 'same page'")
    page.locator("#pulse", has_text="Live").wait_for()
    happen(own_farm, "brand-new-builder")
    page.locator("#latest", has_text="brand-new-builder").wait_for()
    assert page.evaluate("window.mark") == "same page"


def test_log_lines_are_appended(own_farm: Any, look: Any) -> None:
    page = look(f"{own_farm.url}/builds/{own_farm.known['building numpy']}")
    task = task_of(own_farm, "building numpy")
    size = own_farm.logs.size(task, 0)
    page.locator("#pulse", has_text="Live").wait_for()
    own_farm.logs.append(task, 0, size, b"[622/779] brand new line\n", 1900.0)
    line = page.locator("#L737")
    line.wait_for()
    assert "brand new line" in line.inner_text()
    assert page.evaluate(
        "(log => log.scrollTop + log.clientHeight > log.scrollHeight - 40)(document.getElementById('log'))"
    )


def test_a_reader_who_scrolled_back_is_left_alone(own_farm: Any, look: Any) -> None:
    page = look(f"{own_farm.url}/builds/{own_farm.known['building numpy']}")
    task = task_of(own_farm, "building numpy")
    page.locator("#pulse", has_text="Live").wait_for()
    page.evaluate("document.getElementById('log').scrollTop = 100")
    page.wait_for_timeout(200)
    own_farm.logs.append(task, 0, own_farm.logs.size(task, 0), b"another\n", 1900.0)
    page.locator("#L737").wait_for(state="attached")
    assert page.evaluate("document.getElementById('log').scrollTop") == 100


def test_a_build_that_fails_shows_why_without_a_reload(own_farm: Any, look: Any) -> None:
    number = own_farm.known["building numpy"]
    page = look(f"{own_farm.url}/builds/{number}")
    page.locator("#pulse", has_text="Live").wait_for()
    task = task_of(own_farm, "building numpy")

    def fail(connection: Any) -> None:
        now = time.time()
        told = {"state": "failed", "kind": "out_of_memory", "reason": "3.9 of 4 GB while linking", "final": True}
        connection.execute(update(builds).where(builds.c.id == number).values(**told, finished=now))
        connection.execute(update(runs).where(runs.c.task_id == task).values(state="failed", resolved=now))
        connection.execute(update(tasks).where(tasks.c.task_id == task).values(state="failed"))
        record(connection, now, [BuilderSeen(builder="any", platform="linux_x86_64", slots=1)])

    own_farm.write(fail)
    page.locator(".banner", has_text="Out of memory: 3.9 of 4 GB while linking.").wait_for()
    page.locator("button", has_text="Retry").wait_for()
    assert page.title().startswith("Failed: numpy 2.2.1")


def test_the_first_run_ends_with_the_first_request(empty_farm: Any, look: Any) -> None:
    page = look(empty_farm.url)
    page.locator("textarea").fill("six")
    page.locator("button", has_text="Build these").click()
    page.wait_for_url("**/builds?request=1")
    assert "Asked for 1 package: request 1." in page.locator(".flash").inner_text()
    page.goto(empty_farm.url)
    assert page.locator("h1").inner_text() == "1 request being planned."


def test_another_window_leaves_the_first_run_too(empty_farm: Any, look: Any) -> None:
    page = look(empty_farm.url)
    page.locator("#pulse", has_text="Live").wait_for()
    empty_farm.write(lambda connection: Rows(connection, time.time()).request(["six"], state="asked"))
    page.locator("#building").wait_for()


def test_a_failed_build_is_tried_again_with_a_click(own_farm: Any, look: Any) -> None:
    page = look(f"{own_farm.url}/builds/{own_farm.known['failed']}")
    page.locator("button", has_text="Retry").click()
    page.locator(".flash", has_text="cffi 1.17.1 cp313t is queued again.").wait_for()


def test_without_a_script_a_page_is_whole(farm: Any, look: Any) -> None:
    page = look(f"{farm.url}/builds/{farm.known['building numpy']}", java_script_enabled=False)
    assert page.locator("#L736").count() == 1
    assert page.locator(".copy").first.is_hidden()
    assert "refreshes every 10 s" in page.locator("noscript").last.inner_text()


def test_a_line_of_the_log_can_be_linked(farm: Any, look: Any) -> None:
    page = look(f"{farm.url}/builds/{farm.known['failed']}#L46-L48")
    page.locator(".l.picked").nth(2).wait_for()


def test_a_folded_line_that_is_linked_is_fetched(farm: Any, look: Any) -> None:
    page = look(f"{farm.url}/builds/{farm.known['built']}#L100")
    page.wait_for_url("**?lines=100-100#L100")
    page.locator("#L100.picked").wait_for()


def test_one_click_copies_the_command(farm: Any, look: Any) -> None:
    page = look(farm.url)
    page.locator(".install .copy").click()
    assert page.locator(".install .copy").inner_text() == "Copied"
    assert page.evaluate("getSelection().toString()").startswith("pip install --index-url")


def test_keys_lead_to_pages_and_to_the_search_field(farm: Any, look: Any) -> None:
    page = look(farm.url)
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/builds")
    page.keyboard.press("/")
    page.keyboard.type("msgpack")
    page.keyboard.press("Enter")
    page.wait_for_url("**/project/msgpack/")


def test_keys_can_be_listed_and_switched_off(farm: Any, look: Any) -> None:
    page = look(farm.url)
    page.keyboard.press("?")
    page.locator("dialog input").uncheck()
    page.locator("dialog button").click()
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_timeout(300)
    assert page.url == f"{farm.url}/"


def test_a_lost_stream_is_told_and_found_again(own_farm: Any, look: Any) -> None:
    page = look(own_farm.url)
    page.locator("#pulse", has_text="Live").wait_for()
    own_farm.stop_streams()
    page.locator("#pulse", has_text="Reconnecting, data from").wait_for()
    own_farm.resume_streams()
    page.locator("#pulse", has_text="Live").wait_for()


def test_times_go_on_while_a_page_is_open(farm: Any, look: Any) -> None:
    page = look(f"{farm.url}/builders")
    before = page.locator("[data-since]").first.inner_text()
    page.wait_for_function("before => document.querySelector('[data-since]').innerText !== before", arg=before)


@pytest.mark.parametrize("age", [5, 59, 75, 3599, 3700, 90_000, 40 * 86400, 120 * 86400, 900 * 86400])
def test_the_script_tells_times_as_the_server_does(farm: Any, look: Any, age: int) -> None:
    page = look(f"{farm.url}/request")
    at = time.time() - age
    page.evaluate(
        "at => { document.querySelector('main').insertAdjacentHTML('beforeend',"
        " `<time id=a datetime=${at}></time><i id=b data-since=${at}></i>`); }",
        iso(at),
    )
    page.wait_for_function("() => document.querySelector('#a').innerText && document.querySelector('#b').innerText")
    told = {(ago(age + late), duration(age + late)) for late in range(10)}
    assert (page.locator("#a").inner_text(), page.locator("#b").inner_text()) in told


def test_targets_on_a_phone_are_large_enough(farm: Any, look: Any) -> None:
    page = look(farm.url, **PHONE)
    heights = page.evaluate("[...document.querySelectorAll('nav a, .button, .find input')].map(e => e.offsetHeight)")
    assert min(heights) >= 44


def test_the_skip_link_leads_past_the_navigation(farm: Any, look: Any) -> None:
    page = look(farm.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
