"""What the documentation promises: links lead somewhere, commands exist, nothing that can be set or sent is missing."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from buildyard.cli import (
    build,
    builder,
    config,
    credentials,
    explain,
    hub,
    logs,
    request,
    status,
    up,
    watch,
)
from buildyard.cli.app import application, command_names
from buildyard.cli.bus import consume, publish, record, replay, tail
from buildyard.cli.clients import create, delete, listing
from buildyard.cli.options import spread_pythons
from buildyard.farm.events.schemas import TOPICS
from buildyard.farm.settings import KEYS

ROOT = Path(__file__).resolve().parents[3]

#: The tools are the checkout's, not the package's.
sys.path.insert(0, str(ROOT))
from tools.reference import PAGES  # noqa: E402

PAGES_BY_HAND = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
CLIENT_MODULES = (create, delete, listing)
FARM_MODULES = (build, builder, config, credentials, explain, hub, logs, request, status, up, watch, *CLIENT_MODULES)
COMMAND_MODULES = (*FARM_MODULES, consume, publish, record, replay, tail)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def commands_in(text: str) -> Iterator[str]:
    """Yield every ``buildyard ...`` that a reader is told to type."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
            found = re.match(r"(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?buildyard (.*)", line)
            if found:
                yield found[1]


def parsed(line: str) -> None:
    """Parse what follows ``buildyard`` as the program would, without running it."""
    words = shlex.split(line.partition(" | ")[0], comments=True)
    group = typer.main.get_command(application())
    assert isinstance(group, typer.core.TyperGroup)
    context = group.make_context("buildyard", spread_pythons(words))
    while isinstance(group, typer.core.TyperGroup):
        rest = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
        group = command


@pytest.mark.parametrize("page", PAGES_BY_HAND, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(read(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not heading or heading in anchors(read(linked)), target


@pytest.mark.parametrize("page", PAGES_BY_HAND, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_a_reader_is_told_to_type_are_understood(page: Path) -> None:
    for line in commands_in(read(page)):
        parsed(line)


@pytest.mark.parametrize("module", COMMAND_MODULES, ids=lambda module: str(module.__name__))
def test_examples_of_the_help_are_understood(module: object) -> None:
    examples: tuple[str, ...] = module.EXAMPLES  # type: ignore[attr-defined]
    found = [match[1] for line in examples if (match := re.search(r"buildyard ([^|)]*)", line))]
    assert found
    for line in found:
        parsed(line.strip('"'))


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_as_the_code_has_it(name: str) -> None:
    assert read(ROOT / "docs/reference" / name) == PAGES[name](), "run: make docs"


def test_every_setting_has_its_entry() -> None:
    page = read(ROOT / "docs/reference/settings.md")
    missing = [key.name for key in KEYS.values() if f"## `{key.name}`" not in page or key.variable not in page]
    assert missing == []


def test_every_event_has_its_entry() -> None:
    page = read(ROOT / "docs/reference/events.md")
    assert [topic for topic in TOPICS if f"## `{topic}`" not in page] == []


def test_every_command_has_its_entry() -> None:
    page = read(ROOT / "docs/reference/cli.md")
    assert [name for name in command_names() if f"## `buildyard {name}`" not in page] == []


def test_every_page_of_the_documentation_is_reached_from_its_index() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            seen.update(page.glob("*.md") if page.is_dir() else ())
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+)", without_code(read(page)))
        waiting += [(page.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link)]
    assert [str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page not in seen] == []


def test_fragments_of_the_changelog_say_what_kind_of_change_they_are() -> None:
    kinds = "added|changed|fixed|removed|security"
    names = [path.name for path in (ROOT / "changes").iterdir()]
    assert [name for name in names if not re.fullmatch(rf"[a-z0-9-]+\.({kinds})\.md", name)] == []
