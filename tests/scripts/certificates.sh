#!/usr/bin/env bash
# certificates.sh FOLDER [NAME...] — certificates for tests and trials, by the openssl command, with quick EC keys:
#
#   ca.pem, ca.key           whom the others are signed by; ca.crl revokes `revoked`; ca.issued is its book
#   agent.pem, agent.key     dNSName agent.example.net, dra1.example.net, localhost
#   expired, revoked         dNSName peer.example.net, each with what its name says
#   wrong                    dNSName somebody-else.example.net
#   other-ca, stranger       an authority that nobody trusts, and peer.example.net signed by it
#   NAME[=END]               dNSName NAME: one for each that is named, good until END (20301231235959Z)
#
# What exists already is made anew.
#
# certificates.sh --revoke FOLDER NAME…: writes ca.crl anew, with those on it, too.
set -eu
[ $# -ge 1 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }
revoke=
[ "$1" != --revoke ] || { revoke=1; shift; }
mkdir -p "$1"
cd "$1"
shift

authority() { # NAME
    openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 30 -subj "/CN=$1" \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
    rm -rf "$1.issued"
    mkdir "$1.issued"
    : >"$1.issued/index"
    echo 1000 >"$1.issued/serial"
    echo 01 >"$1.issued/crlnumber"
    cat >"$1.issued/conf" <<END
[ca]
default_ca = it
[it]
database = $1.issued/index
serial = $1.issued/serial
crlnumber = $1.issued/crlnumber
new_certs_dir = $1.issued
certificate = $1.pem
private_key = $1.key
default_md = sha256
default_crl_days = 30
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
END
}

issue() { # AUTHORITY NAME SAN [START END]
    openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$2" -addext "subjectAltName=$3" \
        -keyout "$2.key" -out "$2.csr" 2>/dev/null
    openssl ca -batch -notext -config "$1.issued/conf" -in "$2.csr" -out "$2.pem" \
        -startdate "${4:-20250101000000Z}" -enddate "${5:-20991231235959Z}" 2>/dev/null
    rm "$2.csr"
}

revoke() { # NAME…
    local name
    for name in "$@"; do
        openssl ca -config ca.issued/conf -revoke "$name.pem" 2>/dev/null
    done
    openssl ca -config ca.issued/conf -gencrl -out ca.crl 2>/dev/null
}

if [ -n "$revoke" ]; then
    revoke "$@"
    exit 0
fi
authority ca
issue ca agent DNS:agent.example.net,DNS:dra1.example.net,DNS:localhost
issue ca expired DNS:peer.example.net 20240101000000Z 20240201000000Z
issue ca revoked DNS:peer.example.net
issue ca wrong DNS:somebody-else.example.net
authority other-ca
issue other-ca stranger DNS:peer.example.net
for name in "$@"; do
    end=${name#"${name%%=*}"}
    issue ca "${name%%=*}" "DNS:${name%%=*}" '' "${end#=}"
done
revoke revoked
rm -rf other-ca.issued
chmod 600 ./*.key
