#!/usr/bin/env bash
# Who may know whom: proto ← routing ← agent, tls ← agent, proto and tls ← bench; nobody knows the tests. The libraries do no
# I/O, atomics live in a few files of the agent, and no source names a place of the machine it was written on.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

complain() {
    echo "$1"
    failed=1
}

sources() {
    find "$@" \( -name '*.[ch]' -o -name '*.def' \) -not -path './build*' | sort
}

# layer FOLDER ALLOWED...: the project's files it may include, by their first folder. $except below it is not meant.
layer() {
    local folder=$1 allowed line
    shift
    allowed=$(IFS='|'; echo "$*")
    while IFS= read -r line; do
        complain "$line: $folder may include only: $*"
    done < <(sources "$folder" | grep -v "^${except:--}/" |
                 xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' /dev/null |
                 grep -vE "include[[:space:]]*\"($allowed)/")
}

# purity FOLDER ALLOWED...: the system headers it may include, as an extended regular expression each; $except as
# above, of files (bindings: one table for all threads).
purity() {
    local folder=$1 allowed line
    shift
    allowed=$(IFS='|'; echo "$*")
    while IFS= read -r line; do
        complain "$line: $folder does no I/O and has no threads"
    done < <(sources "$folder" | grep -v "^${except:--}" |
                 xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' /dev/null |
                 grep -vE "include[[:space:]]*<($allowed)>")
}

libc='assert\.h|ctype\.h|errno\.h|inttypes\.h|limits\.h|math\.h|std(arg|bool|def|int|io|lib|align)\.h'
libc+='|string\.h|strings\.h|time\.h|arpa/inet\.h'

layer proto proto
layer routing proto routing
layer tls tls
layer agent proto routing tls agent
layer agent/sctp agent/sctp # bench links it, too
except='bench/\(micro\|redis\)' layer bench proto tls agent/sctp bench
layer bench/micro proto routing bench # measures routing's steps
layer bench/redis proto routing agent # and the agent's client of Redis
purity proto "$libc"
purity tls "$libc" 'openssl/[a-z0-9_]+\.h' 'sys/uio\.h' 'stdatomic\.h'
except=routing/bindings purity routing "$libc" 'xxhash\.h' 'tre/tre\.h'

# style.md, Threads. The parts of a module (log_ring, admin_http) count as the module.
threads='context|board|metrics|mailbox|bindings|conf|agent|worker|log|trace|stats|directory|clock|net/sctp|conf/conf|store/redis|sctp/slots|sctp/stack|sctp/gate'
while IFS= read -r line; do
    complain "$line: atomics live elsewhere: style.md, Threads"
done < <(sources proto routing tls agent |
             grep -vE "^(agent|routing|tls)/($threads)(_[a-z_]+)?\.[ch]$" |
             xargs grep -nE '\b(_Atomic|atomic_[a-z_]+|stdatomic\.h)\b|__atomic_|__sync_' /dev/null)

# An absolute path below somebody's home or a build machine's folder says nothing to anybody else.
while IFS= read -r line; do
    complain "$line: a path of this machine"
done < <(sources . |
             xargs grep -nE '(^|["<[:space:]=(:])/(home|root|Users|work|tmp/h|mnt|media|build|workspace)/[[:alnum:]_.]' /dev/null)

exit $failed
