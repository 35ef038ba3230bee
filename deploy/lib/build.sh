# The release build: only when a source is newer than the last good one.
# shellcheck shell=bash

BUILD_STAMP=$ROOT/build/release/.built

# A folder is newer than the stamp too when a file in it came or went.
build_needed() {
    [ -e "$BUILD_STAMP" ] || return 0
    [ -n "$(find "$ROOT"/{common,gateway,billing,tenants,migrations,cmake,tests/support,CMakeLists.txt,CMakePresets.json} \
        -newer "$BUILD_STAMP" -print -quit)" ]
}

build_release() {
    local stamp=$BUILD_STAMP.new
    if [ -n "${TOLLGATE_BIN:-}" ]; then
        note "programs from $BIN"
        return 0
    fi
    if ! build_needed; then
        note unchanged
        return 0
    fi
    mkdir -p "$ROOT/build/release"
    touch "$stamp"
    (
        cd "$ROOT"
        cmake --preset release -DCMAKE_C_COMPILER_LAUNCHER="$(command -v ccache || true)" && cmake --build --preset release
    ) >"$LOG/build.log" 2>&1 9>&- </dev/null || {
        grep -E 'error|FAILED' "$LOG/build.log" | head -n 8 | sed 's/^/    | /' >&2
        fail "the build failed" "see $LOG/build.log"
    }
    mv "$stamp" "$BUILD_STAMP"
}
