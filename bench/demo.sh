#!/usr/bin/env bash
# The main job in a minute: two stand-in HSSs, the agent and a population of SIP servers on loopback. The registration flow of
# RFC 4740 §6.3 and a load of UAR, MAR, SAR and LIR go through, with the workers' peers spread and again packed.
#
# usage: bench/demo.sh [--stay] [--transport tcp] [--no-install]
# Exit status 0 only if every request got its answer and no user was served by two HSSs.
set -euo pipefail
cd "$(dirname "$0")/.."

stay=false
install=true
while [ $# -gt 0 ]; do
    case $1 in
    --stay) stay=true ;;
    --no-install) install=false ;;
    --transport)
        [ "${2:-}" = tcp ] || { echo "demo.sh: transport '${2:-}' is not built yet" >&2; exit 2; }
        shift
        ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "demo.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done

. .ci/packages.sh
if $install; then
    install_packages "${BUILD_PACKAGES[@]}"
fi
echo "building a release …"
mkdir -p build
{ cmake --preset release && cmake --build --preset release; } >build/demo-build.log 2>&1 ||
    { tail -40 build/demo-build.log; exit 1; }
bin=$PWD/build/release/bin
# The allocator says its version itself: a linker leaves a library out that nobody names.
"$bin/antipode" version | grep -q '^allocator: jemalloc [0-9]' || { echo "demo.sh: the release runs without jemalloc" >&2; exit 1; }

room=$(mktemp -d)
pids=()
end() {
    local pid
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    pids=()
}
trap 'end; rm -rf "$room"' EXIT
trap 'exit 130' INT TERM

# Waits until the pattern stands in the file and prints what its group caught.
await() {
    local file=$1 pattern=$2 caught
    for _ in $(seq 300); do
        caught=$(sed -nE "s/$pattern/\\1/p" "$file" | head -1)
        [ -n "$caught" ] && { echo "$caught"; return 0; }
        sleep 0.05
    done
    echo "demo.sh: waited in vain for '$pattern':" >&2
    cat "$file" >&2
    return 1
}

# In this shell, not in a $(…): what it notes in `pids` must be known to end().
start_hss() {
    local number=$1
    shift
    "$bin/antipode-hss" --listen 127.0.0.1:0 --identity "hss$number.example.net" --realm example.net \
        --users "$users" "$@" >"$room/hss$number.out" 2>&1 &
    pids+=($!)
    address=$(await "$room/hss$number.out" '^listening (.*)$')
}

write_configuration() {
    local placement=$1 first=$2 second=$3
    cat >"$room/antipode.yaml" <<YAML
version: 1
identity: dra1.example.net
realm: example.net
workers: 4
placement: $placement
advertise: [relay, sip, cx]
listen:
  - { transport: tcp, address: 127.0.0.1, port: 0 }
admin:
  http: { address: 127.0.0.1, port: 0 }
  socket: none
peers:
  - identity: hss1.example.net
    realm: example.net
    connect: { transport: tcp, address: 127.0.0.1, port: ${first##*:} }
  - identity: hss2.example.net
    realm: example.net
    connect: { transport: tcp, address: 127.0.0.1, port: ${second##*:} }
  - identity: "*.example.com"
    from: [127.0.0.0/8]
pools:
  - name: hss
    members:
      - { peer: hss1.example.net }
      - { peer: hss2.example.net }
routes:
  - { name: home, realm: example.net, action: relay, pool: hss }
YAML
}

users=10000
run_load() {
    "$bin/antipode-load" --connect "127.0.0.1:$port" --destination-realm example.net --verify-stickiness "$@"
}

run() {
    local placement=$1 first second
    echo
    echo "── 4 workers, placement: $placement ──────────────────────────────────────────"
    start_hss 1
    first=$address
    start_hss 2
    second=$address
    write_configuration "$placement" "$first" "$second"
    "$bin/antipode" check "$room/antipode.yaml" >/dev/null
    "$bin/antipode" run "$room/antipode.yaml" 2>"$room/agent.log" &
    pids+=($!)
    port=$(await "$room/agent.log" '^INFO -: listening: tcp 127\.0\.0\.1:([0-9]+)$')
    metrics=$(await "$room/agent.log" '^INFO -: listening: http (.*)$')
    await "$room/agent.log" '^INFO (hss1\.example\.net): open' >/dev/null
    await "$room/agent.log" '^INFO (hss2\.example\.net): open' >/dev/null
    echo "registration flow of RFC 4740 §6.3: 1,200 users, three SIP servers 1, one SIP server 2"
    run_load --flow registration --flows 1200 --users 1200 --connections 3 --window 8 \
        --origin 'sip%d.example.com' --server2 'registrar%d.example.com'
    echo
    echo "load: 200,000 requests UAR:3,MAR:1,SAR:1,LIR:5 from 50 SIP servers, 10,000 users"
    run_load --requests 200000 --users "$users" --connections 50 --window 16
    echo
    echo "metrics: http://$metrics/metrics"
}

run spread
end
run packed
if $stay; then
    echo
    echo "It stays until Ctrl-C. Diameter: 127.0.0.1:$port"
    wait "${pids[-1]}"
fi
echo
echo "every request got its answer, and every user was served by one HSS"
