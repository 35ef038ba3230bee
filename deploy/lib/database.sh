# The database and its roles, in the private cluster or in the one that --database names.
# Passwords are made here, kept in var/secrets, and never stand on a command line.
# shellcheck shell=bash

DATABASE_ROLES=(owner gateway billing control)

# database_admin_url: the superuser of the private cluster, or what the operator gave.
database_admin_url() {
    local given
    given=$(setting database)
    if [ -n "$given" ]; then
        printf '%s' "$given"
    else
        printf 'postgresql://postgres:%s@127.0.0.1:%s/tollgate' "$(secret database-admin.password)" "$(port_of postgres)"
    fi
}

# database_url_as URL USER PASSWORD: the same database for another user.
database_url_as() {
    local rest=${1#*://}
    local place=${rest%%[/?]*}
    printf 'postgresql://%s:%s@%s%s' "$2" "$3" "${place##*@}" "${rest#"$place"}"
}

# database_bare URL, database_password URL: the URL without its password, and the password, decoded.
database_bare() {
    local scheme=${1%%://*} rest=${1#*://}
    local place=${rest%%[/?]*}
    local after=${rest#"$place"} user=
    [[ $place != *@* ]] || user=${place%@*}
    printf '%s://%s%s%s' "$scheme" "${user:+${user%%:*}@}" "${place##*@}" "$after"
}

database_password() {
    local rest=${1#*://} user word
    user=${rest%%[/?]*}
    [[ $user == *:*@* ]] || return 0
    user=${user%@*}
    word=${user#*:}
    printf '%b' "${word//%/\\x}"
}

# database_run URL COMMAND… : runs COMMAND with the bare URL as its last word and the password in its environment.
database_run() {
    local url=$1 password
    shift
    password=$(database_password "$url")
    if [ -n "$password" ]; then
        PGPASSWORD=$password PGCONNECT_TIMEOUT=10 "$@" "$(database_bare "$url")"
    else
        PGCONNECT_TIMEOUT=10 "$@" "$(database_bare "$url")"
    fi
}

database_psql() {
    local url=$1
    shift
    PSQLRC=/dev/null database_run "$url" psql -X -q -A -t -v ON_ERROR_STOP=1 "$@" -d
}

# database_url ROLE: what that role connects with; kept in var/secrets/database-ROLE.url for the programs.
database_url() {
    database_url_as "$(database_admin_url)" "tollgate_$1" "$(secret "database-$1.password")"
}

database_write_urls() {
    local role
    for role in "${DATABASE_ROLES[@]}"; do
        database_url "$role" | write_if_changed "$SECRETS/database-$role.url"
    done
}

# database_make: the database of the private cluster, then the roles. Quick when all is there.
database_make() {
    local url maintenance mark
    url=$(database_admin_url)
    mark=$(printf '%s' "$(database_bare "$url")" | cat - "$ROOT/deploy/postgres/roles.sql" | sha256sum)
    if [ "$(setting database-made)" != "$mark" ]; then
        if [ -z "$(setting database)" ]; then
            maintenance=${url%/tollgate}/postgres
            [ "$(database_psql "$maintenance" -c "SELECT count(*) FROM pg_database WHERE datname = 'tollgate'")" = 1 ] ||
                database_psql "$maintenance" -c "CREATE DATABASE tollgate"
        fi
        database_make_roles "$url"
        remember database-made "$mark"
    fi
    database_write_urls
}

# database_make_roles URL: the passwords go through a file of variables, not over psql's command line.
database_make_roles() {
    local can bypass='' role
    can=$(database_psql "$1" -c "SELECT CASE WHEN rolsuper THEN 'all' WHEN rolcreaterole THEN 'create' ELSE 'none' END
        FROM pg_roles WHERE rolname = current_user") ||
        fail "no connection to the database $(database_bare "$1")"
    case $can in
    all) bypass=BYPASSRLS ;;
    create) notice "the user of --database may not give BYPASSRLS: billing copies through a staging table" ;;
    *) fail "the user of --database may not create roles" \
        "give a superuser, or a user with CREATEROLE that owns the database" ;;
    esac
    {
        for role in "${DATABASE_ROLES[@]}"; do
            printf '\\set %s %s\n' "$role" "$(secret "database-$role.password")"
        done
        printf '\\set bypass %s\n' "$bypass"
        cat "$ROOT/deploy/postgres/roles.sql"
        # The owner makes the schema; nobody else may make anything in this database.
        printf 'GRANT CREATE, CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO tollgate_owner;\n'
        printf 'GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO tollgate_gateway, tollgate_billing, tollgate_control;\n'
    } | database_psql "$1" -f - || fail "the database roles could not be made"
}
