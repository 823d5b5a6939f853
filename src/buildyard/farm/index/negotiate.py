"""What of the things we have a client would rather get (RFC 9110, section 12.5).

Pure: header texts in, one of our offers out.  The index chooses between HTML and JSON with it, the pages too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def choose(accept: str | None, offers: Sequence[str]) -> str | None:
    """Return the offered media type that ``Accept`` likes best, the first of equals; None where it takes none.

    Without the header everything is welcome.
    """
    if accept is None or not accept.strip():
        return offers[0]
    wishes = list(_weighed(accept))
    best = max(offers, key=lambda offer: _liking(offer, wishes))
    return best if _liking(best, wishes) > 0 else None


def takes_gzip(accept_encoding: str | None) -> bool:
    """Tell whether a body may be compressed with gzip."""
    wishes = dict(_weighed(accept_encoding or ""))
    return wishes.get("gzip", wishes.get("*", 0.0)) > 0


def names_etag(header: str | None, etag: str) -> bool:
    """Tell whether ``If-None-Match`` names this entity tag, by weak comparison (RFC 9110, section 13.1.2)."""
    if header is None:
        return False
    named = (one.strip().removeprefix("W/") for one in header.split(","))
    return header.strip() == "*" or etag in named


def _weighed(header: str) -> Iterator[tuple[str, float]]:
    for wish in header.split(","):
        name, *parameters = (one.strip() for one in wish.split(";"))
        if name:
            yield name.lower(), _quality(parameters)


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0  # what cannot be read is not a wish
    return 1.0


def _liking(offer: str, wishes: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the most specific wish that fits the offer, 0 where none does."""
    kind = offer.partition("/")[0]
    for pattern in (offer, f"{kind}/*", "*/*"):
        for name, quality in wishes:
            if name == pattern:
                return quality
    return 0.0
