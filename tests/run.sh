#!/usr/bin/env bash
# Builds and runs the tests.
#
# usage: tests/run.sh [--install] [quick]    all tests that belong to a change; `quick`: those that take no more than a moment
#        tests/run.sh [--install] tidy        clang-tidy and cppcheck over all sources
#        tests/run.sh [--install] sanitize    sanitizers, checkers and coverage, one after the other; some forty minutes
#        tests/run.sh [--install] fuzz SECONDS [TARGET]…    every fuzz target (or those named) so long
#        tests/run.sh [--install] mutate      breaks one behaviour after the other, and looks whether its test goes red
# `--install` fetches missing Debian packages first, and lets none of them start a service.
# With CI=true a test that is skipped is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=all
seconds=
targets=()
install=false
while [ $# -gt 0 ]; do
    case $1 in
    --install) install=true ;;
    quick | tidy | sanitize | mutate) mode=$1 ;;
    chaos | soak) echo "run.sh: $1 is not built yet" >&2; exit 2 ;;
    fuzz)
        mode=fuzz
        seconds=${2:?fuzz wants the seconds for each target}
        shift
        ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *)
        [ "$mode" = fuzz ] || { echo "run.sh: unknown argument $1" >&2; exit 2; }
        targets+=("$1")
        ;;
    esac
    shift
done

. .ci/packages.sh
packages=("${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
[ $mode != sanitize ] && [ $mode != tidy ] || packages+=("${SANITIZE_PACKAGES[@]}")
if $install; then
    install_packages "${packages[@]}"
fi
missing=$(missing_packages "${packages[@]}" | tr '\n' ' ')
[ -z "$missing" ] || echo "not installed, see --install: $missing"

# Configures and builds; what the build says is shown only if it fails.
build() {
    local preset=$1
    shift
    mkdir -p build
    echo "building $preset …"
    { cmake --preset "$preset" && cmake --build --preset "$preset" "$@"; } >"build/$preset.log" 2>&1 ||
        { tail -60 "build/$preset.log"; return 1; }
}

test_preset() {
    local preset=$1
    shift
    ctest --preset "$preset" --parallel "$(nproc)" "$@" 2>&1 | tee "build/$preset-tests.log" || return 1
    if [ "${CI:-}" = true ] && grep -q '\*\*\*Skipped' "build/$preset-tests.log"; then
        echo "CI refuses skipped tests"
        return 1
    fi
}

. tests/sanitize.sh

case $mode in
quick)
    build dev
    test_preset dev --label-regex quick
    ;;
all)
    # gcc with the headers each alone, then clang with the sanitizers: both compilers, no warning.
    build dev --target all all_verify_interface_header_sets
    build asan
    test_preset asan --label-exclude 'race|once'
    test_preset dev
    part_of_the_lab_under_tsan
    ;;
tidy) clang_tidy && cpp_check && echo "clang-tidy and cppcheck find nothing" ;;
sanitize) sanitize ;;
mutate) tests/mutate.py ;;
fuzz)
    build fuzz
    [ ${#targets[@]} -gt 0 ] || targets=(tests/fuzz/fuzz_*.c)
    failed=0
    for target in "${targets[@]}"; do
        subject=$(basename "${target#*fuzz_}" .c)
        echo "fuzz_$subject: $seconds s"
        work=$(mktemp -d)
        "build/fuzz/fuzz/fuzz_$subject" -max_total_time="$seconds" -rss_limit_mb=4096 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/$subject-" "$work" "tests/fuzz/corpus/$subject" >"build/fuzz/$subject.log" 2>&1 ||
            { failed=1; tail -40 "build/fuzz/$subject.log"; }
        grep -h number_of_executed_units "build/fuzz/$subject.log" || true
        rm -rf "$work"
    done
    exit $failed
    ;;
esac
