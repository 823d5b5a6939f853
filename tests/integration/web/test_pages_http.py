"""Every page answers in HTML and in JSON, safely, small enough, and with words where something is wrong."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from buildyard.farm.web.env import assets

PAGES = ("/", "/packages", "/project/msgpack/", "/builds", "/builders", "/events", "/request")
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(farm: Any, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(farm.url).netloc, timeout=20)
    told = {"accept": HTML, **{key.replace("_", "-"): value for key, value in headers.items()}}
    connection.request(method, path, body, told)
    answer = connection.getresponse()
    found = Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
    connection.close()
    return found


class Outline(HTMLParser):
    """What a reader of the page's structure sees."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=[*PAGES, "building numpy", "failed", "built"])
def page(request: pytest.FixtureRequest, farm: Any) -> Answer:
    name: str = request.param
    path = name if name.startswith("/") else f"/builds/{farm.known[name]}"
    answer = get(farm, path)
    assert answer.status == 200
    return answer


def test_a_page_is_well_formed(page: Answer) -> None:
    outline = Outline(page.text)
    assert outline.open == []
    assert len(outline.all("h1")) == len(outline.all("main")) == 1
    assert page.text.count("<title>", 0, page.text.index("</head>")) == 1


def test_ids_are_unique(page: Answer) -> None:
    ids = [attributes["id"] for _, attributes in Outline(page.text).tags if "id" in attributes]
    assert len(set(ids)) == len(ids)


def test_a_page_keeps_its_policy(page: Answer) -> None:
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert page.headers["x-content-type-options"] == "nosniff"
    outline = Outline(page.text)
    assert not [attributes for _, attributes in outline.tags if "style" in attributes]
    assert all(script.get("src", "").startswith("/static/") for script in outline.all("script"))


def test_a_page_asks_no_other_site_for_anything(page: Answer) -> None:
    for _, attributes in Outline(page.text).tags:
        for name in ("src", "href", "action"):
            assert not (attributes.get(name) or "").startswith(("http", "//")), attributes


def test_every_icon_of_a_page_has_a_name_or_is_hidden(page: Answer) -> None:
    for svg in Outline(page.text).all("svg"):
        if "class" in svg and "i" in (svg["class"] or "").split():
            assert svg.get("aria-hidden") == "true" or svg.get("aria-label")


def test_the_first_page_is_small(farm: Any) -> None:
    page = get(farm, "/", accept_encoding="gzip")
    styles = assets()["style.css"].packed
    script = assets()["live.js"].packed
    assert len(page.body) + len(styles) + len(script) < 60_000
    assert b"Building now" in gzip.decompress(page.body)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_a_twin_in_json(farm: Any, path: str) -> None:
    answer = get(farm, path, accept="application/json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json


@pytest.mark.parametrize("path", ["/", "/packages", "/builds", "/builders", "/events", "/request"])
def test_a_page_names_its_twin(farm: Any, path: str) -> None:
    links = Outline(get(farm, path).text).all("link")
    (twin,) = [link["href"] for link in links if link.get("rel") == "alternate"]
    assert twin is not None
    assert get(farm, twin).headers["content-type"] == "application/json"


def test_the_overview_in_json_is_the_status(farm: Any) -> None:
    told = get(farm, "/index.json").json
    assert (told["schema"], told["counts"]["building"]) == (1, 6)
    assert told["headline"] in get(farm, "/").text


def test_the_title_of_the_overview_is_its_headline(farm: Any) -> None:
    assert re.search(
        r"<title>6 building, 482 waiting\. Everything but riscv64 clears in \d+ minutes\. –", get(farm, "/").text
    )


def test_a_project_has_json_where_piwheels_has_it(farm: Any) -> None:
    assert get(farm, "/project/msgpack/json").json["name"] == "msgpack"


def test_a_build_in_json_is_that_of_the_api(farm: Any) -> None:
    told = get(farm, f"/builds/{farm.known['failed']}.json").json
    assert (told["state"], told["kind"], told["log_line"]) == ("failed", "compile_error", 46)


def test_without_a_script_pages_load_themselves_again(farm: Any) -> None:
    overview = get(farm, "/").text
    running = get(farm, f"/builds/{farm.known['building numpy']}").text
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in overview
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in running
    assert "refresh" not in get(farm, f"/builds/{farm.known['built']}").text.partition("</head>")[0]


def test_what_a_build_prints_never_becomes_markup(farm: Any) -> None:
    text = get(farm, f"/builds/{farm.known['failed']}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "\x1b" not in text


def test_the_line_that_tells_why_is_linked_from_the_banner_and_tinted(farm: Any) -> None:
    text = get(farm, f"/builds/{farm.known['failed']}").text
    assert 'href="#L46"' in text
    assert re.search(r'<div class="l cause" id="L46">', text)


def test_folded_lines_can_be_opened_without_a_script(farm: Any) -> None:
    path = f"/builds/{farm.known['building numpy']}"
    fold = re.search(r'href="\?(lines=\d+-\d+)#L(\d+)"', get(farm, path).text)
    assert fold is not None
    assert f'id="L{fold[2]}"' in get(farm, f"{path}?{fold[1]}").text


def test_errors_alone_can_be_shown(farm: Any) -> None:
    text = get(farm, f"/builds/{farm.known['failed']}?only=errors").text
    assert re.findall(r'id="L(\d+)"><a', text) == ["46", "49", "50"]


def test_the_raw_log_is_text_with_ranges(farm: Any) -> None:
    path = f"/builds/{farm.known['failed']}/log"
    whole = get(farm, path)
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert whole.body.startswith(b"fetch\n")
    part = get(farm, path, range="bytes=0-4")
    assert (part.status, part.body) == (206, b"fetch")


def test_the_raw_log_of_a_running_build_is_sent_as_far_as_it_goes(farm: Any) -> None:
    number = farm.known["building numpy"]
    answer = get(farm, f"/builds/{number}/log", range="bytes=0-4")
    assert (answer.status, len(answer.body)) == (200, farm.logs.size(f"task-{number:06d}-aaaaaaaaaa", 0))


def test_a_build_without_a_log_has_an_empty_one(farm: Any) -> None:
    queued = get(farm, "/builds.json?state=queued").json["builds"][0]["id"]
    answer = get(farm, f"/builds/{queued}/log")
    assert (answer.status, answer.body) == (200, b"")


def test_one_match_leads_to_the_package(farm: Any) -> None:
    answer = get(farm, "/packages?q=cryptogr")
    assert (answer.status, answer.headers["location"]) == (303, "/project/cryptography/")


@pytest.mark.parametrize(
    ("path", "location"), [("/project/MsgPack/", "/project/msgpack/"), ("/project/six", "/project/six/")]
)
def test_names_are_normalised(farm: Any, path: str, location: str) -> None:
    answer = get(farm, path)
    assert (answer.status, answer.headers["location"]) == (301, location)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "unknown_page"),
        ("/project/markupsafee/", 404, "unknown_package"),
        ("/builds/999999", 404, "unknown_build"),
        ("/builds?state=odd", 400, "bad_query"),
        ("/builds?before=x", 400, "bad_query"),
        ("/builds?request=999", 404, "unknown_request"),
        ("/events?topic=odd", 400, "bad_query"),
        ("/events/stream?page=odd", 400, "bad_query"),
        ("/events/stream?after=x", 400, "bad_query"),
        ("/simple/nothing/", 404, "unknown_project"),
        ("/static/nothing.css", 404, "unknown_file"),
    ],
)
def test_what_is_wrong_is_told_to_people_and_scripts_alike(farm: Any, path: str, status: int, code: str) -> None:
    page = get(farm, path)
    told = get(farm, path, accept="application/json")
    assert page.status == told.status == status
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json["code"] == code
    assert Outline(page.text).open == []
    assert re.search(r"req [0-9a-f]{6}", page.text)


def test_an_address_used_wrongly_says_so(farm: Any) -> None:
    assert get(farm, "/builds", "DELETE").status == 405


def test_an_unknown_package_offers_what_it_may_have_been(farm: Any) -> None:
    text = get(farm, "/project/markupsafee/").text
    assert "Did you mean" in text
    assert 'href="/project/markupsafe/"' in text


def test_pip_gets_its_error_in_json(farm: Any) -> None:
    accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
    assert get(farm, "/simple/nothing/", accept=accept).json["code"] == "unknown_project"


@pytest.mark.parametrize("name", ["style.css", "live.js", "icon.svg"])
def test_static_files_are_kept_for_ever(farm: Any, name: str) -> None:
    answer = get(farm, f"/static/{assets()[name].name}", accept_encoding="gzip")
    assert "immutable" in answer.headers["cache-control"]
    assert gzip.decompress(answer.body) == assets()[name].body


def token_of(page: Answer) -> dict[str, str]:
    (field,) = [one for one in Outline(page.text).all("input") if one.get("type") == "hidden"][:1]
    cookie = page.headers["set-cookie"].partition(";")[0]
    return {"cookie": cookie, "token": field["value"] or ""}


def send(farm: Any, path: str, page: Answer, **fields: str) -> Answer:
    known = token_of(page)
    body = urlencode({"token": known["token"], **fields}).encode()
    form = {"content_type": "application/x-www-form-urlencoded", "origin": farm.url}
    return get(farm, path, "POST", body, cookie=known["cookie"], **form)


def test_asking_for_packages_leads_to_their_builds(own_farm: Any) -> None:
    answer = send(own_farm, "/request", get(own_farm, "/request"), requirements="six\nwrapt<2", abi="cp312")
    assert answer.status == 303
    cookies = answer.headers["set-cookie"].partition(";")[0]
    page = get(own_farm, answer.headers["location"], cookie=cookies)
    assert "Asked for 2 packages" in page.text
    assert "being planned" in page.text


def test_what_cannot_be_asked_for_stays_in_the_field(own_farm: Any) -> None:
    answer = send(own_farm, "/request", get(own_farm, "/request"), requirements="six\nwhat >>> this")
    assert answer.status == 400
    assert "“what &gt;&gt;&gt; this” is no requirement." in answer.text
    assert "what &gt;&gt;&gt; this</textarea>" in answer.text


def test_a_failed_build_can_be_tried_again(own_farm: Any) -> None:
    path = f"/builds/{own_farm.known['failed']}"
    answer = send(own_farm, f"{path}/retry", get(own_farm, path))
    assert (answer.status, answer.headers["location"]) == (303, path)
    assert get(own_farm, f"{path}.json").json["state"] == "queued"


@pytest.mark.parametrize("path", ["/request", "/builds/1/retry"])
def test_a_form_of_another_site_is_refused(farm: Any, path: str) -> None:
    form = {"content_type": "application/x-www-form-urlencoded", "origin": "http://evil.invalid"}
    assert get(farm, path, "POST", b"requirements=six", **form).status == 403


def test_nobody_can_frame_a_page_or_read_it_from_elsewhere(farm: Any) -> None:
    headers = get(farm, "/").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


def test_a_farm_that_was_never_asked_shows_three_steps(empty_farm: Any) -> None:
    text = get(empty_farm, "/").text
    assert re.findall(r"<h2>(Ask for packages|Install from this farm|Add builders)", text) == [
        "Ask for packages",
        "Install from this farm",
        "Add builders",
    ]
    assert f"pip install --index-url {empty_farm.url}/simple/ markupsafe" in text
    assert "1 builder with 2 slots found 4 Pythons." in text


def test_the_install_line_names_what_was_asked_for(farm: Any) -> None:
    assert f"pip install --index-url {farm.url}/simple/ msgpack" in get(farm, "/").text
