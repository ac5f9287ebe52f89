/* dtls.c — DTLS between messages of SCTP: the handshake is OpenSSL's (flight.c), the records after
 * it are ours (seal.c). RFC 6083. */
#include "tls/dtls.h"

#include <assert.h>
#include <stdlib.h>

#include "tls/context_private.h"
#include "tls/core.h"
#include "tls/flight.h"
#include "tls/record.h"
#include "tls/seal.h"

static_assert(TLS_DTLS_OVERHEAD == TLS_RECORD_HEAD + TLS_SEAL_NONCE + TLS_SEAL_TAG,
              "what a caller must have room for");

/* Octets that may overtake the Finished: of somebody whom nobody has examined yet. */
enum { EARLY_MAX = 1 << 16 };

enum { ALERT_WARNING = 1, ALERT_FATAL = 2 };

struct tls_dtls {
    struct tls_core core;
    enum tls_side side;
    struct tls_flight flight;
    struct tls_octets early; /* records that wait to be read */
    struct tls_seal_count next;
    struct tls_seal seal;
    bool has_key;
    uint8_t key[TLS_DTLS_KEY_SIZE];
};

/* --- life ---------------------------------------------------------------------------------------
 */

struct tls_dtls *tls_dtls_new(struct tls_context *context, enum tls_side side)
{
    struct tls_dtls *dtls = calloc(1, sizeof *dtls);
    if (!dtls)
        return NULL;
    dtls->side = side;
    if (!tls_core_init(&dtls->core, context, context->message, side, NULL,
                       tls_flight_bio(&dtls->flight))) {
        tls_dtls_free(dtls);
        return NULL;
    }
    tls_flight_calm(dtls->core.ssl);
    return dtls;
}

void tls_dtls_free(struct tls_dtls *dtls)
{
    if (!dtls)
        return;
    tls_core_fini(&dtls->core);
    tls_octets_clear(&dtls->flight.unsent);
    tls_octets_clear(&dtls->early);
    tls_seal_fini(&dtls->seal);
    OPENSSL_cleanse(dtls->key, sizeof dtls->key);
    free(dtls);
}

/* --- the handshake ------------------------------------------------------------------------------
 */

/* RFC 6083 §4.1: a message is exactly one record. */
static bool is_one_record(const uint8_t *octets, size_t size, struct tls_record *record)
{
    return size <= TLS_DTLS_RECORD_MAX && tls_record_read(octets, size, record) &&
           tls_record_size(record) == size;
}

static bool keep_early(struct tls_dtls *dtls, const void *octets, size_t size)
{
    if (tls_octets_size(&dtls->early) + size > EARLY_MAX)
        tls_core_fail(&dtls->core, TLS_REASON_PROTOCOL);
    else if (!tls_octets_put(&dtls->early, octets, size))
        tls_core_fail(&dtls->core, TLS_REASON_INTERNAL);
    return dtls->core.state != TLS_FAILED;
}

/* Sealing goes on behind what the handshake has sent in our epoch: its Finished. */
static void count_sealed(struct tls_dtls *dtls)
{
    const uint8_t *at = tls_octets_at(&dtls->flight.unsent);
    size_t left = tls_octets_size(&dtls->flight.unsent);
    struct tls_record record;
    while (left != 0 && tls_record_read(at, left, &record)) {
        if (record.epoch == TLS_SEAL_EPOCH && record.length >= TLS_SEAL_NONCE) {
            dtls->next.sequence = record.sequence + 1;
            dtls->next.nonce = tls_get(record.fragment, TLS_SEAL_NONCE) + 1;
        }
        at += tls_record_size(&record);
        left -= tls_record_size(&record);
    }
}

/* As soon as there is a master secret: the other side may use the key with its next message. */
static void export_key(struct tls_dtls *dtls)
{
    static const char label[] = "EXPORTER_DTLS_OVER_SCTP";
    const SSL_SESSION *session = SSL_get_session(dtls->core.ssl);
    if (dtls->has_key || !session || SSL_SESSION_get_master_key(session, NULL, 0) == 0)
        return;
    dtls->has_key = SSL_export_keying_material(dtls->core.ssl, dtls->key, sizeof dtls->key, label,
                                               sizeof label - 1, NULL, 0, 0) == 1;
}

static void shake(struct tls_dtls *dtls)
{
    if (!tls_core_shake(&dtls->core))
        return;
    count_sealed(dtls);
    export_key(dtls);
    if (dtls->core.state == TLS_OPEN &&
        !(dtls->has_key && tls_seal_init(&dtls->seal, dtls->core.ssl, dtls->side, dtls->next)))
        tls_core_fail(&dtls->core, TLS_REASON_INTERNAL);
}

bool tls_dtls_feed(struct tls_dtls *dtls, const void *record, size_t size)
{
    struct tls_record head = {0};
    if (dtls->core.state == TLS_FAILED)
        return false;
    if (size != 0 && !is_one_record(record, size, &head)) {
        tls_core_fail(&dtls->core, TLS_REASON_PROTOCOL);
        return false;
    }
    if (head.type == TLS_RECORD_DATA || dtls->core.state != TLS_HANDSHAKING)
        return keep_early(dtls, record, size);
    dtls->flight.lent = record;
    dtls->flight.lent_size = size;
    shake(dtls);
    dtls->flight.lent_size = 0;
    return dtls->core.state != TLS_FAILED;
}

const uint8_t *tls_dtls_key(const struct tls_dtls *dtls)
{
    return dtls->has_key ? dtls->key : NULL;
}

/* --- alerts -------------------------------------------------------------------------------------
 */

static void say_alert(struct tls_dtls *dtls, uint8_t level, uint8_t description)
{
    uint8_t alert[] = {level, description};
    uint8_t record[sizeof alert + TLS_DTLS_OVERHEAD];
    struct iovec piece = {.iov_base = alert, .iov_len = sizeof alert};
    size_t size = tls_seal_close(&dtls->seal, TLS_RECORD_ALERT, &piece, 1, sizeof alert, record);
    if (size == 0 || !tls_octets_put(&dtls->flight.unsent, record, size))
        tls_core_fail(&dtls->core, TLS_REASON_INTERNAL);
}

static void fail_aloud(struct tls_dtls *dtls, uint8_t description)
{
    say_alert(dtls, ALERT_FATAL, description);
    tls_core_fail_with(&dtls->core, TLS_REASON_PROTOCOL, SSL_alert_desc_string_long(description));
}

static void hear_alert(struct tls_dtls *dtls, const uint8_t *alert, size_t size)
{
    if (size != 2)
        fail_aloud(dtls, SSL_AD_DECODE_ERROR);
    else if (alert[1] == SSL_AD_CLOSE_NOTIFY)
        dtls->core.state = TLS_CLOSED;
    else if (alert[0] == ALERT_FATAL)
        tls_core_fail_with(&dtls->core, TLS_REASON_ALERT, SSL_alert_desc_string_long(alert[1]));
}

/* --- data in ------------------------------------------------------------------------------------
 */

/* What is in a record, once it is opened. Returns the size of data. Whoever wants another handshake
 * is told that there is none (RFC 5246 §7.2.2). */
static size_t hear(struct tls_dtls *dtls, uint8_t type, const uint8_t *plaintext, size_t size)
{
    switch (type) {
    case TLS_RECORD_DATA:
        return size;
    case TLS_RECORD_ALERT:
        hear_alert(dtls, plaintext, size);
        return 0;
    case TLS_RECORD_HANDSHAKE:
        if (!dtls->core.is_shut)
            say_alert(dtls, ALERT_WARNING, SSL_AD_NO_RENEGOTIATION);
        return 0;
    default:
        fail_aloud(dtls, SSL_AD_UNEXPECTED_MESSAGE);
        return 0;
    }
}

/* A record of the epoch before is a flight repeated by a side whose timers run: it says nothing
 * new. */
static size_t open_record(struct tls_dtls *dtls, const void *octets, size_t size,
                          uint8_t *plaintext, size_t room)
{
    struct tls_record record;
    size_t opened = 0;
    if (!is_one_record(octets, size, &record)) {
        fail_aloud(dtls, SSL_AD_RECORD_OVERFLOW);
        return 0;
    }
    if (record.epoch < TLS_SEAL_EPOCH)
        return 0;
    if (!tls_seal_open(&dtls->seal, &record, plaintext, room, &opened)) {
        fail_aloud(dtls, SSL_AD_BAD_RECORD_MAC);
        return 0;
    }
    return hear(dtls, record.type, plaintext, opened);
}

/* The oldest of the records that were kept. */
static size_t open_early(struct tls_dtls *dtls, uint8_t *plaintext, size_t room)
{
    struct tls_record record;
    const uint8_t *at = tls_octets_at(&dtls->early);
    if (!tls_record_read(at, tls_octets_size(&dtls->early), &record))
        return 0;
    size_t opened = open_record(dtls, at, tls_record_size(&record), plaintext, room);
    tls_octets_take(&dtls->early, tls_record_size(&record));
    return opened;
}

size_t tls_dtls_read(struct tls_dtls *dtls, const void *record, size_t size, uint8_t *plaintext,
                     size_t room)
{
    size_t opened = 0;
    struct tls_record head;
    if (!tls_core_is_over_handshake(&dtls->core))
        return 0;
    if (tls_octets_size(&dtls->early) == 0)
        return size ? open_record(dtls, record, size, plaintext, room) : 0;
    if (size != 0 && !is_one_record(record, size, &head))
        fail_aloud(dtls, SSL_AD_RECORD_OVERFLOW);
    else if (size != 0)
        (void)keep_early(dtls, record, size);
    while (opened == 0 && tls_octets_size(&dtls->early) != 0 && dtls->core.state != TLS_FAILED)
        opened = open_early(dtls, plaintext, room);
    return opened;
}

/* --- data out -----------------------------------------------------------------------------------
 */

static size_t pieces_size(const struct iovec *pieces, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

size_t tls_dtls_seal(struct tls_dtls *dtls, const struct iovec *pieces, int count, uint8_t *record)
{
    size_t size = pieces_size(pieces, count);
    bool is_its_turn = tls_octets_size(&dtls->flight.unsent) == 0;
    if (!tls_core_may_write(&dtls->core) || !is_its_turn || size == 0 ||
        size > TLS_DTLS_MESSAGE_MAX)
        return 0;
    size_t sealed = tls_seal_close(&dtls->seal, TLS_RECORD_DATA, pieces, count, size, record);
    if (sealed == 0)
        tls_core_fail(&dtls->core, TLS_REASON_INTERNAL);
    return sealed;
}

bool tls_dtls_keep(struct tls_dtls *dtls, const uint8_t *record, size_t size)
{
    bool kept = tls_octets_put(&dtls->flight.unsent, record, size);
    if (!kept)
        tls_core_fail(&dtls->core, TLS_REASON_INTERNAL);
    return kept;
}

/* close_notify must not be heard before what was sent ahead of it on other streams (RFC 6083 §4.9).
 */
static int what_of(const struct tls_dtls *dtls, const struct tls_record *record)
{
    bool is_last_word = record->type == TLS_RECORD_ALERT && dtls->core.is_shut;
    if (record->type == TLS_RECORD_CHANGE_CIPHER_SPEC)
        return TLS_DTLS_AFTER_DRY | TLS_DTLS_THEN_USE_KEY;
    return is_last_word ? TLS_DTLS_AFTER_DRY : 0;
}

bool tls_dtls_next(const struct tls_dtls *dtls, struct tls_dtls_record *record)
{
    struct tls_record head;
    const struct tls_octets *unsent = &dtls->flight.unsent;
    if (!tls_record_read(tls_octets_at(unsent), tls_octets_size(unsent), &head))
        return false;
    *record = (struct tls_dtls_record){.octets = tls_octets_at(unsent),
                                       .size = tls_record_size(&head),
                                       .is_control = head.type != TLS_RECORD_DATA,
                                       .what = what_of(dtls, &head)};
    return true;
}

void tls_dtls_sent(struct tls_dtls *dtls)
{
    struct tls_dtls_record record;
    if (tls_dtls_next(dtls, &record))
        tls_octets_take(&dtls->flight.unsent, record.size);
}

/* --- the end ------------------------------------------------------------------------------------
 */

void tls_dtls_close(struct tls_dtls *dtls)
{
    if (!tls_core_may_write(&dtls->core))
        return;
    dtls->core.is_shut = true;
    say_alert(dtls, ALERT_WARNING, SSL_AD_CLOSE_NOTIFY);
    if (dtls->core.state == TLS_OPEN)
        dtls->core.state = TLS_CLOSING;
}

void tls_dtls_fail(struct tls_dtls *dtls, enum tls_reason reason)
{
    tls_core_fail(&dtls->core, reason);
}

/* --- what there is to know ----------------------------------------------------------------------
 */

enum tls_state tls_dtls_state(const struct tls_dtls *dtls)
{
    return dtls->core.state;
}

enum tls_reason tls_dtls_reason(const struct tls_dtls *dtls)
{
    return dtls->core.reason;
}

const char *tls_dtls_why(const struct tls_dtls *dtls)
{
    return dtls->core.why;
}

const char *tls_dtls_version(const struct tls_dtls *dtls)
{
    return SSL_get_version(dtls->core.ssl);
}

const char *tls_dtls_cipher(const struct tls_dtls *dtls)
{
    return SSL_get_cipher_name(dtls->core.ssl);
}

int64_t tls_dtls_expires(const struct tls_dtls *dtls)
{
    return dtls->core.expires;
}

enum tls_proof tls_dtls_speaks_for(const struct tls_dtls *dtls, const char *identity, size_t size)
{
    return tls_core_speaks_for(&dtls->core, identity, size);
}
