"""A table at the foot of the terminal that is drawn over and over, and gone at the end.

rich moves the cursor; what is drawn comes from `report`.  Imported only where there is a terminal, as rich costs a
tenth of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from buildyard.cli.screen import Screen

#: Lines of the window that are left alone.
_MARGIN = 2


@contextmanager
def live_table(screen: Screen, lines: Callable[[int], list[str]], redraws: int) -> Iterator[None]:
    """Redraw what ``lines`` gives for a height, so many times a second, until the context is left."""
    console = Console(
        file=screen.stderr,
        force_terminal=True,
        width=screen.err.width,
        no_color=not screen.err.color,
        legacy_windows=False,
        highlight=False,
    )

    def draw() -> Text:
        height = max(console.size.height - _MARGIN, 1)
        shown = [screen.err.spelled(line) for line in lines(height)]
        return Text.from_ansi("\n".join(shown), no_wrap=True, overflow="crop", end="")

    def above(text: str) -> None:
        console.print(Text.from_ansi(text), soft_wrap=True)

    with Live(
        console=console,
        get_renderable=draw,
        refresh_per_second=redraws,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="crop",
    ):
        screen.above = above
        try:
            yield
        finally:
            screen.above = None
