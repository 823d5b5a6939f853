#!/bin/sh
# Every check that runs no program of the farm: format, lint, types, layers, and what the documentation promises.
# All of them run, so that one look tells everything; the exit code is 1 where any failed.
set -u
cd "$(dirname "$0")/.."
failed=""

step() { # name, then the command
    name=$1
    shift
    if output=$("$@" 2>&1); then
        printf '✓ %s\n' "$name"
    else
        printf '✗ %s\n%s\n' "$name" "$output"
        failed="$failed $name"
    fi
}

python="$(pwd)/.venv/bin/python"
bin=.venv/bin
step "format" "$bin/ruff" format --check .
step "lint" "$bin/ruff" check .
step "types" "$bin/mypy" src tools tests/typing
step "layers" "$bin/lint-imports"
step "generated clients" "$python" -m tools.koji_client --check
step "documentation" "$python" -m pytest -q tests/unit/docs
step "tree" "$python" -m tools.tree

if [ -n "$failed" ]; then
    printf 'error: not clean:%s\n' "$failed" >&2
    exit 1
fi
