# What finds mistakes that tests miss: sanitizers, valgrind, checkers of the source, coverage. To be sourced by run.sh,
# whose `build` and `test_preset` it uses. Each function ends with 0 if there was nothing to report.

# Runs tests of the dev build against another agent; what its sanitizer writes comes to one folder, and fails.
# usage: dev_tests_against FOLDER_OF_AGENT CTEST_OPTION…
dev_tests_against() {
    local folder=$1 reports=$PWD/build/reports failed=0
    shift
    rm -rf "$reports"
    mkdir -p "$reports"
    ANTIPODE_BIN=$folder REPORTS=$reports MEMCHECKED=$PWD/build/dev/bin/antipode \
        TSAN_OPTIONS="log_path=$reports/tsan:suppressions=$PWD/tests/race/suppressions.txt" \
        test_preset dev --timeout 600 "$@" || failed=1
    if [ -n "$(find "$reports" -type f -size +0)" ]; then
        head -n 200 "$reports"/*
        echo "the agent's sanitizer reported the above"
        failed=1
    fi
    return $failed
}

# A third of the lab's programs, chosen by a number that is printed; PART=number repeats the choice.
part_of_the_lab_under_tsan() {
    local part=${PART:-$RANDOM} programs chosen
    build tsan --target antipode || return 1
    # lab_pressure and lab_surge measure memory and floods, which a slow agent meets differently: `sanitize` has them.
    programs=$(ctest --preset dev -N --label-regex lab | sed -n 's/.*: \(lab_[a-z_@]*\)$/\1/p' |
        grep -vE 'pressure|surge|certificates')
    chosen=$(for program in $programs; do echo "$(md5sum <<<"$part $program") $program"; done |
        sort | awk 'NR % 3 == 1 { print $NF }')
    echo "ThreadSanitizer, PART=$part:" $chosen
    dev_tests_against "$PWD/build/tsan/bin" --tests-regex "^($(paste -sd'|' <<<"$chosen"))\$"
}

under_tsan() {
    build dev && build tsan && test_preset tsan --label-regex race &&
        dev_tests_against "$PWD/build/tsan/bin" --label-regex 'lab|system|interop'
}

under_asan_and_ubsan() {
    build asan && test_preset asan --label-exclude 'race|once'
}

under_valgrind() {
    build dev && dev_tests_against "$PWD/tests/memcheck" --tests-regex '^lab_(fov|dpr@(tls|sctp))$'
}

clang_tidy() {
    build dev || return 1
    run-clang-tidy -quiet -j "$(nproc)" -p build/dev "^$PWD/(agent|proto|routing|tls|bench|tests)/" >build/tidy.txt 2>&1 && return 0
    sed 's/\x1b\[[0-9;]*m//g' build/tidy.txt | grep -A 3 'error: ' | awk '!seen[$0]++'
    return 1
}

cpp_check() {
    build dev || return 1
    local filters=(--file-filter={agent,proto,routing,tls,bench}/'*')
    # What loops of jansson are, since cppcheck reads no header of the system.
    local macros=('-Djson_array_foreach(array,index,value)=for(index=0;(value=json_array_get(array,index));index++)'
        '-Djson_object_foreach(object,key,value)=for(key="";(value=json_object_get(object,key));)')
    cppcheck -j "$(nproc)" --project=build/dev/compile_commands.json "${filters[@]}" "${macros[@]}" --std=c17 --inline-suppr \
        --enable=warning,performance,portability --quiet --error-exitcode=1
}

# Which lines ran in unit tests, lab, system tests and replayed corpora, judged folder by folder. Those that did not are
# listed in build/coverage.txt.
coverage() {
    build coverage || return 1
    find build/coverage -name '*.gcda' -delete
    local failed=0 folder least
    test_preset coverage || failed=1
    gcovr --root . --object-directory build/coverage -j "$(nproc)" --filter '(proto|routing|tls|agent)/' \
        --json build/coverage.json build/coverage || return 1
    gcovr --root . --add-tracefile build/coverage.json --output build/coverage.txt
    while read -r folder least; do
        gcovr --root . --add-tracefile build/coverage.json --filter "$folder/" --fail-under-line "$least" \
            --output "build/coverage-$folder.txt" || failed=1
        echo "$folder: lines $(awk '$1 == "TOTAL" { print $2, $3, $4 }' "build/coverage-$folder.txt"), at least $least %"
    done <<<$'proto 90\nrouting 90\ntls 90\nagent 80'
    echo "lines that did not run: build/coverage.txt"
    return $failed
}

# All of them, one after the other; ends with the number of those that found something.
sanitize() {
    local failed=0 step account=()
    for step in under_tsan under_asan_and_ubsan under_valgrind clang_tidy cpp_check coverage; do
        printf '\n=== %s ===\n' "${step//_/ }"
        SECONDS=0
        if "$step"; then
            account+=("$step: nothing to report ($SECONDS s)")
        else
            account+=("$step: FAILED ($SECONDS s)")
            failed=$((failed + 1))
        fi
    done
    printf '\n=== all in all ===\n'
    printf '%s\n' "${account[@]//_/ }"
    return $failed
}
