/* reason.c — the words of reasons.def. */
#include "tls/reason.h"

const char *tls_reason_label(enum tls_reason reason)
{
    static const char *const labels[TLS_REASON_COUNT] = {
#define TLS_REASON(name, label, text) [TLS_REASON_##name] = label,
#include "tls/reasons.def"
#undef TLS_REASON
    };
    return labels[reason];
}

const char *tls_reason_text(enum tls_reason reason)
{
    static const char *const texts[TLS_REASON_COUNT] = {
#define TLS_REASON(name, label, text) [TLS_REASON_##name] = text,
#include "tls/reasons.def"
#undef TLS_REASON
    };
    return texts[reason];
}
