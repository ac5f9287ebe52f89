#!/usr/bin/env bash
# A certificate authority for a demonstration or a test, and certificates of it: ca.pem, and NAME.pem with NAME.key for
# each NAME, which speaks for the hosts behind it. Good for two days; who can read the folder can play everybody.
#
# usage: bench/certificates.sh FOLDER NAME=HOST[,HOST]...
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$1
shift
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

# openssl says on standard error what it does; only failures are worth reading.
quietly() {
    "$@" 2>"$folder/openssl.log" || { cat "$folder/openssl.log" >&2; exit 1; }
}

if [ ! -e "$folder/ca.pem" ]; then
    quietly openssl req -x509 "${key[@]}" -days 2 -subj "/CN=authority of $(basename "$folder")" \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$folder/ca.key" -out "$folder/ca.pem"
fi
for one in "$@"; do
    name=${one%%=*}
    hosts=${one#*=}
    quietly openssl req -new "${key[@]}" -subj "/CN=$name" -addext "subjectAltName=DNS:${hosts//,/,DNS:}" \
        -addext basicConstraints=critical,CA:FALSE -keyout "$folder/$name.key" -out "$folder/$name.csr"
    quietly openssl x509 -req -days 2 -in "$folder/$name.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
        -CAcreateserial -copy_extensions copy -out "$folder/$name.pem"
    rm "$folder/$name.csr"
done
rm -f "$folder/openssl.log"
