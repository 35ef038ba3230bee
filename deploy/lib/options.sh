# The options of deploy/up: read, checked, and remembered in var/state until given anew.
# shellcheck shell=bash

options_help() {
    cat <<'HELP'
deploy/up: brings a whole Tollgate up on this machine, or what of it is down.

  deploy/up                           everything, with a private PostgreSQL and a private Apache Kafka under var/
  deploy/up --no-kafka                without Kafka: billing reads the gateway's journal itself
  deploy/up --kafka [BROKERS]         back to Kafka; with BROKERS (host:port,…) to one that runs elsewhere
  deploy/up --database URL            a PostgreSQL that runs elsewhere; URL names a superuser (or a user with
                                      CREATEROLE) and a database that exists
  deploy/up --port PORT               the gateway's port (8080)
  deploy/up --listen ADDRESS          the gateway's address (127.0.0.1); this is a trial whose answers are
                                      invented: think before you open it to a network
  deploy/up --upstream DIALECT=URL    every provider of that dialect answers at URL instead of its own base URL, and
                                      needs no key; repeatable. DIALECT: openai (also openai-compatible and
                                      azure-openai), anthropic, gemini, bedrock, cohere. Plain http on loopback only.
                                      --upstream none forgets them.
  deploy/up --no-console              without the web console, which needs Node and npm's registry to be built;
                                      --console brings it back
  deploy/up --fresh                   stops everything, forgets all data and choices, and starts over

Run again it starts only what is down and changes nothing; choices hold until given anew. What Debian packages
are missing it installs (as root, or with sudo). Beside it:
  deploy/status   what runs, where, how far behind      deploy/down    stops it, keeps the data
  var/log/        a log per program                     var/dev.env    addresses, key, logins, for shells and tests
HELP
}

options_bad() {
    fail "$1" "deploy/up --help tells the options"
}

# options_read ARG…: sets OPT_*; an empty one was not given.
# shellcheck disable=SC2034
options_read() {
    OPT_FRESH='' OPT_WAY='' OPT_DATABASE='' OPT_PORT='' OPT_LISTEN='' OPT_CONSOLE='' OPT_UPSTREAM=()
    while [ $# -gt 0 ]; do
        case $1 in
        --help | -h) options_help && exit 0 ;;
        --fresh) OPT_FRESH=yes ;;
        --no-kafka) OPT_WAY=embedded ;;
        --console) OPT_CONSOLE=yes ;;
        --no-console) OPT_CONSOLE=no ;;
        --kafka)
            OPT_WAY=kafka
            if [ $# -gt 1 ] && [ "${2:0:1}" != - ]; then
                OPT_WAY="kafka $2"
                shift
            fi
            ;;
        --database | --port | --listen | --upstream)
            [ $# -gt 1 ] || options_bad "$1 needs a value"
            options_take "$1" "$2"
            shift
            ;;
        *) options_bad "unknown option: $1" ;;
        esac
        shift
    done
}

options_take() {
    case $1 in
    --database)
        [[ $2 =~ ^postgres(ql)?:// ]] || options_bad "--database: not a postgresql:// URL"
        OPT_DATABASE=$2
        ;;
    --port)
        [[ $2 =~ ^[1-9][0-9]{0,4}$ && $2 -le 65535 ]] || options_bad "--port: $2 is not a port"
        OPT_PORT=$2
        ;;
    --listen)
        [[ $2 =~ ^[0-9a-fA-F.:]+$|^\[[0-9a-fA-F:.]+\]$ ]] || options_bad "--listen: $2 is not an IP address"
        OPT_LISTEN=$2
        ;;
    --upstream)
        [[ $2 =~ ^(openai|anthropic|gemini|bedrock|cohere)=https?://[^[:space:]]+$ || $2 = none ]] ||
            options_bad "--upstream: $2 is not DIALECT=BASE_URL (openai, anthropic, gemini, bedrock, cohere)"
        OPT_UPSTREAM+=("$2")
        ;;
    esac
}

# options_remember: what was given takes the place of what was remembered. The mode changes later, after draining.
options_remember() {
    [ -z "$OPT_PORT" ] || port_remember gateway "$OPT_PORT"
    [ -n "$(port_of gateway)" ] || port_remember gateway 8080
    [ -z "$OPT_LISTEN" ] || remember listen "$OPT_LISTEN"
    [ -z "$OPT_CONSOLE" ] || remember console "$OPT_CONSOLE"
    [ -z "$OPT_DATABASE" ] || (umask 077 && remember database "$OPT_DATABASE")
    case ${OPT_UPSTREAM[*]-} in
    '') ;;
    *none*) rm -f "$STATE/upstreams" ;;
    *) (umask 077 && remember upstreams "$(printf '%s\n' "${OPT_UPSTREAM[@]}")") ;;
    esac
}
