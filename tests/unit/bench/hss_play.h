/* hss_play.h — plays a client of the stand-in HSS in unit tests: writes a request, keeps the
 * answer. */
#pragma once

#include <criterion/criterion.h>

#include "bench/hss.h"

enum { CX = CX_VENDOR };

static struct play {
    struct hss hss;
    struct hss_worker worker;
    struct dm_writer out;
    uint8_t request[8192];
    uint8_t answer[32768];
    dm_bytes got;
} play;

static inline void play_start_with(struct hss_policy policy, bool registered)
{
    play.hss = (struct hss){.self = {.origin_host = dm_text("hss.example.net"),
                                     .origin_realm = dm_text("example.net"),
                                     .product_name = "test"},
                            .policy = policy};
    hss_init(&play.hss, 100, registered);
    cr_assert(hss_worker_init(&play.worker, &play.hss, 1));
}

static inline void play_start(void)
{
    play_start_with((struct hss_policy){0}, false);
}

static inline void play_stop(void)
{
    hss_worker_fini(&play.worker);
    hss_fini(&play.hss);
}

static inline void put(uint32_t vendor, uint32_t code, const char *text)
{
    dm_write_text(&play.out, vendor, code, DM_AVP_MANDATORY, text);
}

static inline void put32(uint32_t vendor, uint32_t code, uint32_t value)
{
    dm_write32(&play.out, vendor, code, DM_AVP_MANDATORY, value);
}

static inline void begin_flags(uint32_t application, uint32_t command, uint8_t flags)
{
    const struct dm_header header = {.version = 1,
                                     .flags = flags,
                                     .command = command,
                                     .application = application,
                                     .hop_by_hop = 0x11223344,
                                     .end_to_end = 0x55667788};
    dm_writer_init(&play.out, play.request, sizeof play.request);
    dm_write_header(&play.out, &header);
}

static inline void put_routing(void)
{
    put32(0, DM_AVP_AUTH_SESSION_STATE, 1);
    put(0, DM_AVP_ORIGIN_HOST, "sip1.example.com");
    put(0, DM_AVP_ORIGIN_REALM, "example.com");
    put(0, DM_AVP_DESTINATION_REALM, "example.net");
}

/* A request of RFC 4740 up to what its command adds. */
static inline void sip_begin(uint32_t command)
{
    begin_flags(SIP_APPLICATION, command, DM_FLAG_REQUEST | DM_FLAG_PROXIABLE);
    put(0, DM_AVP_SESSION_ID, "sip1.example.com;1;2");
    put32(0, DM_AVP_AUTH_APPLICATION_ID, SIP_APPLICATION);
    put_routing();
}

static inline void cx_begin(uint32_t command)
{
    begin_flags(CX_APPLICATION, command, DM_FLAG_REQUEST | DM_FLAG_PROXIABLE);
    put(0, DM_AVP_SESSION_ID, "icscf.example.com;1;2");
    size_t group =
        dm_write_group(&play.out, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, DM_AVP_MANDATORY);
    put32(0, DM_AVP_VENDOR_ID, CX_VENDOR);
    put32(0, DM_AVP_AUTH_APPLICATION_ID, CX_APPLICATION);
    dm_write_group_end(&play.out, group);
    put_routing();
}

static inline void play_octets(dm_bytes request)
{
    struct dm_header header;
    dm_header_read(&header, request.at);
    size_t size = hss_answer(&play.worker, &header, request, play.answer);
    play.got = dm_bytes_of(play.answer, size);
}

static inline uint32_t result(void)
{
    struct dm_avp avp;
    uint32_t code = 0;
    if (dm_avp_find(play.got, 0, DM_AVP_RESULT_CODE, &avp))
        cr_assert(dm_avp_get32(&avp, &code));
    return code;
}

/* Answers what was begun: its Result-Code, 0 without. */
static inline uint32_t ask(void)
{
    size_t size = dm_writer_finish(&play.out);
    cr_assert_neq(size, 0);
    play_octets(dm_bytes_of(play.request, size));
    return result();
}

/* Its Experimental-Result-Code of 3GPP, 0 without. */
static inline uint32_t experimental(void)
{
    struct dm_avp group, avp;
    uint32_t code = 0, vendor = 0;
    if (!dm_avp_find(play.got, 0, DM_AVP_EXPERIMENTAL_RESULT, &group))
        return 0;
    cr_assert(dm_avp_find_in(group.data, 0, DM_AVP_VENDOR_ID, &avp) && dm_avp_get32(&avp, &vendor));
    cr_assert(dm_avp_find_in(group.data, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp) &&
              dm_avp_get32(&avp, &code));
    cr_assert_eq(vendor, CX_VENDOR);
    return code;
}

static inline uint32_t ask_experimental(void)
{
    cr_assert_eq(ask(), 0, "Result-Code beside an Experimental-Result");
    return experimental();
}

static inline bool has(uint32_t vendor, uint32_t code)
{
    struct dm_avp avp;
    return dm_avp_find(play.got, vendor, code, &avp);
}

static inline bool has_text(uint32_t vendor, uint32_t code, const char *text)
{
    struct dm_avp avp;
    return dm_avp_find(play.got, vendor, code, &avp) && dm_bytes_equal(avp.data, dm_text(text));
}

/* The value at a path of AVPs, ended by 0; empty where it is not there. */
static inline dm_bytes inside(uint32_t vendor, const uint32_t *path)
{
    dm_bytes chain = dm_bytes_of(play.got.at + DM_HEADER_SIZE, play.got.size - DM_HEADER_SIZE);
    struct dm_avp avp;
    for (; *path; path++) {
        if (!dm_avp_find_in(chain, vendor, *path, &avp) && !dm_avp_find_in(chain, 0, *path, &avp))
            return (dm_bytes){0};
        chain = avp.data;
    }
    return chain;
}

/* The code of the AVP that Failed-AVP shows; 0 without. */
static inline uint32_t failed_avp(void)
{
    struct dm_avp avp;
    if (!dm_avp_find(play.got, 0, DM_AVP_FAILED_AVP, &avp) || avp.data.size < 8)
        return 0;
    return dm_get32(avp.data.at);
}

/* The requests of RFC 4740, user by number. NULL or negative: absent. */
static inline uint32_t uar(const char *user_name, const char *aor, int type)
{
    sip_begin(SIP_UAR);
    if (user_name)
        put(0, DM_AVP_USER_NAME, user_name);
    put(0, SIP_AOR, aor);
    if (type >= 0)
        put32(0, SIP_USER_AUTHORIZATION_TYPE, (uint32_t)type);
    return ask();
}

static inline uint32_t lir(const char *aor)
{
    sip_begin(SIP_LIR);
    put(0, SIP_AOR, aor);
    return ask();
}

static inline uint32_t sar(uint32_t type, const char *user_name, const char *aor,
                           const char *server)
{
    sip_begin(SIP_SAR);
    put32(0, SIP_SERVER_ASSIGNMENT_TYPE, type);
    put32(0, SIP_USER_DATA_ALREADY_AVAILABLE, 0);
    if (user_name)
        put(0, DM_AVP_USER_NAME, user_name);
    if (aor)
        put(0, SIP_AOR, aor);
    if (server)
        put(0, SIP_SERVER_URI, server);
    return ask();
}

static inline struct hss_user user(uint32_t index)
{
    return hss_user_read(&play.hss.users, index);
}
