"""What the constructors of all faces share: from a profile's name, or a page, to the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, Unpack

from buildyard.faces.transport import Transport
from buildyard.koji._core import AsyncKoji
from buildyard.koji._kinds import Kinds
from buildyard.koji._login import OnThread
from buildyard.koji._profiles import Profile, complete
from buildyard.retry import Retry

if TYPE_CHECKING:
    from buildyard.faces.connecting import ProxyRule, Tls


class Options(TypedDict, total=False):
    """What a connection may be given beside its profile."""

    retry: Retry  #: when calls are sent again; six attempts at most unless given
    coalesce: bool  #: send reads that are made at the same time as one multicall
    proxy: ProxyRule  #: through which HTTP proxy
    transport: Transport  #: in place of connections of its own


def found_profile(profile: str | Profile) -> Profile:
    """Return the profile of that name, or the one given, with the default certificates where they are there."""
    if isinstance(profile, Profile):
        return complete(profile)
    from buildyard.koji._profile_files import read_profile

    return read_profile(profile)


def page_profile(url: str) -> Profile | None:
    """Return the profile whose web site has the page, or None."""
    from buildyard.koji._profile_files import profile_of_page

    return profile_of_page(url)


def start(
    core: AsyncKoji,
    profile: str | Profile,
    make: Callable[[Tls, ProxyRule], Transport],
    kinds: Kinds,
    on_thread: OnThread,
    **options: Unpack[Options],
) -> None:
    """Set up the core of a face's connection."""
    shared, proxy = options.get("transport"), options.get("proxy")

    def make_transport(ca_file: str, cert_file: str) -> Transport:
        if shared is not None:
            return shared
        # Imported with the first connection: TLS alone costs as much as all the rest.
        from buildyard.faces.connecting import Tls

        return make(Tls(ca_file=ca_file or None, cert_file=cert_file or None), proxy)

    AsyncKoji.__init__(
        core,
        found_profile(profile),
        make_transport,
        kinds=kinds,
        on_thread=on_thread,
        retry=options.get("retry"),
        coalesce=options.get("coalesce", False),
    )
