# TCP ports: which are taken and by whom, free ones to choose, and the ones chosen, remembered in var/ports.
# A bare Debian has no ss or netstat: the kernel's own tables in /proc/net are read.
# shellcheck shell=bash

ports_listening() {
    # Local address and port in hex, the state 0A is LISTEN, the tenth column is the socket's inode.
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" {n = split($2, a, ":"); print a[n], $10}'
}

port_taken() {
    ports_listening | grep -q "^$(printf '%04X' "$1") "
}

# port_holder PORT: "pid 12 (nginx)", or nothing when it can't be known.
port_holder() {
    local inode link pid
    inode=$(ports_listening | awk -v p="$(printf '%04X' "$1")" '$1 == p {print $2; exit}')
    [ -n "$inode" ] || return 0
    link=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null) || true
    [ -n "$link" ] || return 0
    pid=${link#/proc/}
    pid=${pid%%/*}
    printf 'pid %s (%s)' "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)"
}

# port_of NAME: the remembered port of that name.
port_of() {
    [ ! -e "$VAR/ports" ] || sed -n "s/^$1=//p" "$VAR/ports"
}

port_remember() {
    { grep -v "^$1=" "$VAR/ports" 2>/dev/null || true; printf '%s\n' "$1=$2"; } | sort >"$VAR/ports.new"
    mv "$VAR/ports.new" "$VAR/ports"
}

# port_choose NAME: remembers a free port for it, the one it had if that is still free. To be called only while NAME
# is down. Ports are taken below the range that the kernel gives to outgoing connections.
port_choose() {
    local port
    port=$(port_of "$1")
    while [ -z "$port" ] || port_taken "$port" || port_promised "$1" "$port"; do
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
    done
    port_remember "$1" "$port"
}

# port_promised NAME PORT: remembered for another program, which may be down just now.
port_promised() {
    [ -e "$VAR/ports" ] && grep -v "^$1=" "$VAR/ports" | grep -q "=$2\$"
}
