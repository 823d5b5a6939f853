"""``buildyard config show``: each setting with its value and where that comes from."""

from __future__ import annotations

from buildyard.cli.options import Json, State
from buildyard.cli.screen import Screen

EXAMPLES = ("buildyard config show", "BUILDYARD_PORT=9000 buildyard config show", "buildyard config show --json")


def show(screen: Screen, *, state: State = None, json: Json = False) -> None:
    """Print each setting, its value and its origin."""
    from buildyard.cli.causes import shown_path
    from buildyard.cli.tables import columns
    from buildyard.farm.settings import KEYS, load, masked

    loaded = load({"state": state})
    values = {name: loaded.value(name) for name in KEYS} | {"state": shown_path(loaded.settings.state)}
    index = _upstream()
    if json:
        shown = {name: {"value": masked(value), "origin": loaded.origins[name]} for name, value in values.items()}
        upstream = {"upstream": {"value": "(pip's)", "origin": index}}
        screen.json({"settings": shown | upstream, "unknown": loaded.unknown})
        return
    rows = [(name, masked(value), screen.out.dim(loaded.origins[name])) for name, value in values.items()]
    screen.result("\n".join(columns([*rows, ("upstream", "(pip's)", screen.out.dim(index))])))
    for key in loaded.unknown:
        screen.warn(str(key))


def _upstream() -> str:
    """Return where pip's own configuration names the index."""
    from buildyard.errors import BuildyardError
    from buildyard.farm.upstream.pipconfig import pip_index

    try:
        return pip_index().origin
    except BuildyardError as error:
        return f"unusable: {error}"
