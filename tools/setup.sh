#!/bin/sh
# Prepares this checkout for `make up` (stage "up"), `make check` ("check") or `make test` ("test").
#
# Needs git, make and a Python of at least 3.11; what else is missing it installs as root on Debian and names elsewhere.
# Makes .venv from the hashed locks in requirements/, and for "test" an environment in .cache/peers for each program of
# other people that the tests talk to; skipped while the locks are as they were.  PYTHON says which interpreter to use.
# Prints one line for what was found and one for what was installed; its own log is .cache/setup.log.
set -eu
cd "$(dirname "$0")/.."
stage=${1:-up}
log=.cache/setup.log
mkdir -p .cache
: >"$log"

# As Python sees it: a locale that says nothing is UTF-8 (PEP 538).
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
    '' | C | POSIX | *[Uu][Tt][Ff]-8* | *[Uu][Tt][Ff]8*) ok='✓' run='●' warn='!' ;;
    *) ok='+' run='*' warn='!' ;;
esac

tenths() { # the time in tenths of a second
    moment=$(date +%s%N)
    case $moment in
        *N) echo "$(date +%s)0" ;;
        *) echo "${moment%????????}" ;;
    esac
}

say() { # glyph, text, tenths since when
    took=$(($(tenths) - $3))
    if [ "$took" -ge 100 ]; then
        shown="$((took / 10)) s"
    else
        shown="$((took / 10)).$((took % 10)) s"
    fi
    # The glyph has more bytes than columns, so it stays outside of what printf counts.
    printf '%s %-68s %8s\n' "$1" "$2" "$shown"
}

fail() { # what, then pairs of a fact's name and the fact; the log's end where something was run
    {
        printf 'error: %s\n' "$1"
        shift
        while [ $# -gt 1 ]; do
            printf '  %-7s %s\n' "$1" "$2"
            shift 2
        done
    } >&2
    exit 1
}

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >>"$log" 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if fits "$candidate"; then
            # Ask the interpreter itself: a shim on PATH may be a script that chooses another one tomorrow.
            "$candidate" -c 'import os, sys; print(os.path.realpath(sys.executable))'
            return
        fi
    done
    fail 'no Python 3.11 or later was found' looked "${PYTHON:-python3 and python3.11 to python3.14 on PATH}" \
        next 'install one, or name it: make up PYTHON=/path/to/python3'
}

has_venv() { "$python" -c 'import ensurepip, venv' >>"$log" 2>&1; }
has_compiler() { command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1; }
has_headers() {
    "$python" -c 'import os, sysconfig, sys
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' >>"$log" 2>&1
}
has_bubblewrap() { command -v bwrap >/dev/null 2>&1; }
has_postgresql() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1; }
has_redis() { command -v redis-server >/dev/null 2>&1 && command -v redis-cli >/dev/null 2>&1; }
has_rabbitmq() { ls /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server >/dev/null 2>&1; }
has_chromium() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; }

missing() { # the Debian packages of what is not there
    has_venv || printf 'python3-venv '
    has_compiler || printf 'build-essential '
    has_headers || printf 'python3-dev '
    has_bubblewrap || printf 'bubblewrap '
    if [ "$stage" = test ]; then
        has_postgresql || printf 'postgresql '
        has_rabbitmq || printf 'rabbitmq-server '
        has_chromium || printf 'chromium '
        has_redis || printf 'redis-server '
    fi
}

may_install() { [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; }

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; }

# Two runs of apt-get at one time do not wait for each other's lists, so this one does.
apt_update() {
    tries=0
    until apt update; do
        tries=$((tries + 1))
        [ "$tries" -lt 20 ] || return 1
        tail -n 5 "$log" | grep -q 'lock' || return 1
        sleep 3
    done
}

# A package may start a service when it is installed; tests start their own, so for this while none may start.
without_services() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT INT TERM
    status=0
    "$@" || status=$?
    rm -f "$policy"
    trap - EXIT INT TERM
    return "$status"
}

# Old lists name files that are gone, so they are fetched anew before a second try.
apt_install() { apt install --no-install-recommends "$@" || { apt_update && apt install --no-install-recommends "$@"; }; }

install_packages() { # Debian packages
    started=$(tenths)
    if ! may_install; then
        return
    fi
    printf '%s Installing %s (apt-get)\n' "$run" "$*"
    if without_services apt_install "$@"; then
        say "$ok" "Installed $*" "$started"
    else
        printf '%s apt-get could not install %s; what it said is in %s\n' "$warn" "$*" "$log"
    fi
}

require_what_is_needed() {
    has_venv || fail "this Python has no venv and ensurepip" python "$python" next "as root: apt-get install $lacking"
    has_compiler || printf '%s No C compiler. To add it: apt-get install build-essential python3-dev\n' "$warn"
    if has_compiler && ! has_headers; then
        printf "%s No headers of this Python. To add them: apt-get install python3-dev\n" "$warn"
    fi
    [ "$stage" = test ] || return 0
    has_postgresql || absent 'PostgreSQL' postgresql
    has_rabbitmq || absent 'RabbitMQ' rabbitmq-server
    has_chromium || absent 'Chromium' chromium
    has_redis || absent 'Redis' redis-server
}

absent() { # a service, its Debian package
    [ "${CI:-}" = true ] && fail "no $1, and under CI no test may skip" next "as root: apt-get install $2"
    printf '%s No %s: its tests will say that they skip. To add it: apt-get install %s\n' "$warn" "$1" "$2"
}

found() { # what is there, in one line
    printf 'Python %s, venv' "$("$python" -c 'import platform; print(platform.python_version())')"
    compiler=$(command -v gcc || command -v cc || command -v clang || true)
    if [ -n "$compiler" ]; then
        version=$("$compiler" -dumpfullversion 2>>"$log" || "$compiler" -dumpversion 2>>"$log" || true)
        printf ', %s %s' "$(basename "$compiler")" "$(echo "$version" | cut -d. -f1,2)"
    fi
    if has_headers; then printf ', headers'; fi
    if has_bubblewrap; then printf ', bubblewrap'; fi
    [ "$stage" = test ] || return 0
    if has_postgresql; then printf ', PostgreSQL'; fi
    if has_rabbitmq; then printf ', RabbitMQ'; fi
    if has_chromium; then printf ', Chromium'; fi
    if has_redis; then printf ', Redis'; fi
}

make_venv() {
    if [ ! -x .venv/bin/python ] || ! fits .venv/bin/python; then
        rm -rf .venv
        "$python" -m venv .venv >>"$log" 2>&1 || fail "no virtual environment could be made" log "$log" \
            said "$(tail -n 1 "$log")"
    fi
}

pip() { .venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps "$@" >>"$log" 2>&1; }

# A copy of what was installed lies in .venv; while it is the same there is nothing to do.
is_installed() { cat "$1" pyproject.toml 2>/dev/null | cmp -s - ".venv/.installed-$2"; }

install_locked() { # a lock
    name=$(basename "$1" .txt)
    is_installed "$1" "$name" && return
    started=$(tenths)
    make_venv
    pip --require-hashes -r "$1" && pip --no-build-isolation -e . ||
        fail "pip could not install $1" log "$log" said "$(grep -v '^ *$' "$log" | tail -n 1)" \
            next 'read the log; pip config list shows where pip looks'
    cat "$1" pyproject.toml >".venv/.installed-$name"
    # The larger lock holds all of the smaller one, at the same versions.
    [ "$name" != dev ] || cat requirements/farm.txt pyproject.toml >.venv/.installed-farm
    count=$(find .venv/lib -maxdepth 3 -name '*.dist-info' | wc -l)
    say "$ok" "Installed buildyard into .venv, $((count)) packages" "$started"
}

install_peers() { # the programs of other people that tests talk to
    started=$(tenths)
    if made=$(.venv/bin/python tests/support/peers.py 2>>"$log"); then
        [ -z "$made" ] || say "$ok" "Installed $made into .cache/peers" "$started"
        return
    fi
    said=$(grep -v '^ *$' "$log" | tail -n 1)
    [ "${CI:-}" = true ] && fail 'the peers of the tests could not be installed' log "$log" said "$said"
    printf '%s No peers: their tests will say that they skip; the reason is in %s\n' "$warn" "$log"
}

began=$(tenths)
python=$(find_python)
lacking=$(missing)
# shellcheck disable=SC2086
[ -z "$lacking" ] || install_packages $lacking
require_what_is_needed
say "$ok" "Found     $(found)" "$began"
case $stage in
    up) install_locked requirements/farm.txt ;;
    check) install_locked requirements/dev.txt ;;
    test)
        install_locked requirements/dev.txt
        install_peers
        ;;
    *) fail "there is no stage \"$stage\"" stages 'up, check, test' ;;
esac
