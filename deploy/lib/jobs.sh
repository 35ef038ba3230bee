# Steps that run beside others: started, then joined where their result is needed.
# shellcheck shell=bash

declare -A JOBS=()

job_start() {
    local name=$1 start
    shift
    start=$(now_ms)
    (
        set -e
        "$@"
        printf '%s\n' $(($(now_ms) - start)) >"$RUN/job-$name.ms"
    ) >"$LOG/job-$name.log" 2>&1 &
    JOBS[$name]=$!
}

# job_wait NAME: waits for its end and returns its status.
job_wait() {
    local pid=${JOBS[$1]}
    unset "JOBS[$1]"
    wait "$pid"
}

# job_join NAME [STATUS]: waits for its end (unless its status is known), and ends with its messages when it failed.
# To be run by step, which shows the note.
job_join() {
    local ms status=${2-0}
    [ $# -eq 2 ] || job_wait "$1" || status=$?
    if [ "$status" -ne 0 ]; then
        cat "$LOG/job-$1.log" >&2
        exit 1
    fi
    ms=$(<"$RUN/job-$1.ms")
    [ "$ms" -lt 100 ] || STEP_NOTE="took $((ms / 1000)).$((ms % 1000 / 100)) s beside the others"
    [ ! -s "$LOG/job-$1.log" ] || STEP_NOTE+=" ($(head -n 1 "$LOG/job-$1.log"))"
}

jobs_stop() {
    local name
    for name in "${!JOBS[@]}"; do
        kill "${JOBS[$name]}" 2>/dev/null || true
        wait "${JOBS[$name]}" 2>/dev/null || true
    done
    rm -f "$RUN"/job-*.ms
}
