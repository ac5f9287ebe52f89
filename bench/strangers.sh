#!/usr/bin/env bash
# A minute of strangers: 10,000 idle connections, 200 bad TLS handshakes a second, noise on every port and 100,000 who connect and
# close, while 5,000 requests a second flow. Nothing may be lost and no watchdog be late; the latencies without them and among them
# are printed.
#
# usage: bench/strangers.sh [SECONDS]        (60; the release build is made if it is not there)
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" != -h ] && [ "${1:-}" != --help ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0; }
seconds=${1:-60}
bin=${BIN_DIR:-build/release/bin}
[ -x "$bin/antipode-load" ] || { cmake --preset release && cmake --build --preset release; } >/dev/null

STRANGERS_SECONDS=$seconds STRANGERS_IDLE=10000 STRANGERS_CONNECTS=$((100000 / seconds + 1)) STRANGERS_HANDSHAKES=200 STRANGERS_RATE=5000 \
    BIN_DIR=$bin RESULTS=${RESULTS:-build/results} python3 -B tests/system/junit.py tests/system/test_strangers.py
