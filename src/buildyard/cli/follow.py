"""Follow one request at its hub until all of it has ended, and show it meanwhile.

`up` and `request --wait` use this.  A hub that goes away is waited for: it is told once, and the request goes on where
it was when the hub is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from buildyard.cli.answers import BuildAnswer, RequestAnswer
from buildyard.cli.client import Farm
from buildyard.cli.refusals import refusal
from buildyard.cli.screen import Screen
from buildyard.cli.show import ProgressShow
from buildyard.cli.trouble import Trouble
from buildyard.errors import ServerFault, TransportError

#: Seconds between two looks: a person watches, and a look costs the hub two statements.
_FIRST_POLL_S = 0.15
_POLL_S = 0.5

#: Waits for so many seconds and tells whether to stop.
Wait = Callable[[float], bool]


class Stopped(Exception):
    """Whoever waits has been told to stop."""


def patient(seconds: float) -> bool:
    """Wait, and never stop."""
    time.sleep(seconds)
    return False


def planned(farm: Farm, number: int, screen: Screen, wait: Wait = patient) -> RequestAnswer:
    """Return a request once it is planned; what it waits for meanwhile is told.

    Raises `Trouble` where it cannot be planned, and `Stopped`.
    """
    told = ""
    while (request := farm.request(number)).state == "asked":
        if request.reason and request.reason != told:
            told = request.reason
            screen.warn(f"request {number} waits: {told}")
        if wait(_FIRST_POLL_S):
            raise Stopped
    if request.state == "failed":
        raise refusal_of(request)
    return request


def followed(
    farm: Farm,
    request: RequestAnswer,
    show: ProgressShow,
    screen: Screen,
    *,
    wait: Wait = patient,
    is_over: Callable[[BuildAnswer], bool] = lambda build: build.is_settled,
) -> RequestAnswer:
    """Return the request once ``is_over`` holds for each of its builds, shown on the way.  Raises `Stopped`."""
    is_silent = False
    show.begin(request.builds)
    while not all(is_over(build) for build in request.builds):
        if wait(_POLL_S):
            raise Stopped
        try:
            request = farm.request(request.id)
        except (TransportError, ServerFault) as error:
            if not is_silent:
                screen.warn(f"the hub is silent ({error.reason}); trying again")
            is_silent = True
            continue
        if is_silent:
            screen.note(f"{screen.err.mark('done')} connected again")
        is_silent = False
        show.update(request.builds)
    return request


def refusal_of(request: RequestAnswer) -> Trouble:
    """Return why a request could not be planned."""
    code = str(request.detail.get("code") or "not_planned")
    what = request.reason or f"request {request.id} could not be planned"
    return refusal(code, what, request.detail, "buildyard request")
