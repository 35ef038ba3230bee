# The private PostgreSQL cluster under var/postgres: made once, started on a remembered port, TCP on loopback only.
# PostgreSQL refuses to run as root: then it runs as the user "postgres" that its package made.
# shellcheck shell=bash

postgres_folder() {
    if [ -L "$VAR/postgres" ]; then readlink "$VAR/postgres"; else printf '%s' "$VAR/postgres"; fi
}

# postgres_bin: the folder of the newest server's programs.
postgres_bin() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
    [ -x "$found" ] || fail "PostgreSQL's server programs are not there" "apt-get install $(packages_of run | grep '^postgresql-[0-9]')"
    printf '%s' "${found%/initdb}"
}

# postgres_owner: who the server runs as: the cluster's owner, or who a new one will belong to.
postgres_owner() {
    if [ -e "$VAR/postgres/data" ]; then
        stat -L -c %U "$VAR/postgres/data"
    elif [ "$(id -u)" -eq 0 ]; then
        printf postgres
    else
        id -un
    fi
}

# postgres_become: sets the array AS to the words that make a command run as that user.
postgres_become() {
    local owner
    owner=$(postgres_owner)
    AS=()
    [ "$owner" != "$(id -un)" ] || return 0
    [ "$(id -u)" -eq 0 ] || fail "the PostgreSQL cluster in $VAR belongs to $owner" "run this as $owner or as root"
    AS=(setpriv "--reuid=$owner" "--regid=$(id -gn "$owner")" --init-groups)
}

# postgres_place: makes the cluster's folder. When PostgreSQL's user cannot reach var/ (a checkout below /root,
# say), the data lies in /var/lib and var/postgres is a link to it.
postgres_place() {
    [ ! -e "$VAR/postgres" ] || return 0
    mkdir -p "$VAR/postgres"
    [ "$(id -u)" -eq 0 ] || return 0
    if ! "${AS[@]}" test -x "$VAR/postgres"; then
        local away
        away=/var/lib/tollgate/$(printf '%s' "$VAR" | sha256sum | cut -c 1-12)/postgres
        rmdir "$VAR/postgres"
        rm -rf "$away"
        mkdir -p "$away"
        ln -s "$away" "$VAR/postgres"
        notice "PostgreSQL's user can't enter $VAR, so its data lies in $away"
    fi
    postgres_own "$(postgres_folder)"
}

# postgres_own FILE: gives it to PostgreSQL's user.
postgres_own() {
    [ "$(id -u)" -ne 0 ] || chown "$(postgres_owner):" "$@"
}

postgres_make() {
    local folder bin
    [ ! -e "$VAR/postgres/data/PG_VERSION" ] || return 0
    postgres_place
    folder=$(postgres_folder)
    bin=$(postgres_bin)
    rm -rf "$folder/data.new"
    secret database-admin.password | private "$folder/password"
    postgres_own "$folder/password"
    (
        cd /
        "${AS[@]}" "$bin/initdb" -D "$folder/data.new" --username=postgres --encoding=UTF8 \
            --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$folder/password" --data-checksums
    ) >>"$LOG/postgres.log" 2>&1 || {
        last_lines postgres
        fail "the PostgreSQL cluster could not be made" "see $LOG/postgres.log"
    }
    rm -f "$folder/password"
    echo "include 'tollgate.conf'" >>"$folder/data.new/postgresql.conf"
    mv "$folder/data.new" "$folder/data"
}

# The setting tollgate.folder means nothing to PostgreSQL: by it the process is known as ours (process.sh)
# where the data lies elsewhere.
postgres_start() {
    local folder port bin
    local -a AS
    ! process_runs postgres || return 0
    postgres_become
    postgres_make
    bin=$(postgres_bin)
    folder=$(postgres_folder)
    port=$(port_of postgres)
    fill "$ROOT/deploy/postgres/postgresql.conf.in" PORT="$port" >"$folder/data/tollgate.conf"
    cat "$ROOT/deploy/postgres/pg_hba.conf" >"$folder/data/pg_hba.conf"
    postgres_own "$folder/data/tollgate.conf" "$folder/data/pg_hba.conf"
    process_start postgres "${AS[@]}" "$bin/postgres" -D "$folder/data" -c "tollgate.folder=$VAR/"
    process_wait postgres 60 "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"
}
