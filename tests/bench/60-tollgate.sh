# Tollgate as deploy/up runs it: keys, leases, metering, journal and Kafka on. A target for a rig that sources this file
# and calls target_start: it finds this checkout by TOLLGATE_ROOT, listens on PORT, and calls the upstream on UPSTREAM.
# What is not the gateway (PostgreSQL, Kafka, billing) runs on the load's core. RUN is a scratch folder.
# shellcheck shell=bash
# shellcheck disable=SC2034
TOLLGATE_ROOT=${TOLLGATE_ROOT:-}
if [ -x "$TOLLGATE_ROOT/deploy/up" ]; then
    export TOLLGATE_ROOT TOLLGATE_VAR=$RUN/tollgate-$UPSTREAM
    taskset -c "${CPU_LOAD:-1}" "$TOLLGATE_ROOT/deploy/up" --port "$((UPSTREAM + 900))" \
        --upstream "openai=http://127.0.0.1:$UPSTREAM/v1" >"$RUN/tollgate-up.log" 2>&1 || cat "$RUN/tollgate-up.log" >&2
    HEADERS=("Authorization: Bearer $(sed -n 's/^TOLLGATE_KEY=//p' "$TOLLGATE_VAR/secrets/bootstrap")")
    "$TOLLGATE_ROOT/build/release/bin/tollgate-control" credit add --usd 1000000 --idem bench --reason "benchmark" \
        --tenant "$(sed -n 's/^TENANT=//p' "$TOLLGATE_VAR/secrets/bootstrap")" \
        --database-url-file "$TOLLGATE_VAR/secrets/database-control.url" >/dev/null
    target_start() {
        # The deployment's own gateway makes room; this one takes its settings, its journal folder and its database.
        kill "$(<"$TOLLGATE_VAR/run/gateway.pid")"
        exec "$TOLLGATE_ROOT/build/release/bin/tollgate-gateway" --config "$TOLLGATE_VAR/gateway.conf" \
            --listen "127.0.0.1:$PORT" --ops-listen 127.0.0.1:0 --workers "${TOLLGATE_WORKERS:-1}"
    }
else
    target_start() { echo "tollgate: TOLLGATE_ROOT names no checkout: skipped"; exit 1; }
fi
