#!/bin/bash
# postgres.sh COMMAND [ARGUMENT...]: runs the command with a throw-away PostgreSQL cluster of its own.
#
# The cluster stands in a temporary directory, listens on a random port of 127.0.0.1 and on a socket
# in that directory, trusts everybody and does not sync. It is gone when the command ends. In the
# command's environment: TEST_DATABASE (a URL; its user may do everything), TEST_POSTGRES (the
# directory, with `data`, `log` and the socket) and TEST_POSTGRES_USER (who runs the server).
# PostgreSQL refuses root, so root runs it as the system's postgres user, or makes one.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT...]" >&2; exit 2; }

find_programs() {
    local directory
    for directory in /usr/lib/postgresql/*/bin; do
        if [ -x "$directory/initdb" ]; then programs=$directory; fi
    done
    if [ -z "${programs:-}" ]; then
        programs=$(pg_config --bindir 2>/dev/null) || true
    fi
    if [ ! -x "$programs/initdb" ]; then
        echo "postgres.sh: there is no initdb; install the package postgresql-15" >&2
        exit 1
    fi
}

choose_user() {
    owner=$(id -un)
    if [ "$(id -u)" -eq 0 ]; then
        owner=postgres
        id -u "$owner" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$owner"
    fi
}

# Away from the caller's directory, which the server's user may not be allowed to enter.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && exec setpriv --reuid "$owner" --regid "$(id -gn "$owner")" --clear-groups "$@")
    else
        "$@"
    fi
}

stop() {
    if [ -f "$directory/data/postmaster.pid" ]; then
        as_owner "$programs/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1 || true
    fi
    rm -rf "$directory"
}

start() {
    as_owner "$programs/initdb" -D "$directory/data" -U tester -A trust -E UTF8 --locale=C.UTF-8 \
        --no-sync >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; return 1; }
    for _ in $(seq 20); do
        port=$((20000 + RANDOM % 12000))
        if as_owner "$programs/pg_ctl" -D "$directory/data" -l "$directory/log" -w -t 60 -o "-p $port \
            -k $directory -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
            -c max_connections=200 -c autovacuum_naptime=5s" start >"$directory/start.log" 2>&1; then
            return 0
        fi
        grep -q 'Address already in use' "$directory/log" || break
    done
    cat "$directory/start.log" "$directory/log" >&2 || true
    return 1
}

find_programs
choose_user
directory=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-postgres.XXXXXX")
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ "$(id -u)" -eq 0 ]; then chown "$owner" "$directory"; fi
chmod 755 "$directory"
start
"$programs/createdb" -h 127.0.0.1 -p "$port" -U tester test

export TEST_DATABASE="postgresql://tester@127.0.0.1:$port/test"
export TEST_POSTGRES=$directory TEST_POSTGRES_USER=$owner
"$@"
