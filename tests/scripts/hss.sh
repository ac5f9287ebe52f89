#!/usr/bin/env bash
# The two bench programs against each other: flows, mixes, pushes, a mirror that survives kill -9, and the ways
# in which antipode-hss ends. Each line is a claim; the first that does not hold ends the script with 1.
set -u
hss=$1 load=$2
dir=$(mktemp -d)
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$dir"' EXIT

fail() {
    echo "hss.sh: $1"
    tail -n 20 "$dir"/* 2>/dev/null
    exit 1
}

# start NAME OPTION...: an HSS whose output goes to $dir/NAME; sets pid and, if it listens, address.
start() {
    local out=$dir/$1
    shift
    : >"$out"
    [[ " $* " == *" --listen "* ]] || set -- --listen 127.0.0.1:0 "$@"
    "$hss" --users 500 "$@" >"$out" 2>"$out.err" &
    pid=$!
    pids+=("$pid")
    for ((i = 0; i < 1200; i++)); do
        address=$(sed -n 's/^listening //p' "$out")
        [[ $address ]] && return
        kill -0 "$pid" 2>/dev/null || fail "antipode-hss $* does not start"
        sleep 0.05
    done
    fail "antipode-hss $* does not listen"
}

# stop NAME: SIGTERM; the report is the last line of $dir/NAME.
stop() {
    kill -TERM "$pid"
    wait "$pid" || fail "$1 ends with $?"
    report=$(tail -n 1 "$dir/$1")
}

# says JSON NAME VALUE: does the report have this member?
says() {
    [[ $1 == *"\"$2\":$3"[,\}]* ]] || fail "not \"$2\":$3 in $1"
}

play() {
    timeout 120 "$load" --connect "$address" --users 500 --destination-realm example.net --report json \
        --connections 4 --window 8 "$@" >"$dir/load" 2>"$dir/load.err"
}

mix=(--mix UAR:3,MAR:1,SAR:1,LIR:5 --requests 4000)

for application in sip cx; do
    start flow --threads 3
    play --application $application --flow registration --flows 1000 || fail "$application: registration"
    stop flow
    says "$report" requests 4000
    says "$report" registered 500
    says "$report" bad 0
done

start busy --busy 10
play "${mix[@]}" && fail "3004 is an error"
play "${mix[@]}" --allow protocol || fail "3004 is allowed"
stop busy
says "$report" requests 8000

start late --delay 1ms-3ms --threads 2
play "${mix[@]}" || fail "delayed answers"
stop late
says "$report" requests 4000

start push --registered --push rtr:1000
play --mix LIR:1 --duration 2s || fail "pushes"
stop push
[[ $report =~ \"sent\":([0-9]+),\"answered\":([0-9]+) ]] || fail "no pushes in $report"
((BASH_REMATCH[1] > 20 && BASH_REMATCH[1] == BASH_REMATCH[2])) || fail "pushes and answers: $report"

# A mirror: what is registered at one is known to the other, and to the one again after kill -9.
knows() {
    for ((i = 0; i < 300; i++)); do
        play --mix LIR:1 --requests 2000 || fail "LIR"
        grep -qE '"(2005|5034)"' "$dir/load" || return 0
        sleep 0.1
    done
    fail "$1 does not learn what its mate knows"
}
start one --identity hss1.example.net
first=$pid at_first=$address
start two --identity hss2.example.net --peer-of "$at_first"
second=$pid at_second=$address
address=$at_first
play --flow registration --flows 1500 || fail "registration at the first"
address=$at_second
knows two
kill -9 "$first"
wait "$first" 2>/dev/null
start one --identity hss1.example.net --listen "$at_first"
address=$at_first
knows one
stop one
says "$report" registered 500
pid=$second
stop two
says "$report" registered 500

# Mistakes.
"$hss" --listen 127.0.0.1:0 --transport tls 2>"$dir/err"
[[ $? == 2 && $(<"$dir/err") == *"--tls-certificate and --tls-key are missing"* ]] || fail "--transport tls without a certificate"
start held
timeout 60 "$hss" --listen "$address" >/dev/null 2>"$dir/err"
[[ $? == 1 && $(wc -l <"$dir/err") == 1 ]] || fail "a port in use ends with 1 and one line"
stop held
echo "hss.sh: all held"
