# Tollgate's own programs: their settings files, their start, and what is asked of them once.
# shellcheck shell=bash

TOPIC=tollgate.usage.v1

# A program that was not built is said plainly; the others would only time out waiting for it.
programs_check() {
    local name
    for name in tollgate-{gateway,billing,control,migrate,fake-provider}; do
        [ -x "$BIN/$name" ] || fail "$name was not built" "see $LOG/build.log"
    done
}

http_get() {
    curl --silent --fail --noproxy '*' --max-time 5 "$1"
}

http_ok() {
    http_get "$1" >/dev/null 2>&1
}

# gateway_address: what the gateway binds; gateway_url: how this machine reaches it.
gateway_address() {
    local address
    address=$(setting listen 127.0.0.1)
    [[ $address != *:* || $address == \[* ]] || address="[$address]"
    printf '%s:%s' "$address" "$(port_of gateway)"
}

gateway_url() {
    local address
    address=$(gateway_address)
    case $address in
    0.0.0.0:*) address=127.0.0.1:${address##*:} ;;
    '[::]':*) address="[::1]:${address##*:}" ;;
    esac
    printf 'http://%s' "$address"
}

ops_url() {
    printf 'http://127.0.0.1:%s' "$(port_of "$1-ops")"
}

# console_url [WORD]: where a browser finds the console; WORD when there is none.
console_url() {
    if console_built; then printf '%s/console/' "$(gateway_url)"; else printf '%s' "${1:-}"; fi
}

fake_provider_url() {
    printf 'http://127.0.0.1:%s' "$(port_of fake-provider)"
}

# The settings files are written at each run; a program whose file changed is started again.
programs_configure() {
    mkdir -p "$VAR/gateway" "$VAR/fake-provider"
    secret snapshot.key 32 >/dev/null
    secret master.key 32 >/dev/null
    {
        printf '# Written by deploy/up.\nmode = trial\n'
        printf 'listen = %s\n' "$(gateway_address)"
        printf 'ops-listen = 127.0.0.1:%s\n' "$(port_of gateway-ops)"
        printf 'data-dir = %s\n' "$VAR/gateway"
        printf 'database-url-file = %s\n' "$SECRETS/database-gateway.url"
        printf 'snapshot-key-file = %s\n' "$SECRETS/snapshot.key"
        printf 'kafka-brokers = %s\nkafka-topic = %s\n' "$(kafka_brokers)" "$TOPIC"
        printf 'sandbox-url = %s\n' "$(fake_provider_url)"
        printf 'control-url = http://127.0.0.1:%s\n' "$(port_of control)"
        ! console_built || printf 'console-dir = %s\n' "$(console_folder)"
        # deploy/down waits longer than that before it kills.
        printf 'drain-seconds = 20\naccess-log = %s\n' "$LOG/access.log"
        [ ! -e "$STATE/upstreams" ] || sed 's/^/upstream = /' "$STATE/upstreams"
        printf 'master-key-file = %s\n' "$SECRETS/master.key"
        [ ! -e "$SECRETS/credentials" ] || printf 'credentials-file = %s\n' "$SECRETS/credentials"
    } | write_if_changed "$VAR/gateway.conf"
    {
        printf '# Written by deploy/up.\n'
        if [ "$MODE" = kafka ]; then
            printf 'source = kafka\nkafka-brokers = %s\nkafka-topic = %s\n' "$(kafka_brokers)" "$TOPIC"
        else
            printf 'source = journal\n'
        fi
        printf 'journal-dir = %s\n' "$VAR/gateway/journal"
        printf 'database-url-file = %s\n' "$SECRETS/database-billing.url"
        printf 'ops-listen = 127.0.0.1:%s\n' "$(port_of billing-ops)"
    } | write_if_changed "$VAR/billing.conf"
    {
        printf '# Written by deploy/up.\n'
        printf 'listen = 127.0.0.1:%s\nops-listen = 127.0.0.1:%s\n' "$(port_of control)" "$(port_of control-ops)"
        printf 'database-url-file = %s\n' "$SECRETS/database-control.url"
        printf 'master-key-file = %s\n' "$SECRETS/master.key"
    } | write_if_changed "$VAR/control.conf"
}

# program_words NAME: sets WORDS to the command line of one of our daemons.
program_words() {
    case $1 in
    fake-provider)
        WORDS=("$BIN/tollgate-fake-provider" --listen "127.0.0.1:$(port_of fake-provider)"
            --truth "$VAR/fake-provider/truth.jsonl")
        ;;
    billing) WORDS=("$BIN/tollgate-billing" run --config "$VAR/billing.conf") ;;
    control) WORDS=("$BIN/tollgate-control" serve --config "$VAR/control.conf") ;;
    gateway) WORDS=("$BIN/tollgate-gateway" --config "$VAR/gateway.conf") ;;
    esac
}

# program_start NAME URL: starts it, or starts it again when its binary or its settings changed; ready when URL answers.
program_start() {
    local -a WORDS
    program_words "$1"
    if process_current "$1" "${WORDS[@]}"; then
        note runs
        return 0
    fi
    if process_runs "$1"; then
        process_stop_named "$1"
        note "started again: its binary or its settings changed"
    fi
    process_start "$1" "${WORDS[@]}"
    process_wait "$1" 30 http_ok "$2"
}

# Once for each state of binary and SQL; the runner itself knows which migrations are in.
migrate() {
    "$BIN/tollgate-migrate" up --database-url-file "$SECRETS/database-owner.url" --dir "$ROOT/migrations" \
        >>"$LOG/migrate.log" 2>&1 9>&- || {
        last_lines migrate
        fail "a migration failed" "see $LOG/migrate.log"
    }
}

# once NAME MARK FUNCTION: runs it unless it succeeded with this mark before.
once() {
    if [ "$(setting "$1")" = "$2" ]; then
        note "unchanged"
        return 0
    fi
    "$3"
    remember "$1" "$2"
}

catalog_import() {
    "$BIN/tollgate-control" catalog import "$ROOT/deploy/catalog/catalog.json" \
        --database-url-file "$SECRETS/database-control.url" >>"$LOG/catalog.log" 2>&1 9>&- || {
        last_lines catalog
        fail "the catalog could not be loaded" "see $LOG/catalog.log"
    }
}

catalog_load() {
    once catalog "$(cat "$BIN/tollgate-control" "$ROOT"/deploy/catalog/*.json | sha256sum) $(setting database-made)" catalog_import
}

# The first operator, tenant and key, and the logins of both. Secrets are shown once, so they are kept in var/secrets.
# A database from before there were logins gets them by a second bootstrap, which shows nothing else.
bootstrap_run() {
    local out
    out=$("$BIN/tollgate-control" bootstrap --if-missing --database-url-file "$SECRETS/database-control.url" \
        2>>"$LOG/bootstrap.log" 9>&-) || {
        last_lines bootstrap
        fail "the first tenant and key could not be made" "see $LOG/bootstrap.log"
    }
    if [[ $'\n'$out == *$'\n'TOLLGATE_KEY=?* ]]; then
        printf '%s\n' "$out" | private "$SECRETS/bootstrap"
    elif [[ $'\n'$out == *$'\n'TOLLGATE_OPERATOR_PASSWORD=?* ]]; then
        printf '%s\n' "$(cat "$SECRETS/bootstrap" 2>/dev/null)" "$out" | private "$SECRETS/bootstrap"
    fi
    [ -s "$SECRETS/bootstrap" ] || fail "this database has a first tenant already, but its key is not in $SECRETS" \
        "give another --database, or an empty one"
}

bootstrap() {
    once bootstrap "$(setting database-made) with logins" bootstrap_run
}

# bootstrapped NAME: what the bootstrap showed under that name.
bootstrapped() {
    sed -n "s/^$1=//p" "$SECRETS/bootstrap" | head -n 1
}

tenant_key() {
    bootstrapped TOLLGATE_KEY
}

topic_make() {
    "$BIN/tollgate-billing" create-topic --kafka-brokers "$(kafka_brokers)" --kafka-topic "$TOPIC" --partitions 12 \
        >>"$LOG/topic.log" 2>&1
}

topic_check() {
    until_ok 30 topic_make || {
        last_lines topic
        fail "the topic $TOPIC could not be made at $(kafka_brokers)" "see $LOG/topic.log"
    }
}

topic() {
    once topic "$(kafka_brokers) $(sed -n 's/^cluster.id=//p' "$VAR/kafka/data/meta.properties" 2>/dev/null)" topic_check
}
