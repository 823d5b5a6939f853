"""The stylesheet keeps its contrasts, and the pages their budget and their promises."""

from __future__ import annotations

import re
from itertools import product

import pytest

from buildyard.farm.web.env import assets, environment

SCHEMES = ("light", "dark")
WORDS = ("text", "muted", "link", "ok", "bad", "run", "warn", "cover")
ANSI = tuple(f"a-{name}" for name in ("red", "green", "yellow", "blue", "magenta", "cyan", "dim"))


def tokens(scheme: str) -> dict[str, str]:
    css = assets()["style.css"].body.decode()
    light, dark = re.findall(r":root \{(.*?)\n\s*\}", css, re.S)[:2]
    found = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(("scheme", "name"), list(product(SCHEMES, WORDS + ANSI)))
def test_text_can_be_read_on_every_ground(scheme: str, name: str) -> None:
    known = tokens(scheme)
    assert contrast(known[name], known["panel"]) >= 5.6
    for ground in ("bg", "sunk"):
        assert contrast(known[name], known[ground]) >= 5, ground


@pytest.mark.parametrize(("scheme", "name"), list(product(SCHEMES, (*WORDS, "a-red", "a-yellow"))))
def test_text_can_be_read_on_tints(scheme: str, name: str) -> None:
    known = tokens(scheme)
    for ground in ("mark", "badbg"):
        assert contrast(known[name], known[ground]) >= 4.8, ground


@pytest.mark.parametrize("scheme", SCHEMES)
def test_edges_and_bars_can_be_seen(scheme: str) -> None:
    known = tokens(scheme)
    assert all(contrast(known[name], known["panel"]) >= 3 for name in ("edge", "chart", "chart2", "ok", "bad", "run"))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_buttons_can_be_read(scheme: str) -> None:
    known = tokens(scheme)
    assert contrast(known["text"], known["inverse"]) >= 14


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_colour_that_is_used_is_known(scheme: str) -> None:
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", assets()["style.css"].body.decode()))
    assert used - {"mono"} <= tokens(scheme).keys()


def test_the_script_stays_small() -> None:
    assert len(assets()["live.js"].body) < 8000


def test_the_stylesheet_stays_small() -> None:
    assert len(assets()["style.css"].packed) < 8000


def _templates() -> list[tuple[str, str]]:
    made = environment()
    loader = made.loader
    assert loader is not None
    return [(name, loader.get_source(made, name)[0]) for name in made.list_templates()]


@pytest.mark.parametrize(("name", "source"), _templates())
def test_no_template_breaks_the_content_security_policy(name: str, source: str) -> None:
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", source)
    assert not re.search(r"<script(?! defer src)", source)


@pytest.mark.parametrize(("name", "source"), _templates())
def test_no_template_asks_another_site_for_anything(name: str, source: str) -> None:
    assert "//" not in source.replace("http://www.w3.org/2000/svg", "")


def test_static_files_are_named_by_their_content() -> None:
    assert re.fullmatch(r"style-[0-9a-f]{8}\.css", assets()["style.css"].name)


def test_every_state_has_an_icon_in_the_sprite() -> None:
    from buildyard.farm.builds.words import LOOKS

    sprite = environment().get_template("sprite.html").render()
    assert set(LOOKS) <= set(re.findall(r'id="i-([a-z_]+)"', sprite))
