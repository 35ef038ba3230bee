# What deploy/up says and writes at its end, the call that proves it, and the wiping of --fresh.
# shellcheck shell=bash

# A model that the catalog surely has; the newcomer's first call uses it too.
FIRST_MODEL=openai/gpt-4.1-mini

first_call() {
    printf '{"model": "%s", "messages": [{"role": "user", "content": "Say hello."}]}' "$FIRST_MODEL"
}

# verify: a real call with the real key has to be answered.
verify() {
    local answer
    answer=$(printf 'header = "authorization: Bearer %s"\n' "$(tenant_key)" |
        curl --silent --show-error --noproxy '*' --max-time 20 --config - -H 'content-type: application/json' \
            --write-out '\n%{http_code}' -d "$(first_call)" "$(gateway_url)/v1/chat/completions" 2>&1) || true
    if [ "${answer##*$'\n'}" != 200 ]; then
        last_lines gateway
        fail "the gateway runs but did not answer a call:" "${answer:0:500}"
    fi
    note "a call was answered"
}

shell_word() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

write_environment() {
    local name
    {
        printf '# Written by deploy/up, for shells and tests: . var/dev.env\n'
        printf 'TOLLGATE_URL=%s\n' "$(shell_word "$(gateway_url)")"
        printf 'TOLLGATE_KEY=%s\n' "$(shell_word "$(tenant_key)")"
        printf 'TOLLGATE_CONTROL=%s\n' "$(shell_word "$(gateway_url)/control/v1")"
        # Empty when there is no console.
        printf 'TOLLGATE_CONSOLE=%s\n' "$(shell_word "$(console_url)")"
        for name in TOLLGATE_{OPERATOR_{EMAIL,PASSWORD,TOKEN},MEMBER_{EMAIL,PASSWORD}}; do
            printf '%s=%s\n' "$name" "$(shell_word "$(bootstrapped "$name")")"
        done
        printf 'TOLLGATE_FAKE_PROVIDER=%s\n' "$(shell_word "$(fake_provider_url)")"
        printf 'TOLLGATE_DATABASE=%s\n' "$(shell_word "$(database_admin_url)")"
        printf 'TOLLGATE_KAFKA=%s\n' "$(shell_word "$(kafka_brokers)")"
    } | write_if_changed "$VAR/dev.env"
}

# What stands of the console: where it is and who may sign in, or that there is none.
report_console() {
    if console_built; then
        printf '  console   %s\n' "$(console_url)"
        printf '            as operator %s, password %s\n' "$(bootstrapped TOLLGATE_OPERATOR_EMAIL)" \
            "$(bootstrapped TOLLGATE_OPERATOR_PASSWORD)"
        printf '            as member   %s, password %s\n' "$(bootstrapped TOLLGATE_MEMBER_EMAIL)" \
            "$(bootstrapped TOLLGATE_MEMBER_PASSWORD)"
    elif console_wanted; then
        printf '  console   none: it could not be built, see %s/console.log; deploy/up tries again\n' "$LOG"
    else
        printf '  console   none (deploy/up --console)\n'
    fi
}

report() {
    write_environment
    printf '\nTollgate is up (%d.%d s).' $(($1 / 1000)) $(($1 % 1000 / 100))
    say " This is a trial: answers are invented by the fake provider unless --upstream says otherwise."
    cat <<TEXT

  address   $(gateway_url)
  key       $(tenant_key)
$(report_console)
  events    $([ "$MODE" = kafka ] && printf 'through Kafka at %s' "$(kafka_brokers)" || printf "from the gateway's journal, without Kafka")

  curl $(gateway_url)/v1/chat/completions \\
    -H 'authorization: Bearer $(tenant_key)' \\
    -H 'content-type: application/json' \\
    -d '$(first_call)'

  With the OpenAI SDK:
    client = openai.OpenAI(base_url="$(gateway_url)/v1", api_key="$(tenant_key)")

  From the command line (tollgatectl --help tells the rest):
    build/release/bin/tollgatectl login $(bootstrapped TOLLGATE_MEMBER_EMAIL) --url $(gateway_url)
    build/release/bin/tollgatectl requests list

  For shells and tests: . var/dev.env    State: deploy/status    Stop: deploy/down
TEXT
}

# wipe: everything that a deployment has made, but not the jars and what tests have installed.
wipe() {
    local name away
    for name in "${PROCESSES[@]}"; do
        process_stop_named "$name"
    done
    [ -z "$(setting database)" ] || notice "what lies in the database of --database stays there"
    if [ -L "$VAR/postgres" ]; then
        away=$(readlink "$VAR/postgres")
        [[ $away != /var/lib/tollgate/*/postgres ]] || rm -rf "${away%/postgres}"
    fi
    rm -rf "${VAR:?}"/{postgres,gateway,fake-provider,kafka/data,kafka/server.properties,secrets,state,log,ports,mode} \
        "${VAR:?}"/{gateway,billing,control}.conf "${VAR:?}"/dev.env
    make_folders
}
