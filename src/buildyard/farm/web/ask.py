"""Asking for packages in the browser: a field for names, boxes for Pythons.

What is written wrongly stays in the field, with the reason beside it; what is right becomes a request, and its builds
are the next page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from starlette.requests import Request
from starlette.responses import Response

from buildyard.farm.abi import Abi, sorted_abis
from buildyard.farm.builds.views import known_interpreters
from buildyard.farm.builds.words import plural
from buildyard.farm.problems import Problem
from buildyard.farm.web import csrf
from buildyard.farm.web.respond import ASK, answer, require, see_other
from buildyard.farm.web.rooms import WebRooms

_MOST = 1000


class Form(Struct, frozen=True, kw_only=True):
    """What was written into the form."""

    text: str = ""
    abis: tuple[str, ...] = ()
    deps: bool = True
    error: str = ""  #: why it cannot be asked for like this


async def form(rooms: WebRooms, request: Request) -> Response:
    """Answer ``GET /request``; ``?q=`` fills in a name."""
    require(request, ASK)
    return await _page(rooms, request, Form(text=request.query_params.get("q", "")[:200]))


async def ask(rooms: WebRooms, request: Request) -> Response:
    """Answer ``POST /request``."""
    require(request, ASK)
    written = _written(await csrf.checked_form(rooms.secret, request))
    try:
        wanted, abis = requirements_of(written.text), _abis_of(written.abis)
        asked_by = str(getattr(request.state, "client_id", "") or "the dashboard")
        number = await rooms.requests_service.ask(wanted, abis, deps=written.deps, asked_by=asked_by)
    except Problem as problem:
        if problem.status != 400:
            raise
        told = " ".join(filter(None, (problem.title, problem.detail, problem.next)))
        return await _page(rooms, request, Form(text=written.text, abis=written.abis, deps=written.deps, error=told))
    return see_other(
        request, f"/builds?request={number}", f"Asked for {plural(len(wanted), 'package')}: request {number}."
    )


def requirements_of(text: str) -> list[str]:
    """Return the requirements in a text: names, one a line or apart by spaces, or a requirements file.

    Comments and options are left out.  Raises `Problem` (400) for what is no requirement, and where there is none.
    """
    lines = (line.partition(" #")[0].strip() for line in text.splitlines() if not line.lstrip().startswith(("#", "-")))
    found = [one for line in lines if line for one in _in_line(line)]
    if not 1 <= len(found) <= _MOST:
        raise Problem(
            400, "bad_request", "Name at least one package." if not found else f"Name at most {_MOST} packages."
        )
    return found


def _in_line(line: str) -> Sequence[str]:
    """Return a line's requirements: the line is one, or names apart by spaces or commas."""
    hashless = line.partition(" --")[0].rstrip(" \\")
    try:
        return [_requirement(hashless)]
    except InvalidRequirement as error:
        names = [name for name in hashless.replace(",", " ").split() if name]
        try:
            return [_requirement(name) for name in names]
        except InvalidRequirement:
            raise Problem(
                400, "bad_requirement", f"“{line[:80]}” is no requirement.", next="Write it as in: wrapt<2."
            ) from error


def _requirement(text: str) -> str:
    parsed = Requirement(text)
    if parsed.url is not None:
        raise Problem(400, "bad_requirement", f"“{text[:80]}” names an address; the farm builds what its index has.")
    return str(parsed)


def _abis_of(abis: Sequence[str]) -> list[str]:
    try:
        return sorted_abis(set(abis))
    except ValueError as error:
        raise Problem(400, "bad_abi", str(error)) from error


def _written(fields: Mapping[str, list[str]]) -> Form:
    return Form(
        text=fields.get("requirements", [""])[0],
        abis=tuple(abi for abi in fields.get("abi", []) if abi)[:100],
        deps="no_deps" not in fields,
    )


async def _page(rooms: WebRooms, request: Request, written: Form) -> Response:
    known = await rooms.store.read(known_interpreters)
    abis = sorted({abi for there in known.values() for abi in there}, key=Abi.parse)
    twin = {"abis": abis, "ask": "POST /api/farm/v1/requests", "error": written.error}
    status = 400 if written.error else 200
    context = {"form": written, "abis": abis}
    return answer(rooms, request, "request.html", context, twin=twin, title="Ask for packages", status=status)
