/* reason.h — words that stream and message channels share: who is who, how far it is, why it
 * failed. */
#pragma once

enum tls_side {
    TLS_SERVER, /* has accepted the transport */
    TLS_CLIENT, /* has dialled */
};

enum tls_state {
    TLS_HANDSHAKING,
    TLS_OPEN,    /* plaintext goes both ways */
    TLS_CLOSING, /* we have said close_notify; what still comes may be read */
    TLS_CLOSED,  /* the other side has said close_notify: nothing more will be read from a stream */
    TLS_FAILED,  /* for good; an alert may wait to be sent */
};

enum tls_reason {
#define TLS_REASON(name, label, text) TLS_REASON_##name,
#include "tls/reasons.def"
#undef TLS_REASON
    TLS_REASON_COUNT
};

/* The name in the metrics, "no_certificate". */
const char *tls_reason_label(enum tls_reason reason);

/* A short text for people, "it shows no certificate". */
const char *tls_reason_text(enum tls_reason reason);
