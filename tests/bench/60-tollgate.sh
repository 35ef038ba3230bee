# Tollgate as a target of the rig (bench.sh sources this file): the gateway alone on the proxy's core, with authentication,
# metering, leases, journal and Kafka on; PostgreSQL, Kafka and billing beside the load generator on the other core.
# TOLLGATE_ROOT is the checkout; TOLLGATE_BIN other programs than its release build.
# shellcheck shell=bash disable=SC2034
TOLLGATE_ROOT=${TOLLGATE_ROOT:-$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)}
export TOLLGATE_ROOT
export TOLLGATE_BIN=${TOLLGATE_BIN:-$TOLLGATE_ROOT/build/release/bin}
export TOLLGATE_VAR=$RUN/tollgate
WARM_SECS=3

tollgate_config() { # one setting replaced, the rest as deploy/up wrote it
    grep -vE '^(listen|ops-listen|port-file|data-dir|access-log|workers|upstream|sandbox-url) =' "$TOLLGATE_VAR/gateway.conf"
    printf '%s = %s\n' listen "127.0.0.1:$PORT" ops-listen 127.0.0.1:0 data-dir "$TOLLGATE_VAR/bench-$PORT" workers "${TOLLGATE_WORKERS:-1}" \
        upstream "openai=http://127.0.0.1:$UPSTREAM/v1"
}

# Everything but the measured gateway: once for each run of the rig, ended with it.
tollgate_stack() {
    # The run before may still be going down.
    [ ! -e "$TOLLGATE_VAR/lock" ] || flock -w 60 "$TOLLGATE_VAR/lock" true || return 1
    taskset -c "$CPU_LOAD" "$TOLLGATE_ROOT/deploy/up" >"$RUN/tollgate-up.log" 2>&1 || { tail -n 20 "$RUN/tollgate-up.log" >&2; return 1; }
    # The one that deploy/up started is not the one that is measured.
    kill "$(cat "$TOLLGATE_VAR/run/gateway.pid")" "$(cat "$TOLLGATE_VAR/run/fake-provider.pid")"
    "$TOLLGATE_BIN/tollgate-control" credit add --tenant "$(sed -n 's/^TENANT=//p' "$TOLLGATE_VAR/secrets/bootstrap")" \
        --usd 9000000 --idem bench --database-url-file "$TOLLGATE_VAR/secrets/database-control.url" >/dev/null
    (
        trap '"$TOLLGATE_ROOT/deploy/down" >/dev/null 2>&1; exit 0' TERM
        tail -f /dev/null --pid=$$ &
        wait
        "$TOLLGATE_ROOT/deploy/down" >/dev/null 2>&1
    ) &
    PIDS+=("$!")
}

if [ -x "$TOLLGATE_BIN/tollgate-gateway" ] && tollgate_stack; then
    HEADERS=("Authorization: Bearer $(sed -n 's/^TOLLGATE_KEY=//p' "$TOLLGATE_VAR/secrets/bootstrap")")
    export -f tollgate_config
    target_start() {
        mkdir -p "$TOLLGATE_VAR/bench-$PORT"
        tollgate_config >"$TOLLGATE_VAR/bench-$PORT/gateway.conf"
        exec "$TOLLGATE_BIN/tollgate-gateway" --config "$TOLLGATE_VAR/bench-$PORT/gateway.conf"
    }
else
    target_start() { echo "tollgate is not built or does not come up: skipped"; exit 1; }
fi
