# Debian packages by section of deploy/packages: which are missing, and how to install them.
# shellcheck shell=bash

packages_of() {
    awk -v wanted=" $* " '
        /^#/ || /^[ \t]*$/ {next}
        /^\[/ {section = substr($1, 2, length($1) - 2); next}
        index(wanted, " " section " ") {print $1}' "$ROOT/deploy/packages"
}

# packages_missing SECTION…: those that dpkg does not know as installed.
packages_missing() {
    local wanted installed
    wanted=$(packages_of "$@")
    # shellcheck disable=SC2086
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p')
    grep -vxF -f <(printf '%s\n' "$installed") <<<"$wanted" || true
}

packages_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 77
    fi
}

# Debian's PostgreSQL package would make and start a cluster of its own at port 5432.
packages_keep_postgres_quiet() {
    packages_as_root mkdir -p /etc/postgresql-common/createcluster.d || return
    echo 'create_main_cluster = false' |
        packages_as_root tee /etc/postgresql-common/createcluster.d/tollgate.conf >/dev/null
}

packages_apt() {
    packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" \
        9>&- </dev/null >>"$LOG/packages.log" 2>&1
}

# packages_install SECTION…: 0 when all are there at the end; 77 when that needs root; else apt's status.
packages_install() {
    local missing quiet=0 status=0
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || return 77
    if grep -q '^postgresql-[0-9]' <<<"$missing"; then
        packages_keep_postgres_quiet || return
        quiet=1
    fi
    # The lists may be missing or old: they are fetched only when the names can't be had from them.
    # shellcheck disable=SC2086
    packages_apt install -y --no-install-recommends $missing || {
        status=$?
        [ $status -eq 77 ] || { packages_apt update && packages_apt install -y --no-install-recommends $missing && status=0; }
    }
    [ $quiet -eq 0 ] || packages_as_root rm -f /etc/postgresql-common/createcluster.d/tollgate.conf
    return $status
}

# packages_need SECTION…: installs what is missing, or says what to do and ends.
packages_need() {
    local status=0
    packages_install "$@" || status=$?
    case $status in
    0) ;;
    77) fail "these packages are missing and this user may not install them:" \
        "apt-get install $(packages_missing "$@" | tr '\n' ' ')" "run that as root, or run this as root or with sudo" ;;
    *) sed -n 's/^E: /    | /p' "$LOG/packages.log" | tail -n 5 >&2
        fail "apt-get could not install: $(packages_missing "$@" | tr '\n' ' ')" "see $LOG/packages.log" ;;
    esac
}
