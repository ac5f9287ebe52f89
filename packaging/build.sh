#!/usr/bin/env bash
# The release as users deploy it, in build/release/bin. It is built twice: first to count, while the demo runs over TCP
# and TLS, which ways the code goes how often; then by what was counted (gcc's profile-guided optimisation). That takes
# some three minutes; a request and its answer cost 8 to 9 % fewer instructions. Done anew if a source has changed.
#
# usage: packaging/build.sh [--no-install]
set -euo pipefail
cd "$(dirname "$0")/.."

demo=(bench/demo.sh)
case ${1:-} in
'') ;;
--no-install) demo+=(--no-install) ;;
-h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) echo "build.sh: unknown option $1" >&2; exit 2 ;;
esac

. .ci/packages.sh
[ ${#demo[@]} -gt 1 ] || install_packages "${BUILD_PACKAGES[@]}"
export CCACHE_DISABLE=1 # what is compiled depends on the counts, too
mkdir -p build
log=$PWD/build/packaging.log
stamp=build/release/profiled

# What the programs are made of, and by whom.
sources() {
    { "${CC:-cc}" --version; find CMakeLists.txt CMakePresets.json agent proto routing tls bench packaging -type f \
        \( -name '*.[ch]' -o -name '*.def' -o -name '*.txt' -o -name '*.json' -o -name '*.sh' \) -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum
}

build() {
    { cmake --preset release -DANTIPODE_PROFILE="$1" && cmake --build --preset release; } >"$log" 2>&1 ||
        { tail -40 "$log" >&2; exit 1; }
}

# Whoever stops this half-way finds a release that is built without a profile next time.
leave() {
    [ -f $stamp ] || cmake --preset release -DANTIPODE_PROFILE= >/dev/null 2>&1 || true
}

sources=$(sources)
if [ -f $stamp ] && [ "$(cat $stamp)" = "$sources" ]; then
    build use # whoever has built something else meanwhile
    exit 0
fi
rm -f $stamp
trap leave EXIT
echo "building a release that counts …"
build learn
find build/release -name '*.gcda' -delete
for transport in tcp tls; do
    echo "the demo over $transport …"
    "${demo[@]}" --transport $transport >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
done
[ -n "$(find build/release -name 'relay.c.gcda')" ] || { echo "build.sh: nothing was counted" >&2; exit 1; }
echo "building the release by what was counted …"
build use
echo "$sources" >$stamp
