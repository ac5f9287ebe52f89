#!/usr/bin/env bash
# Look-ups a second of the agent's client at a redis-server of its own: bench/redis.sh [FOLDER OF PROGRAMS] [SECONDS each]
set -eu
cd "$(dirname "$0")/.."
bin=$(realpath "${1:-build/release/bin}")
seconds=${2:-1}
room=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --dir "$room" --save '' --appendonly no >"$room/log" &
server=$!
trap 'kill "$server"; wait "$server" 2>/dev/null || true; rm -rf "$room"' EXIT
until grep -q 'Ready to accept' "$room/log"; do
    kill -0 "$server" || { cat "$room/log"; exit 1; }
    sleep 0.05
done
"$bin/lookups" "$port" "$seconds"
