"""Repair: the place of auditwheel, which makes a wheel that carries the libraries it needs.  Not asked for so far."""

from __future__ import annotations

#: What the phase's record says while nobody asks for it.
NOT_ASKED_FOR = "not asked for"
