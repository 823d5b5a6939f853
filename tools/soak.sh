#!/bin/sh
# The crash tests again and again, each time with new seeds (each is printed; BUILDYARD_TEST_SEED repeats one), until one
# fails, until Ctrl-C, or for SOAK_MINUTES.
set -u
cd "$(dirname "$0")/.."
end=$(($(date +%s) + ${SOAK_MINUTES:-525600} * 60))
rounds=0
trap 'printf "\n%s rounds, none failed\n" "$rounds"; exit 0' INT
while [ "$(date +%s)" -lt "$end" ]; do
    .venv/bin/python -m pytest -q -rP tests/e2e -k kill || exit 1
    rounds=$((rounds + 1))
done
printf '%s rounds, none failed\n' "$rounds"
