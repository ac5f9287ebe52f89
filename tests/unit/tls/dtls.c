/* DTLS over messages. SCT-13 to SCT-18; RFC 6083. */
#include "tests/unit/tls/pair.h"

#include "tls/dtls.h"
#include "tls/flight.h"
#include "tls/record.h"

TestSuite(dtls, .init = make_certificates, .fini = remove_certificates);

struct ends {
    struct tls_dtls *client;
    struct tls_dtls *server;
};

static struct ends new_ends(void)
{
    struct tls_context *client = context_of("peer");
    struct tls_context *server = context_of("agent");
    struct ends ends = {tls_dtls_new(client, TLS_CLIENT), tls_dtls_new(server, TLS_SERVER)};
    cr_assert(ends.client && ends.server);
    tls_context_unref(client);
    tls_context_unref(server);
    (void)tls_dtls_feed(ends.client, NULL, 0);
    return ends;
}

static void free_ends(struct ends *ends)
{
    tls_dtls_free(ends->client);
    tls_dtls_free(ends->server);
}

/* One message. False: there was none. */
static bool pass_one(struct tls_dtls *from, struct tls_dtls *to)
{
    struct tls_dtls_record record;
    uint8_t room[TLS_DTLS_MESSAGE_MAX];
    if (!tls_dtls_next(from, &record))
        return false;
    if (tls_dtls_state(to) == TLS_HANDSHAKING)
        (void)tls_dtls_feed(to, record.octets, record.size);
    else
        (void)tls_dtls_read(to, record.octets, record.size, room, sizeof room);
    tls_dtls_sent(from);
    return true;
}

static void pass(struct ends *ends)
{
    while (pass_one(ends->client, ends->server) || pass_one(ends->server, ends->client))
        ;
}

static struct ends open_ends(void)
{
    struct ends ends = new_ends();
    pass(&ends);
    cr_assert_eq(tls_dtls_state(ends.client), TLS_OPEN, "%s", tls_dtls_why(ends.client));
    cr_assert_eq(tls_dtls_state(ends.server), TLS_OPEN, "%s", tls_dtls_why(ends.server));
    return ends;
}

static size_t seal(struct tls_dtls *from, const void *text, size_t size, uint8_t *record)
{
    struct iovec piece = {(void *)text, size};
    return tls_dtls_seal(from, &piece, 1, record);
}

/* What `to` reads in a record (or none), as a text. */
static const char *text_of(struct tls_dtls *to, const uint8_t *record, size_t size)
{
    static char text[TLS_DTLS_MESSAGE_MAX + 1];
    size_t got = tls_dtls_read(to, record, size, (uint8_t *)text, TLS_DTLS_MESSAGE_MAX);
    text[got] = '\0';
    return text;
}

/* `text` goes over as one record, and is read. */
static const char *echo(struct tls_dtls *from, struct tls_dtls *to, const char *text)
{
    uint8_t record[512];
    size_t size = seal(from, text, strlen(text), record);
    cr_assert_gt(size, 0);
    return text_of(to, record, size);
}

Test(dtls, SCT_18_a_handshake_opens_both_sides_with_DTLS_1_2)
{
    struct ends ends = open_ends();
    cr_assert_str_eq(tls_dtls_version(ends.server), "DTLSv1.2");
    cr_assert_str_eq(echo(ends.client, ends.server, "CER"), "CER");
    cr_assert_str_eq(echo(ends.server, ends.client, "CEA"), "CEA");
    cr_assert_eq(tls_dtls_speaks_for(ends.server, "peer.example.net", 16), TLS_PROVES);
    cr_assert_eq(tls_dtls_speaks_for(ends.client, "peer.example.net", 16), TLS_DENIES);
    free_ends(&ends);
}

Test(dtls, SCT_13_each_message_of_the_handshake_is_one_record_of_stream_0)
{
    struct ends ends = new_ends();
    struct tls_dtls_record record;
    struct tls_record head;
    do {
        struct tls_dtls *from = tls_dtls_next(ends.client, &record) ? ends.client : ends.server;
        cr_assert(tls_dtls_next(from, &record));
        cr_assert(tls_record_read(record.octets, record.size, &head));
        cr_assert_eq(tls_record_size(&head), record.size);
        cr_assert(record.is_control);
        pass_one(from, from == ends.client ? ends.server : ends.client);
    } while (tls_dtls_next(ends.client, &record) || tls_dtls_next(ends.server, &record));
    cr_assert_eq(tls_dtls_state(ends.client), TLS_OPEN);
    free_ends(&ends);
}

Test(dtls, SCT_16_both_sides_export_the_same_key)
{
    struct ends ends = new_ends();
    cr_assert_null(tls_dtls_key(ends.client));
    cr_assert_null(tls_dtls_key(ends.server));
    pass(&ends);
    cr_assert_arr_eq(tls_dtls_key(ends.client), tls_dtls_key(ends.server), TLS_DTLS_KEY_SIZE);
    free_ends(&ends);
}

/* Takes the client's messages to its ChangeCipherSpec, which stays unsent. */
static void stop_before_change(struct ends *ends, struct tls_dtls *changer)
{
    struct tls_dtls *other = changer == ends->client ? ends->server : ends->client;
    struct tls_dtls_record record;
    for (;;) {
        if (tls_dtls_next(changer, &record) && record.what != 0)
            return;
        cr_assert(pass_one(changer, other) || pass_one(other, changer));
    }
}

Test(dtls, SCT_16_SCT_17_the_change_waits_for_dry_and_then_uses_the_key)
{
    struct ends ends = new_ends();
    struct tls_dtls_record record;
    struct tls_record head;
    stop_before_change(&ends, ends.client);
    cr_assert(tls_dtls_next(ends.client, &record));
    cr_assert(tls_record_read(record.octets, record.size, &head));
    cr_assert_eq(head.type, TLS_RECORD_CHANGE_CIPHER_SPEC);
    cr_assert_eq(record.what, TLS_DTLS_AFTER_DRY | TLS_DTLS_THEN_USE_KEY);
    cr_assert(tls_dtls_key(ends.client));
    free_ends(&ends);
}

Test(dtls, SCT_16_the_acceptor_has_the_key_before_the_Finished_that_needs_it)
{
    struct ends ends = new_ends();
    stop_before_change(&ends, ends.client);
    cr_assert(tls_dtls_key(ends.server));
    free_ends(&ends);
}

Test(dtls, SCT_16_the_acceptor_changes_likewise)
{
    struct ends ends = new_ends();
    struct tls_dtls_record record;
    uint8_t sealed[64];
    stop_before_change(&ends, ends.server);
    cr_assert_eq(tls_dtls_state(ends.server), TLS_OPEN);
    cr_assert_eq(seal(ends.server, "early", 5, sealed), 0); /* its turn is behind the Finished */
    cr_assert(tls_dtls_next(ends.server, &record));
    cr_assert_eq(record.what, TLS_DTLS_AFTER_DRY | TLS_DTLS_THEN_USE_KEY);
    pass(&ends);
    cr_assert_str_eq(echo(ends.server, ends.client, "now"), "now");
    free_ends(&ends);
}

Test(dtls, SCT_13_messages_of_16384_octets_pass_and_longer_ones_do_not)
{
    static uint8_t message[TLS_DTLS_MESSAGE_MAX + 4];
    static uint8_t record[TLS_DTLS_MESSAGE_MAX + TLS_DTLS_OVERHEAD];
    static uint8_t got[TLS_DTLS_MESSAGE_MAX];
    struct ends ends = open_ends();
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 31 >> 3);
    size_t size = seal(ends.client, message, TLS_DTLS_MESSAGE_MAX, record);
    cr_assert_leq(size, sizeof record);
    cr_assert_eq(tls_dtls_read(ends.server, record, size, got, sizeof got), sizeof got);
    cr_assert_arr_eq(got, message, sizeof got);
    cr_assert_eq(seal(ends.client, message, TLS_DTLS_MESSAGE_MAX + 1, record), 0);
    cr_assert_eq(seal(ends.client, message, TLS_DTLS_MESSAGE_MAX + 4, record), 0);
    cr_assert_eq(tls_dtls_state(ends.client), TLS_OPEN);
    free_ends(&ends);
}

Test(dtls, a_message_may_lie_in_pieces)
{
    uint8_t record[128];
    struct iovec pieces[] = {{(char *)"C", 1}, {(char *)"", 0}, {(char *)"ER", 2}};
    struct ends ends = open_ends();
    size_t size = tls_dtls_seal(ends.client, pieces, 3, record);
    cr_assert_str_eq(text_of(ends.server, record, size), "CER");
    free_ends(&ends);
}

Test(dtls, SCT_14_records_in_any_order_are_read_all)
{
    enum { COUNT = 300 };
    static uint8_t records[COUNT][64];
    size_t size[COUNT];
    char text[16];
    struct ends ends = open_ends();
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        size[i] = seal(ends.client, text, strlen(text), records[i]);
    }
    for (int i = COUNT; i-- > 0;) {
        (void)snprintf(text, sizeof text, "%d", i);
        cr_assert_str_eq(text_of(ends.server, records[i], size[i]), text);
    }
    free_ends(&ends);
}

Test(dtls, SCT_14_data_that_overtakes_the_Finished_waits_for_it)
{
    uint8_t record[2][64];
    uint8_t none[64];
    size_t size[2];
    struct ends ends = new_ends();
    struct tls_dtls_record left;
    stop_before_change(&ends, ends.server);
    /* The server's last flight is kept back by hand; what it says behind overtakes it. */
    uint8_t flight[4][512];
    size_t flight_size[4];
    size_t count = 0;
    while (tls_dtls_next(ends.server, &left)) {
        flight_size[count] = left.size;
        memcpy(flight[count++], left.octets, left.size);
        tls_dtls_sent(ends.server);
    }
    size[0] = seal(ends.server, "one", 3, record[0]);
    size[1] = seal(ends.server, "two", 3, record[1]);
    cr_assert(tls_dtls_feed(ends.client, record[0], size[0]));
    cr_assert(tls_dtls_feed(ends.client, record[1], size[1]));
    cr_assert_eq(tls_dtls_state(ends.client), TLS_HANDSHAKING);
    for (size_t i = 0; i < count; i++)
        cr_assert(tls_dtls_feed(ends.client, flight[i], flight_size[i]));
    cr_assert_eq(tls_dtls_state(ends.client), TLS_OPEN);
    cr_assert_eq(seal(ends.server, "three", 5, none), 5 + TLS_DTLS_OVERHEAD);
    cr_assert_str_eq(text_of(ends.client, none, 5 + TLS_DTLS_OVERHEAD), "one");
    cr_assert_str_eq(text_of(ends.client, NULL, 0), "two");
    cr_assert_str_eq(text_of(ends.client, NULL, 0), "three");
    cr_assert_str_eq(text_of(ends.client, NULL, 0), "");
    free_ends(&ends);
}

Test(dtls, SCT_15_SCT_17_close_notify_is_said_when_all_is_acknowledged)
{
    struct ends ends = open_ends();
    struct tls_dtls_record record;
    uint8_t late[64];
    size_t size = seal(ends.client, "late", 4, late);
    tls_dtls_close(ends.client);
    cr_assert_eq(tls_dtls_state(ends.client), TLS_CLOSING);
    cr_assert(tls_dtls_next(ends.client, &record));
    cr_assert(record.is_control);
    cr_assert_eq(record.what, TLS_DTLS_AFTER_DRY);
    pass_one(ends.client, ends.server);
    cr_assert_eq(tls_dtls_state(ends.server), TLS_CLOSED);
    cr_assert_str_eq(text_of(ends.server, late, size), "late"); /* of another stream */
    tls_dtls_close(ends.server);
    pass(&ends);
    cr_assert_eq(tls_dtls_state(ends.client), TLS_CLOSED);
    free_ends(&ends);
}

Test(dtls, a_record_that_could_not_be_sent_is_given_later)
{
    uint8_t sealed[64];
    struct tls_dtls_record record;
    struct ends ends = open_ends();
    size_t size = seal(ends.client, "CER", 3, sealed);
    cr_assert(tls_dtls_keep(ends.client, sealed, size));
    cr_assert_eq(seal(ends.client, "DWR", 3, sealed), 0);
    cr_assert(tls_dtls_next(ends.client, &record));
    cr_assert_not(record.is_control);
    cr_assert_eq(record.what, 0);
    cr_assert_str_eq(text_of(ends.server, record.octets, record.size), "CER");
    tls_dtls_sent(ends.client);
    cr_assert_str_eq(echo(ends.client, ends.server, "DWR"), "DWR");
    free_ends(&ends);
}

Test(dtls, a_changed_octet_fails_it_and_the_other_side_is_told)
{
    uint8_t sealed[64];
    struct ends ends = open_ends();
    size_t size = seal(ends.client, "CER", 3, sealed);
    sealed[size - 1] ^= 1;
    cr_assert_str_eq(text_of(ends.server, sealed, size), "");
    cr_assert_eq(tls_dtls_reason(ends.server), TLS_REASON_PROTOCOL);
    pass(&ends);
    cr_assert_eq(tls_dtls_reason(ends.client), TLS_REASON_ALERT);
    cr_assert_str_eq(tls_dtls_why(ends.client), "it refuses us (bad record mac)");
    free_ends(&ends);
}

Test(dtls, SCT_13_a_message_of_two_records_or_a_part_of_one_fails_it)
{
    uint8_t sealed[128];
    struct ends ends = open_ends();
    size_t size = seal(ends.client, "one", 3, sealed);
    size += seal(ends.client, "two", 3, sealed + size);
    cr_assert_str_eq(text_of(ends.server, sealed, size), "");
    cr_assert_eq(tls_dtls_state(ends.server), TLS_FAILED);
    size = seal(ends.server, "one", 3, sealed);
    cr_assert_eq(size, 0);
    free_ends(&ends);
    ends = open_ends();
    size = seal(ends.client, "one", 3, sealed);
    cr_assert_str_eq(text_of(ends.server, sealed, size - 1), "");
    cr_assert_eq(tls_dtls_state(ends.server), TLS_FAILED);
    free_ends(&ends);
    ends = new_ends();
    cr_assert_not(tls_dtls_feed(ends.server, "\x16\xfe\xfd", 3));
    cr_assert_eq(tls_dtls_reason(ends.server), TLS_REASON_PROTOCOL);
    free_ends(&ends);
}

Test(dtls, data_without_end_before_the_handshake_is_done_fails_it)
{
    static uint8_t record[16000] = {TLS_RECORD_DATA, 0xfe, 0xfd, 0, 1};
    struct ends ends = new_ends();
    tls_put(record + 11, sizeof record - TLS_RECORD_HEAD, 2);
    int count = 0;
    while (count < 100 && tls_dtls_feed(ends.server, record, sizeof record))
        count++;
    cr_assert_eq(count, 4); /* 64 KiB */
    cr_assert_eq(tls_dtls_reason(ends.server), TLS_REASON_PROTOCOL);
    free_ends(&ends);
}

Test(dtls, a_flight_that_is_repeated_says_nothing)
{
    struct ends ends = open_ends();
    uint8_t hello[TLS_RECORD_HEAD + 12] = {TLS_RECORD_HANDSHAKE, 0xfe, 0xfd};
    tls_put(hello + 11, 12, 2);
    cr_assert_str_eq(text_of(ends.server, hello, sizeof hello), "");
    cr_assert_str_eq(echo(ends.client, ends.server, "DWR"), "DWR");
    free_ends(&ends);
}

Test(dtls, its_owner_ends_it_with_a_reason)
{
    struct ends ends = new_ends();
    tls_dtls_fail(ends.server, TLS_REASON_TIMEOUT);
    cr_assert_eq(tls_dtls_state(ends.server), TLS_FAILED);
    cr_assert_eq(tls_dtls_reason(ends.server), TLS_REASON_TIMEOUT);
    cr_assert_not(tls_dtls_feed(ends.server, NULL, 0));
    cr_assert_str_eq(text_of(ends.server, NULL, 0), "");
    free_ends(&ends);
}

Test(dtls, SEC_06_it_knows_when_the_certificate_of_the_other_side_ends)
{
    struct ends ends = open_ends();
    cr_assert_leq(labs(tls_dtls_expires(ends.server) - (int64_t)time(NULL) - 86400), 5);
    free_ends(&ends);
}

Test(dtls, SEC_04_a_client_without_a_certificate_is_refused)
{
    struct tls_options options = options_of("agent");
    struct tls_context *server = context_with(&options);
    options.certificate = options.private_key = NULL;
    struct tls_context *client = context_with(&options);
    struct ends ends = {tls_dtls_new(client, TLS_CLIENT), tls_dtls_new(server, TLS_SERVER)};
    (void)tls_dtls_feed(ends.client, NULL, 0);
    pass(&ends);
    cr_assert_eq(tls_dtls_reason(ends.server), TLS_REASON_NO_CERTIFICATE);
    cr_assert_eq(tls_dtls_reason(ends.client), TLS_REASON_ALERT);
    free_ends(&ends);
    tls_context_unref(client);
    tls_context_unref(server);
}

/* --- against OpenSSL's own records
 * ---------------------------------------------------------------- */

struct stranger {
    SSL_CTX *ctx;
    SSL *ssl;
    struct tls_flight flight;
};

static void stranger_begin(struct stranger *it, const SSL_METHOD *method, const char *name,
                           const char *cipher)
{
    struct foreigner made = foreigner_of(method, name);
    it->ctx = made.ctx;
    cr_assert(SSL_CTX_set_cipher_list(it->ctx, cipher));
    it->ssl = SSL_new(it->ctx);
    BIO *bio = tls_flight_bio(&it->flight);
    SSL_set_bio(it->ssl, bio, bio);
    SSL_set_options(it->ssl, SSL_OP_NO_QUERY_MTU);
    tls_flight_calm(it->ssl);
}

static void stranger_end(struct stranger *it)
{
    SSL_free(it->ssl);
    SSL_CTX_free(it->ctx);
    tls_octets_clear(&it->flight.unsent);
}

/* The first record of the stranger goes to ours. Returns what was read, NULL: it had none. */
static const char *stranger_says(struct stranger *it, struct tls_dtls *dtls)
{
    struct tls_record head;
    const uint8_t *at = tls_octets_at(&it->flight.unsent);
    const char *text = "";
    if (!tls_record_read(at, tls_octets_size(&it->flight.unsent), &head))
        return NULL;
    if (tls_dtls_state(dtls) == TLS_HANDSHAKING)
        (void)tls_dtls_feed(dtls, at, tls_record_size(&head));
    else
        text = text_of(dtls, at, tls_record_size(&head));
    tls_octets_take(&it->flight.unsent, tls_record_size(&head));
    return text;
}

static void stranger_lends(struct stranger *it, const uint8_t *octets, size_t size)
{
    it->flight.lent = octets;
    it->flight.lent_size = size;
}

static bool stranger_hears(struct stranger *it, struct tls_dtls *dtls, int (*greet)(SSL *))
{
    struct tls_dtls_record record;
    if (!tls_dtls_next(dtls, &record))
        return false;
    stranger_lends(it, record.octets, record.size);
    (void)greet(it->ssl);
    tls_dtls_sent(dtls);
    return true;
}

static void stranger_meets(struct stranger *it, struct tls_dtls *dtls, int (*greet)(SSL *))
{
    (void)tls_dtls_feed(dtls, NULL, 0);
    (void)greet(it->ssl);
    while (stranger_says(it, dtls) || stranger_hears(it, dtls, greet))
        ;
}

/* A word each way, with OpenSSL at one end. */
static void talk(enum tls_side side, const char *cipher)
{
    bool serves = side == TLS_SERVER;
    struct tls_context *context = context_of(serves ? "agent" : "peer");
    struct tls_dtls *dtls = tls_dtls_new(context, side);
    struct stranger it = {0};
    uint8_t sealed[64];
    char got[64] = "";
    stranger_begin(&it, serves ? DTLS_client_method() : DTLS_server_method(),
                   serves ? "peer" : "agent", cipher);
    stranger_meets(&it, dtls, serves ? SSL_connect : SSL_accept);
    cr_assert_eq(tls_dtls_state(dtls), TLS_OPEN, "%s", tls_dtls_why(dtls));
    cr_assert_str_eq(tls_dtls_cipher(dtls), cipher);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(SSL_write(it.ssl, "CER", 3), 3);
        cr_assert_str_eq(stranger_says(&it, dtls), "CER");
        stranger_lends(&it, sealed, seal(dtls, "CEA", 3, sealed));
        cr_assert_eq(SSL_read(it.ssl, got, sizeof got), 3);
        cr_assert_str_eq(got, "CEA");
    }
    SSL_shutdown(it.ssl);
    cr_assert_str_eq(stranger_says(&it, dtls), "");
    cr_assert_eq(tls_dtls_state(dtls), TLS_CLOSED);
    stranger_end(&it);
    tls_dtls_free(dtls);
    tls_context_unref(context);
}

Test(dtls, SCT_18_OpenSSL_reads_and_writes_what_we_seal_with_AES_128)
{
    talk(TLS_SERVER, "ECDHE-ECDSA-AES128-GCM-SHA256");
    talk(TLS_CLIENT, "ECDHE-ECDSA-AES128-GCM-SHA256");
}

Test(dtls, SCT_18_OpenSSL_reads_and_writes_what_we_seal_with_AES_256)
{
    talk(TLS_SERVER, "ECDHE-ECDSA-AES256-GCM-SHA384");
    talk(TLS_CLIENT, "ECDHE-ECDSA-AES256-GCM-SHA384");
}

Test(dtls, SCT_18_OpenSSL_reads_and_writes_what_we_seal_with_ChaCha20)
{
    talk(TLS_SERVER, "ECDHE-ECDSA-CHACHA20-POLY1305");
    talk(TLS_CLIENT, "ECDHE-ECDSA-CHACHA20-POLY1305");
}

Test(dtls, SEC_08_whoever_wants_to_renegotiate_is_told_that_we_do_not)
{
    struct tls_context *context = context_of("agent");
    struct tls_dtls *dtls = tls_dtls_new(context, TLS_SERVER);
    struct tls_dtls_record record;
    struct stranger it = {0};
    stranger_begin(&it, DTLS_client_method(), "peer", "ECDHE+AESGCM");
    stranger_meets(&it, dtls, SSL_connect);
    cr_assert(SSL_renegotiate(it.ssl));
    (void)SSL_do_handshake(it.ssl);
    cr_assert_str_eq(stranger_says(&it, dtls), "");
    cr_assert_eq(tls_dtls_state(dtls), TLS_OPEN);
    cr_assert(tls_dtls_next(dtls, &record));
    cr_assert_eq(record.what, 0); /* it stops nobody */
    stranger_lends(&it, record.octets, record.size);
    cr_assert_neq(SSL_do_handshake(it.ssl), 1);
    cr_assert_neq(SSL_get_error(it.ssl, -1), SSL_ERROR_WANT_READ);
    stranger_end(&it);
    tls_dtls_free(dtls);
    tls_context_unref(context);
}

Test(dtls, SEC_08_DTLS_1_0_is_refused)
{
    struct tls_context *context = context_of("agent");
    struct tls_dtls *dtls = tls_dtls_new(context, TLS_SERVER);
    struct stranger it = {0};
    stranger_begin(&it, DTLS_client_method(), "peer", "ALL:@SECLEVEL=0");
    SSL_set_max_proto_version(it.ssl, DTLS1_VERSION);
    stranger_meets(&it, dtls, SSL_connect);
    cr_assert_eq(tls_dtls_reason(dtls), TLS_REASON_VERSION);
    stranger_end(&it);
    tls_dtls_free(dtls);
    tls_context_unref(context);
}
