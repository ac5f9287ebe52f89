#!/usr/bin/env bash
# The main job in a minute: two stand-in HSSs, the agent and a population of SIP servers on loopback. The registration flow of
# RFC 4740 §6.3 and a load of UAR, MAR, SAR and LIR go through, with the workers' peers spread and again packed.
#
# usage: bench/demo.sh [--stay] [--transport tcp|tls|sctp|dtls] [--no-install]
# sctp and dtls go in UDP, from one port a program, so no privilege is needed; tls and dtls with certificates made for
# the purpose. Exit status 0 only if every request got its answer and no user was served by two HSSs.
set -euo pipefail
cd "$(dirname "$0")/.."

stay=false
install=true
transport=tcp
while [ $# -gt 0 ]; do
    case $1 in
    --stay) stay=true ;;
    --no-install) install=false ;;
    --transport)
        transport=${2:-}
        [[ $transport =~ ^(tcp|tls|sctp|dtls)$ ]] || { echo "demo.sh: --transport: tcp, tls, sctp or dtls" >&2; exit 2; }
        shift
        ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "demo.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done

. .ci/packages.sh
if $install; then
    wanted=("${BUILD_PACKAGES[@]}")
    [[ $transport != *tls ]] || wanted+=(openssl) # makes the certificates
    install_packages "${wanted[@]}"
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
    for _ in $(seq 1200); do
        caught=$(sed -nE "s/$pattern/\\1/p" "$file" | head -1)
        [ -n "$caught" ] && { echo "$caught"; return 0; }
        sleep 0.05
    done
    echo "demo.sh: waited in vain for '$pattern':" >&2
    cat "$file" >&2
    return 1
}

# ---- the transport ----

is_secure() { [ "$transport" = tls ] || [ "$transport" = dtls ]; }
is_sctp() { [ "$transport" = sctp ] || [ "$transport" = dtls ]; }

# A UDP port that nobody has. A configuration names its port, so it is chosen before the agent starts.
free_udp_port() {
    local port taken
    taken=$(cat /proc/net/udp /proc/net/udp6 2>/dev/null | awk '{ sub(/.*:/, "", $2); print $2 }')
    while port=$((RANDOM % 20000 + 30000)) && grep -qi "^$(printf %04X "$port")$" <<<"$taken"; do :; done
    echo "$port"
}

# What a program of ours is told of the transport: options NAME [REMOTE-UDP-PORT]
options=()
set_options() {
    options=(--transport "$transport")
    ! is_secure || options+=(--tls-certificate "$room/$1.pem" --tls-key "$room/$1.key" --tls-ca "$room/ca.pem")
    ! is_sctp || options+=(--udp-port any ${2:+--remote-udp-port "$2"})
}

if is_secure; then
    clients=registrar1.example.com$(printf ',sip%d.example.com' $(seq 50))
    bench/certificates.sh "$room" agent=dra1.example.net hss1=hss1.example.net hss2=hss2.example.net load="$clients"
fi

# In this shell, not in a $(…): what it notes in `pids` must be known to end().
start_hss() {
    local number=$1
    shift
    set_options "hss$number"
    : >"$room/hss$number.out" # now, and not when the program comes to it: the last one's port stands there
    "$bin/antipode-hss" "${options[@]}" --listen 127.0.0.1:0 --identity "hss$number.example.net" --realm example.net \
        --users "$users" "$@" >"$room/hss$number.out" 2>&1 &
    pids+=($!)
    address=$(await "$room/hss$number.out" '^listening (.*)$')
    ! is_sctp || udp=", udp_port: $(await "$room/hss$number.out" '^udp-port (.*)$')"
}

# write_configuration PLACEMENT then of each HSS its address and what is to be said of its UDP port
write_configuration() {
    local placement=$1 first=$2 first_udp=$3 second=$4 second_udp=$5
    cat >"$room/antipode.yaml" <<YAML
version: 1
identity: dra1.example.net
realm: example.net
workers: 4
placement: $placement
advertise: [relay, sip, cx]
listen:
  - { transport: $transport, address: 127.0.0.1, port: 0 }
$(! is_secure || echo "tls: { certificate: $room/agent.pem, private_key: $room/agent.key, ca: $room/ca.pem }")
$(! is_sctp || echo "sctp: { udp_port: $agent_udp, blackhole: 2 }")
admin:
  http: { address: 127.0.0.1, port: 0 }
  socket: none
peers:
  - identity: hss1.example.net
    realm: example.net
    connect: { transport: $transport, address: 127.0.0.1, port: ${first##*:}$first_udp }
  - identity: hss2.example.net
    realm: example.net
    connect: { transport: $transport, address: 127.0.0.1, port: ${second##*:}$second_udp }
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
requests=200000
! is_sctp || requests=40000 # a stack in user space takes longer
run_load() {
    set_options load "$agent_udp"
    "$bin/antipode-load" "${options[@]}" --connect "127.0.0.1:$port" --destination-realm example.net --verify-stickiness "$@"
}

run() {
    local placement=$1 first second first_udp second_udp
    udp=
    agent_udp=
    ! is_sctp || agent_udp=$(free_udp_port)
    echo
    echo "── $transport, 4 workers, placement: $placement ──────────────────────────────────────────"
    start_hss 1
    first=$address
    first_udp=$udp
    start_hss 2
    second=$address
    second_udp=$udp
    write_configuration "$placement" "$first" "$first_udp" "$second" "$second_udp"
    "$bin/antipode" check "$room/antipode.yaml" >"$room/check.out" || { cat "$room/check.out" >&2; exit 1; }
    : >"$room/agent.log"
    "$bin/antipode" run "$room/antipode.yaml" 2>"$room/agent.log" &
    pids+=($!)
    port=$(await "$room/agent.log" '^INFO -: listening: '"$transport"' 127\.0\.0\.1:([0-9]+)$')
    metrics=$(await "$room/agent.log" '^INFO -: listening: http (.*)$')
    await "$room/agent.log" '^INFO (hss1\.example\.net): open' >/dev/null
    await "$room/agent.log" '^INFO (hss2\.example\.net): open' >/dev/null
    echo "registration flow of RFC 4740 §6.3: 1,200 users, three SIP servers 1, one SIP server 2"
    run_load --flow registration --flows 1200 --users 1200 --connections 3 --window 8 \
        --origin 'sip%d.example.com' --server2 'registrar%d.example.com'
    echo
    echo "load: $requests requests UAR:3,MAR:1,SAR:1,LIR:5 from 50 SIP servers, 10,000 users"
    run_load --requests "$requests" --users "$users" --connections 50 --window 16
    echo
    echo "metrics: http://$metrics/metrics"
}

run spread
end
run packed
if $stay; then
    echo
    echo "It stays until Ctrl-C. Diameter: 127.0.0.1:$port, $transport${agent_udp:+ in UDP port $agent_udp}"
    wait "${pids[-1]}"
fi
echo
echo "every request got its answer, and every user was served by one HSS"
