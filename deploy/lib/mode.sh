# The way of the usage events: "kafka" through the private broker, "kafka HOST:PORT,…" through one elsewhere, or
# "embedded": billing reads the gateway's journal itself. Remembered in var/mode, changed only by --kafka and --no-kafka,
# and only after billing has taken in all that lies in the old way: exactly one reader owns a journal.
# shellcheck shell=bash

# mode_use WAY: sets MODE (kafka or embedded) and BROKERS (empty: the private broker).
mode_use() {
    WAY=$1
    MODE=${WAY%% *}
    BROKERS=
    [ "$WAY" = "$MODE" ] || BROKERS=${WAY#* }
}

# mode_choose: the way to go from the options and from what is remembered; WAY_OLD is empty at the first run.
mode_choose() {
    WAY_OLD=$(cat "$VAR/mode" 2>/dev/null || true)
    mode_use "${OPT_WAY:-${WAY_OLD:-kafka}}"
}

mode_remember() {
    printf '%s\n' "$WAY" >"$VAR/mode.new"
    mv "$VAR/mode.new" "$VAR/mode"
}

mode_private_kafka() {
    [ "$WAY" = kafka ]
}

# kafka_brokers: empty on the embedded default.
kafka_brokers() {
    [ "$MODE" = kafka ] || return 0
    printf '%s' "${BROKERS:-127.0.0.1:$(port_of kafka)}"
}

mode_changes() {
    [ -n "$WAY_OLD" ] && [ "$WAY_OLD" != "$WAY" ]
}

# mode_drain: takes in all that the old way still holds. The gateway runs once more in it, so that what a crash left in
# the journals is recovered and goes that way; then it stops, and billing reads to the end.
mode_drain() {
    local way=$WAY
    mode_use "$WAY_OLD"
    ! mode_private_kafka || kafka_start
    programs_configure
    program_start gateway "$(gateway_url)/readyz"
    process_stop_named gateway
    process_stop_named billing
    timeout 300 "$BIN/tollgate-billing" drain --config "$VAR/billing.conf" >>"$LOG/drain.log" 2>&1 9>&- || {
        last_lines drain
        fail "billing could not take in all that lies in the old way ($WAY_OLD), so nothing was changed" "see $LOG/drain.log"
    }
    process_stop_named kafka
    mode_use "$way"
    note "$WAY_OLD → $WAY"
}
