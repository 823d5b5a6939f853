"""Why something cannot be planned, in the one form: a package or version that is not there, an index that is silent.

The hub tells it as a request's ``detail``, a one-shot build raises it; both name it by the same word for scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildyard.cli.trouble import ExitCode, Trouble

_UPSTREAM = "the upstream index of pip's configuration"

#: Exit codes of what is neither the asker's mistake nor ours.
_EXIT_CODES = {
    "upstream_unreachable": ExitCode.UNREACHABLE,
    "bad_page": ExitCode.UNREACHABLE,
    "store_unreachable": ExitCode.UNREACHABLE,
    "unknown_package": ExitCode.WRONG_USE,
    "unknown_version": ExitCode.WRONG_USE,
    "bad_requirement": ExitCode.WRONG_USE,
    "bad_upstream": ExitCode.WRONG_USE,
    "nothing_to_build_with": ExitCode.WRONG_USE,
    "unsatisfiable": ExitCode.WRONG_USE,
}

_NEXT = {
    "bad_requirement": "write it as in: 'wrapt<2'",
    "upstream_unreachable": "see where pip looks: pip config list",
    "bad_page": "see where pip looks: pip config list",
    "bad_upstream": "see where pip looks: pip config debug",
    "unsatisfiable": "ask for fewer packages, or with --no-deps",
}


def refusal(code: str, what: str, known: Mapping[str, object], command: str) -> Trouble:
    """Return the trouble of this name.  ``known`` are its facts, ``command`` is what to type before another name."""
    likely, newest = _texts(known.get("likely")), _texts(known.get("newest"))
    facts = {"likely": ", ".join(likely), "newest": ", ".join(newest), "said": str(known.get("explanation") or "")}
    following = [_NEXT[code]] if code in _NEXT else []
    if code == "unknown_package":
        facts = {"asked": _UPSTREAM, **facts}
        following = [f"{command} {likely[0]}"] if likely else ["check its name"]
    if code == "unknown_version" and newest:
        what = what.partition(";")[0]
        following = [f"{command} {known.get('package')}=={newest[0]}"]
    return Trouble(
        what, code=code, exit_code=_EXIT_CODES.get(code, ExitCode.FAILED), facts=_filled(facts), next=following
    )


def _texts(value: object) -> Sequence[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def _filled(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}
