"""A hub over TLS that believes client certificates, and the profile of a user who has one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from buildyard.koji import Profile
from support.koji_hub import Hub, serve


@contextmanager
def encrypted(hub: Hub, place: Path) -> Iterator[Profile]:
    """Serve the hub, and yield a profile with an authority to trust and a certificate of kdreyer's."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.configure_trust(context)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(place / "serverca.crt"))
    ours = authority.issue_cert("kdreyer@hub.example", common_name="kdreyer")
    ours.private_key_and_cert_chain_pem.write_to_path(str(place / "client.crt"))
    with serve(hub, context) as server:
        yield Profile(
            name="mykoji",
            server=server,
            weburl="https://hub.example/koji",
            authtype="ssl",
            cert=str(place / "client.crt"),
            serverca=str(place / "serverca.crt"),
        )
