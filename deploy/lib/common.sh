# Paths, messages and small helpers of deploy/up, deploy/down, deploy/status and tests/run.
# Sourced, never run. The caller has set ROOT to the checkout. TOLLGATE_VAR puts data elsewhere, so that a test can have
# a deployment of its own; TOLLGATE_BIN takes programs that were built otherwise (with sanitizers, say), and
# TOLLGATE_CONSOLE_BUILDS another folder for the console's builds.
# shellcheck shell=bash

VAR=${TOLLGATE_VAR:-$ROOT/var}
# shellcheck disable=SC2034
BIN=${TOLLGATE_BIN:-$ROOT/build/release/bin}
RUN=$VAR/run
LOG=$VAR/log
SECRETS=$VAR/secrets
STATE=$VAR/state

say() {
    printf '%s\n' "$*"
}

notice() {
    printf 'notice: %s\n' "$*" >&2
}

# fail WHAT [WHAT TO DO…]: one line per argument, then the end with a status that is not zero.
fail() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

now_ms() {
    local t=${EPOCHREALTIME/[.,]/}
    printf '%s' "${t:0:-3}"
}

# step NAME FUNCTION [ARG…]: runs it, and prints its name and the seconds it took.
step() {
    local name=$1 start spent
    shift
    start=$(now_ms)
    printf '  %-11s ' "$name"
    STEP_NOTE=
    "$@"
    spent=$(($(now_ms) - start))
    printf '%3d.%d s  %s\n' $((spent / 1000)) $((spent % 1000 / 100)) "$STEP_NOTE"
}

# note TEXT: what stands behind the time of the running step.
note() {
    STEP_NOTE=$*
}

# until_ok SECONDS COMMAND…: repeats it until it succeeds; 1 when the time is over.
until_ok() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# secret NAME [BYTES]: prints the secret of that name in hex, made at its first use, readable by its owner only.
secret() {
    local file=$SECRETS/$1
    if [ ! -s "$file" ]; then
        (umask 077 && head -c "${2:-24}" /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
    fi
    cat "$file"
}

# private FILE: writes its input there, readable by its owner only, in one piece.
private() {
    (umask 077 && cat >"$1.new" && mv "$1.new" "$1")
}

# fill TEMPLATE NAME=VALUE…: prints the template with each @NAME@ replaced.
fill() {
    local text pair
    text=$(<"$1")
    shift
    for pair; do
        text=${text//@${pair%%=*}@/${pair#*=}}
    done
    printf '%s\n' "$text"
}

# write_if_changed FILE: writes its input there unless it holds just that.
write_if_changed() {
    local text
    text=$(cat)
    if [ ! -e "$1" ] || [ "$text" != "$(<"$1")" ]; then
        printf '%s\n' "$text" | private "$1"
    fi
}

# setting NAME [DEFAULT] reads, remember NAME VALUE writes what must survive until the next deploy/up.
setting() {
    if [ -e "$STATE/$1" ]; then cat "$STATE/$1"; else printf '%s' "${2:-}"; fi
}

remember() {
    printf '%s' "$2" >"$STATE/$1.new" && mv "$STATE/$1.new" "$STATE/$1"
}

make_folders() {
    mkdir -p "$VAR" "$RUN" "$LOG" "$STATE"
    [ -d "$SECRETS" ] || (umask 077 && mkdir "$SECRETS")
}

# Both commands change the same processes, so one of them at a time.
take_lock() {
    exec 9>"$VAR/lock"
    flock -n 9 || fail "another deploy/up or deploy/down is at work here" "wait for its end and run this again"
}

check_disk() {
    local free_kib
    free_kib=$(df -Pk "$VAR" | awk 'NR == 2 {print $4}')
    [ "$free_kib" -ge 1048576 ] || fail "the disk of $VAR is full: $((free_kib / 1024)) MiB free, 1024 MiB needed" \
        "free some space there and run this again"
}

# last_lines NAME: the end of a program's log, indented, for an error message.
last_lines() {
    [ ! -s "$LOG/$1.log" ] || tail -n 8 "$LOG/$1.log" | sed 's/^/    | /' >&2
}
