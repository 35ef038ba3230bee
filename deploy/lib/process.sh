# Start, find and stop the programs of a deployment: var/run/NAME.pid, var/log/NAME.log.
# A process is ours when it lives and its command line names our var/ folder; a pid file alone proves nothing.
# shellcheck shell=bash

# process_pid NAME: prints the pid of our running NAME; 1 when there is none.
process_pid() {
    local pid line
    [ -s "$RUN/$1.pid" ] || return 1
    pid=$(<"$RUN/$1.pid")
    [[ $pid =~ ^[0-9]+$ ]] && [ -r "/proc/$pid/cmdline" ] || return 1
    line=$({ tr "\0" " " <"/proc/$pid/cmdline"; } 2>/dev/null) || return 1
    [[ $line == *"$VAR/"* ]] || return 1
    printf '%s' "$pid"
}

process_runs() {
    process_pid "$1" >/dev/null
}

# process_mark COMMAND…: what NAME was started with: its words, and its binary and settings by content.
process_mark() {
    local word
    for word; do
        printf '%s\n' "$word"
        case $word in
        "$1" | *.conf) [ ! -f "$word" ] || sha256sum <"$word" ;;
        esac
    done | sha256sum
}

# process_current NAME COMMAND…: runs already, and was started with just this.
process_current() {
    local name=$1
    shift
    process_runs "$name" && [ "$(process_mark "$@")" = "$(cat "$RUN/$name.mark" 2>/dev/null)" ]
}

# log_turn FILE: a log beyond 64 MiB gives way to a new one; one old one is kept.
log_turn() {
    [ ! -e "$1" ] || [ "$(stat -c %s "$1")" -lt 67108864 ] || mv "$1" "$1.1"
}

# process_start NAME COMMAND…: in a session of its own, so that it outlives this shell.
# Noted as started by this run, for process_undo.
process_start() {
    local name=$1
    shift
    printf '%s\n' "$name" >>"$RUN/started"
    log_turn "$LOG/$name.log"
    process_mark "$@" >"$RUN/$name.mark"
    (
        cd /
        exec setsid "$@" </dev/null >>"$LOG/$name.log" 2>&1 9>&-
    ) &
    printf '%s\n' $! >"$RUN/$name.pid"
    disown $!
}

# process_wait NAME SECONDS COMMAND…: until the command succeeds; ends with the log's last lines if NAME dies or time is up.
process_wait() {
    local name=$1 limit=$2 end=$((SECONDS + $2))
    shift 2
    # The new process has its own command line only after exec: give it that much time to become ours.
    until_ok 2 process_runs "$name" || true
    until "$@"; do
        if ! process_runs "$name"; then
            last_lines "$name"
            fail "$name ended right after its start" "see $LOG/$name.log"
        fi
        if [ "$SECONDS" -ge "$end" ]; then
            last_lines "$name"
            fail "$name is not ready after $limit s" "see $LOG/$name.log"
        fi
        sleep 0.1
    done
}

process_gone() {
    ! process_runs "$1"
}

# process_stop NAME [SIGNAL [SECONDS]]: asks, waits, and kills in the end. Only what is ours.
process_stop() {
    local name=$1 signal=${2:-TERM} limit=${3:-20} pid
    if pid=$(process_pid "$name"); then
        kill -s "$signal" "$pid" 2>/dev/null || fail "$name (pid $pid) belongs to another user" "stop it as that user"
        if ! until_ok "$limit" process_gone "$name"; then
            notice "$name did not stop within $limit s; it is killed"
            kill -s KILL "$pid" 2>/dev/null || true
            until_ok 5 process_gone "$name" || fail "$name (pid $pid) can't be stopped"
        fi
    fi
    rm -f "$RUN/$name.pid" "$RUN/$name.mark"
}

# How each program wants to be asked, in the order in which they stop: the gateway first, what it needs last.
process_stop_named() {
    case $1 in
    postgres) process_stop postgres INT 30 ;;
    gateway) process_stop gateway TERM 30 ;;
    *) process_stop "$1" ;;
    esac
}

PROCESSES=(gateway control billing fake-provider kafka postgres)

# process_undo: stops what this run started, and nothing else.
process_undo() {
    local name
    [ -s "$RUN/started" ] || return 0
    for name in "${PROCESSES[@]}"; do
        if grep -qxF "$name" "$RUN/started"; then
            process_stop_named "$name"
        fi
    done
    rm -f "$RUN/started"
}
