"""A line of a log becomes text and our own spans, whatever a build prints."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildyard.farm.web.ansi import LONGEST, PLAIN, Style, render


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


@pytest.mark.parametrize(
    ("line", "html"),
    [
        ("plain <b>&\"'", "plain &lt;b&gt;&amp;&quot;&#x27;"),
        ("\x1b[31mred\x1b[0m x", '<span class="a-red">red</span> x'),
        ("\x1b[1;92mok\x1b[m", '<span class="a-green b">ok</span>'),
        ("\x1b[2mquiet", '<span class="a-dim">quiet</span>'),
        ("\x1b[3mi\x1b[23m\x1b[4mu\x1b[24m", '<span class="i">i</span><span class="u">u</span>'),
        ("\x1b[1m\x1b[31mE\x1b[22mF", '<span class="a-red b">E</span><span class="a-red">F</span>'),
        ("\x1b[31ma\x1b[39mb", '<span class="a-red">a</span>b'),
        ("\x1b[37mwhite\x1b[30mblack", "whiteblack"),
        ("\x1b[41mbackground\x1b[7minverse", "backgroundinverse"),
        ("\x9b31mred", '<span class="a-red">red</span>'),
    ],
)
def test_colours_become_classes(line: str, html: str) -> None:
    assert render(line).html == html


@pytest.mark.parametrize(
    ("codes", "colour"),
    [
        ("38;5;1", "red"),
        ("38;5;46", "green"),
        ("38;5;8", "dim"),
        ("38;5;240", "dim"),
        ("38;5;255", ""),
        ("38;5;999", ""),
        ("38;2;255;0;0", "red"),
        ("38;2;250;250;20", "yellow"),
        ("38;2;10;200;30", "green"),
        ("38;2;0;200;220", "cyan"),
        ("38;2;40;60;230", "blue"),
        ("38;2;220;40;230", "magenta"),
        ("38;2;128;128;130", "dim"),
        ("38;5", ""),
        ("38;2;1", ""),
        ("48;5;1", ""),
    ],
)
def test_256_and_true_colours_become_the_nearest_token(codes: str, colour: str) -> None:
    assert render(f"\x1b[{codes}mx").style.colour == colour


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("a 10%\ra 100%", "a 100%"),
        ("downloading\rdone\x1b[K", "done"),
        ("abc\b\bX", "aXc"),
        ("12345\x1b[3DX", "12X45"),
        ("abc\x1b[1Gx", "xbc"),
        ("a\x1b[3Cb", "a   b"),
        ("abc\x1b[1K", ""),
        ("old\x1b[2K\rnew", "new"),
        ("a\tb\x00c", "a\tbc"),
    ],
)
def test_cursor_movement_is_folded_to_its_last_state(line: str, shown: str) -> None:
    assert text_of(render(line).html) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b]8;;http://x.invalid\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("\x1bPq#0;<script>\x1b\\ok", "ok"),
        ("\x1b(Bx\x1b=y", "xy"),
        ("x\x1b[?25lz", "xz"),
        ("cut \x1b[1;31", "cut"),
        ("cut \x1b]0;never ended <b>", "cut"),
        ("\u202eevil\u2066", "�evil�"),
    ],
)
def test_other_escapes_never_reach_the_page(line: str, shown: str) -> None:
    assert text_of(render(line).html) == shown


def test_a_style_goes_on_in_the_next_line() -> None:
    first = render("\x1b[31mred")
    assert render("still", first.style).html == '<span class="a-red">still</span>'


def test_a_line_that_goes_up_says_over_how_many_it_writes() -> None:
    assert render("\x1b[3A\x1b[2Kup").ups == 3


@pytest.mark.parametrize(
    ("line", "html"),
    [
        ("a.c:1:2: error: no <x>", 'a.c:1:2: <span class="a-red b">error:</span> no &lt;x&gt;'),
        ("a.c:1: warning: hm", 'a.c:1: <span class="a-yellow b">warning:</span> hm'),
        ("error[E0308]: types", '<span class="a-red b">error[E0308]:</span> types'),
        ("no terror: here", "no terror: here"),
    ],
)
def test_words_of_compilers_are_coloured_where_nothing_is(line: str, html: str) -> None:
    assert render(line).html == html


def test_a_very_long_line_is_cut_in_its_middle() -> None:
    shown = text_of(render("a" * 100_000 + "z").html)
    assert len(shown) < LONGEST + 100
    assert shown.endswith("z")
    assert "84,001 characters left out here" in shown


_NOISE = st.text(st.sampled_from("\x1b\x9b[]P;:?0123456789mKGACDJH\r\b\t\x07\\<>&\"'ab "), max_size=60)


@given(_NOISE)
def test_nothing_but_text_and_our_spans_comes_out(line: str) -> None:
    html = render(line).html
    without_spans = re.sub(r'<span class="[a-z -]+">|</span>', "", html)
    assert "<" not in without_spans
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)


@given(_NOISE)
def test_spans_are_closed(line: str) -> None:
    html = render(line, Style(colour="red")).html
    assert html.count("<span") == html.count("</span>")


def test_plain_text_stays_as_it_is() -> None:
    assert render("running bdist_wheel", PLAIN).html == "running bdist_wheel"
