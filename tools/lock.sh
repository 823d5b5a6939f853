#!/bin/sh
# Writes requirements/farm.txt and requirements/dev.txt: every package that `make up` and `make test` install, pinned,
# with the hashes of its files and without any address, so that pip's own configuration says where they come from.
# hatchling and editables are in both, as buildyard itself is installed from the checkout without build isolation.
# Pins stay as they are where they still fit; `tools/lock.sh --upgrade` takes the newest.
set -eu
cd "$(dirname "$0")/.."
upgrade=${1:+--upgrade}

lock() { # output, then what to lock
    output=$1
    shift
    # shellcheck disable=SC2086
    printf 'hatchling\neditables\n' | .venv/bin/uv pip compile --quiet --universal --python-version 3.11 $upgrade \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
        "$@" pyproject.toml - -o "$output"
}

lock requirements/farm.txt --extra farm
lock requirements/dev.txt --all-extras --group dev -c requirements/farm.txt
