#!/usr/bin/env bash
# The program's own recvmsg (agent/sctp/gate.c) must come before the C library's for the SCTP stack, too: it stands in the
# program's dynamic symbols. Whoever hides symbols one day learns of it here. Takes the program.
set -u
if nm --dynamic --defined-only "$1" | grep -q ' T recvmsg$'; then
    exit 0
fi
echo "$1 does not export recvmsg: the stack's threads would pass by the gate"
exit 1
