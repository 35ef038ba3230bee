# The web console: built once for each state of its sources, below build/console, so that the checkout stays as it is.
# Without Node or a package registry there is none, and everything else comes up all the same.
# shellcheck shell=bash

CONSOLE_BUILDS=${TOLLGATE_CONSOLE_BUILDS:-$ROOT/build/console}
CONSOLE_WORK=$CONSOLE_BUILDS/src/web-admin
CONSOLE_NODE=$ROOT/build/node

# console_state: what the sources hold, in twelve characters; looked at once per run.
console_state() {
    (
        cd "$ROOT" || exit
        find web-admin tenants/api/openapi.yaml \( -name node_modules -o -name dist \) -prune -o -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-12
    )
}

CONSOLE_STATE=$(console_state)

# console_folder: where the built files of this state lie, or would lie.
console_folder() {
    printf '%s/%s' "$CONSOLE_BUILDS" "$CONSOLE_STATE"
}

console_wanted() {
    [ "$(setting console yes)" = yes ]
}

console_built() {
    console_wanted && [ -e "$(console_folder)/index.html" ]
}

# A machine's own Node is taken when it is new enough and has npm.
console_own_node() {
    local version
    command -v npm >/dev/null && version=$(node --version 2>/dev/null) && version=${version#v} &&
        [[ ${version%%.*} =~ ^[0-9]+$ ]] && [ "${version%%.*}" -ge 18 ]
}

# console_path: prints the PATH with node and npm on it; 1 when there is none to be had. Debian's own npm is 370
# packages and takes twice as long as the one from PyPI (deploy/README.md has the figures).
console_path() {
    local wanted
    if console_own_node; then
        printf '%s' "$PATH"
        return 0
    fi
    wanted=$(sha256sum <"$ROOT/deploy/console/requirements.txt")
    if [ "$(cat "$CONSOLE_NODE/.made" 2>/dev/null)" != "$wanted" ]; then
        command -v python3 >/dev/null || return 1
        rm -rf "$CONSOLE_NODE"
        python3 -m venv "$CONSOLE_NODE" >&2 &&
            "$CONSOLE_NODE/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 15 \
                -r "$ROOT/deploy/console/requirements.txt" >&2 || return 1
        printf '%s\n' "$wanted" >"$CONSOLE_NODE/.made"
    fi
    printf '%s' "$CONSOLE_NODE/bin:$PATH"
}

# A copy of the sources is built, so that it does not matter whose the checkout is; what npm installed stays.
console_copy() {
    mkdir -p "$CONSOLE_WORK" "$CONSOLE_BUILDS/src/tenants/api"
    find "$CONSOLE_WORK" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
    tar -C "$ROOT/web-admin" --exclude=./node_modules --exclude=./dist -cf - . | tar -C "$CONSOLE_WORK" --no-same-owner -xf -
    cp "$ROOT/tenants/api/openapi.yaml" "$CONSOLE_BUILDS/src/tenants/api/"
}

# console_install: the packages of the lock file, once for each version of it. PATH has npm on it.
console_install() {
    local wanted made=$CONSOLE_WORK/node_modules/.made
    wanted="$(sha256sum <"$CONSOLE_WORK/package-lock.json") $(node --version)"
    [ "$(cat "$made" 2>/dev/null)" != "$wanted" ] || return 0
    (cd "$CONSOLE_WORK" && timeout 600 npm ci --ignore-scripts --loglevel=error --fetch-retries=1 --fetch-timeout=30000) &&
        printf '%s\n' "$wanted" >"$made"
}

# console_prepare: PATH with Node, sources and packages there. One at a time, since all deployments of a checkout share
# them. Prints a reason and returns 1 when something can't be had.
console_prepare() {
    local path
    mkdir -p "$CONSOLE_BUILDS"
    exec 8>"$CONSOLE_BUILDS/lock"
    flock 8
    path=$(console_path 2>>"$LOG/console.log") || {
        echo "there is no Node 18 or newer, and none could be fetched from PyPI"
        return 1
    }
    PATH=$path
    console_copy
    console_install >>"$LOG/console.log" 2>&1 </dev/null || {
        echo "npm could not install its packages"
        return 1
    }
}

# console_build: to be run in the background. Ends with 3 and a reason as its last line when there will be no console.
console_build() {
    local folder
    folder=$(console_folder)
    [ ! -e "$folder/index.html" ] || return 0
    exec 9>&-
    console_prepare || exit 3
    if ! (cd "$CONSOLE_WORK" && npm run build) >>"$LOG/console.log" 2>&1 </dev/null; then
        echo "its build failed"
        exit 3
    fi
    rm -rf "$folder"
    cp -a "$CONSOLE_WORK/dist" "$folder"
    # Those that another deployment of this checkout may have in its settings are kept.
    find "$CONSOLE_BUILDS" -mindepth 1 -maxdepth 1 -type d ! -name src -printf '%T@ %p\n' | sort -rn | tail -n +5 |
        cut -d ' ' -f 2- | xargs -r rm -rf
}
