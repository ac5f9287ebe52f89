#!/usr/bin/env bash
# Antipode beside HAProxy in TCP mode and freeDiameter as a relay, in turns: what one relayed request and its answer
# cost. Builds a release, measures, prints a table. docs/PERFORMANCE.md says how to read it.
#
# usage: bench/compare.sh [--transport tcp|tls|sctp|dtls]
#                         [--peers antipode,haproxy,freediameter,direct] [--profiles sat,ping,open5k,open10k,c100,c1000]
#                         [--cores one|two|any] [--runs N] [--seconds T] [--against REV] [--from FOLDER]... [--write]
#   --transport of all connections; tls: HAProxy, too, decrypts and encrypts, with the same cipher; sctp and dtls (in UDP):
#               nobody else relays, so what load and servers spend when joined directly is the measure
#   --peers     antipode:4 has four workers, antipode:4:spread has its peers spread over them; direct is no agent
#   --against   builds REV beside this revision and compares the two, at least 7 runs each
#   --from      measures nothing: the table of results that were kept
#   --write     puts tables and plots into README.md and docs/
# Results are kept in build/compare/DATE/. Wants haproxy and freediameterd, or --peers without them.
set -euo pipefail
cd "$(dirname "$0")/.."

against=
measures=true
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --against) against=${2:?"--against wants a revision"}; shift ;;
    --from) measures=false ;;
    esac
    shift
done

# Builds the release of the tree in $1 as its users would, and says where it is: $2 for revisions that cannot say so.
build() {
    local tree=$1 where=$2
    if [ -x "$tree/packaging/build.sh" ]; then
        "$tree/packaging/build.sh" --no-install >&2
        built=$tree/build/release
        return
    fi
    built=$where
    echo "building $where …" >&2
    mkdir -p "$where"
    { (cd "$tree" && cmake --preset release -B "$where") && cmake --build "$where"; } >"$where.log" 2>&1 ||
        { tail -40 "$where.log" >&2; exit 1; }
}

if $measures; then
    build "$PWD" "$PWD/build/release"
fi
if $measures && [ -n "$against" ]; then
    commit=$(git rev-parse --verify --short=12 "$against^{commit}")
    tree=$PWD/build/against/$commit
    [ -d "$tree" ] || git worktree add --detach --force "$tree" "$commit" >/dev/null 2>&1
    build "$tree" "$PWD/build/against/$commit-release"
    arguments+=(--against-bin "$built/bin" --against-name "$commit")
fi
exec python3 -B bench/compare.py "${arguments[@]}"
