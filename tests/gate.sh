#!/usr/bin/env bash
# The program's own recvmsg and nanosleep (agent/sctp/gate.c) must come before the C library's for the SCTP stack, too: they
# stand in the program's dynamic symbols. Whoever hides symbols one day learns of it here. Takes the program.
set -u
for name in recvmsg nanosleep; do
    if ! nm --dynamic --defined-only "$1" | grep -q " T $name\$"; then
        echo "$1 does not export $name: the stack's threads would pass by the gate"
        exit 1
    fi
done
