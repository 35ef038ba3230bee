# The private Apache Kafka: one KRaft node under var/kafka, from jars of Maven Central, without Kafka's own scripts.
# shellcheck shell=bash

# The jars are the same for every deployment of this checkout.
kafka_libs() {
    printf '%s' "$ROOT/var/kafka/libs"
}

# kafka_fetch: the jars, once for each version of the pom; 1 when they can't be had.
kafka_fetch() {
    local libs wanted
    libs=$(kafka_libs)
    wanted=$(sha256sum <"$ROOT/deploy/kafka/pom.xml")
    [ ! -e "$libs/.pom" ] || [ "$(<"$libs/.pom")" != "$wanted" ] || return 0
    command -v mvn >/dev/null || return 1
    mkdir -p "${libs%/*}"
    rm -rf "$libs.new"
    # Maven writes nothing beside its cache and the folder named here.
    mvn -B -q -f "$ROOT/deploy/kafka/pom.xml" dependency:copy-dependencies -DoutputDirectory="$libs.new" \
        </dev/null >>"$LOG/kafka-jars.log" 2>&1 9>&- || return 1
    ls "$libs.new"/kafka_*.jar >/dev/null 2>&1 || return 1
    printf '%s\n' "$wanted" >"$libs.new/.pom"
    rm -rf "$libs"
    mv "$libs.new" "$libs"
}

kafka_version() {
    local -a jars
    jars=("$(kafka_libs)"/kafka_*.jar)
    local jar=${jars[0]##*-}
    printf '%s' "${jar%.jar}"
}

# A cluster id is 16 bytes in URL-safe base64; one that begins with "-" would be read as an option.
kafka_new_id() {
    local id=-
    while [ "${id:0:1}" = - ]; do
        id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    done
    printf '%s' "$id"
}

kafka_format() {
    [ ! -e "$VAR/kafka/data/meta.properties" ] || return 0
    rm -rf "$VAR/kafka/data"
    java -cp "$(kafka_libs)/*" -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" \
        kafka.tools.StorageTool format -t "$(kafka_new_id)" -c "$VAR/kafka/server.properties" \
        </dev/null >>"$LOG/kafka.log" 2>&1 9>&- || {
        last_lines kafka
        fail "Kafka's storage could not be formatted" "see $LOG/kafka.log"
    }
}

# kafka_answers PORT: the broker answers a request for its API versions (header: length 10, api 18, version 0,
# correlation id 1, no client id). A listening port is not yet a broker.
kafka_answers() {
    local got
    got=$(
        exec 2>/dev/null
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf '\0\0\0\012\0\022\0\0\0\0\0\001\377\377' >&3
        timeout 2 head -c 8 <&3 | wc -c
    ) || return 1
    [ "$got" -eq 8 ]
}

kafka_start() {
    local port
    ! process_runs kafka || return 0
    port=$(port_of kafka)
    mkdir -p "$VAR/kafka"
    fill "$ROOT/deploy/kafka/server.properties.in" PORT="$port" DATA="$VAR/kafka/data" \
        CONTROLLER_PORT="$(port_of kafka-controller)" | write_if_changed "$VAR/kafka/server.properties"
    kafka_format
    process_start kafka java -Xms128m -Xmx256m -XX:+UseSerialGC \
        -Dlog4j2.configurationFile="$ROOT/deploy/kafka/log4j2.properties" -cp "$(kafka_libs)/*" \
        kafka.Kafka "$VAR/kafka/server.properties"
    process_wait kafka 90 kafka_answers "$port"
}
