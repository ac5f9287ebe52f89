# Which Debian packages building and testing want, and how to fetch those that are missing. To be sourced.

BUILD_PACKAGES=(gcc cmake ninja-build pkg-config libc6-dev libuv1-dev libyaml-dev libmicrohttpd-dev
    libjansson-dev libpcap-dev libhiredis-dev libc-ares-dev libusrsctp-dev libxxhash-dev libtre-dev libssl-dev libjemalloc-dev)
TEST_PACKAGES=(clang clang-format libclang-rt-14-dev libcriterion-dev ccache scdoc curl patch python3 python3-jsonschema python3-yaml openssl
    freediameterd freediameter-extensions iproute2 nftables redis-server tshark prometheus)
SANITIZE_PACKAGES=(clang-tidy cppcheck valgrind gcovr) # for `tests/run.sh tidy` and `sanitize`

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

# Installs what is missing of "$@". Packages that bring a service must not start it on a user's machine: while
# apt runs, policy-rc.d says no.
install_packages() {
    local missing as_root=() policy=/usr/sbin/policy-rc.d
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "installing: ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" sh -c "
        set -e
        made=
        if [ ! -e $policy ]; then
            made=1
            printf '#!/bin/sh\nexit 101\n' >$policy
            chmod +x $policy
        fi
        trap '[ -z \"\$made\" ] || rm -f $policy' EXIT
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${missing[*]} >/dev/null
    "
}
