#!/usr/bin/env bash
# Runs one Criterion program and fails on what Criterion lets pass: a leak or a sanitizer report leaves a
# log here although the program ends with 0. The results go to $RESULTS as JUnit XML. Ends with 77 where a test
# was skipped, which Criterion keeps to itself, too.
set -u
program=$1
name=$(basename "$program")${LAB_TRANSPORT:+@$LAB_TRANSPORT}
results=${RESULTS:-$(dirname "$program")/../results}
mkdir -p "$results"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export ASAN_OPTIONS="log_path=$logs/asan:detect_leaks=1:abort_on_error=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="log_path=$logs/ubsan:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export TSAN_OPTIONS="log_path=$logs/tsan${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
"$program" --xml="$results/$name.xml" "${@:2}"
status=$?
if compgen -G "$logs/*" >/dev/null; then
    cat "$logs"/*
    echo "$name: a sanitizer reported the above"
    status=1
fi
# Over another transport the lab leaves out what is about streams or tcp: lab_kind.c.
if [ $status = 0 ] && [ $# = 1 ] && [ -z "${LAB_TRANSPORT:-}" ] && grep -q 'skipped="[1-9]' "$results/$name.xml"; then
    exit 77
fi
exit $status
