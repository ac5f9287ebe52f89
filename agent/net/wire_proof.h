/* wire_proof.h — what tls/ says of a certificate, in the words of a wire. */
#pragma once

#include "agent/net/wire.h"
#include "tls/identity.h"

static inline enum wire_proof wire_proof_of(enum tls_proof proof)
{
    switch (proof) {
    case TLS_PROVES:
        return WIRE_PROVES;
    case TLS_SILENT:
        return WIRE_SILENT;
    case TLS_DENIES:
        break;
    }
    return WIRE_DENIES;
}
