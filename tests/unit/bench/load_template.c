/* A stamped template is a whole, right request. */
#include <criterion/criterion.h>

#include "bench/load_template.h"

static const struct load_names names = {
    .origin_host = "sip1.example.com",
    .origin_realm = "example.com",
    .destination_realm = "example.net",
    .server_uri = "sip:registrar1.example.com",
    .session = "sip1.example.com;1700000000;",
};

static uint8_t room[4096];

static dm_bytes stamped(bool cx, enum load_kind kind, uint32_t user)
{
    struct load_template template;
    struct load_names mine = names;
    mine.cx = cx;
    template_init(&template, &mine, kind);
    const struct load_stamp stamp = {0x11223344, 0x55667788, user, "1000000042"};
    size_t size = template_write(&template, room, &stamp);
    template_fini(&template);
    return dm_bytes_of(room, size);
}

/* How many AVPs, or -1 where they cannot be walked to the end. */
static int count_avps(dm_bytes message)
{
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    int count = 0;
    while (dm_avps_next(&walk, &avp))
        count++;
    return walk.error ? -1 : count;
}

static void bears(dm_bytes message, uint32_t vendor, uint32_t code, const char *text)
{
    struct dm_avp avp;
    cr_assert(dm_avp_find(message, vendor, code, &avp), "no AVP %u:%u", vendor, code);
    cr_assert(dm_bytes_equal(avp.data, dm_text(text)), "%.*s", (int)avp.data.size,
              (const char *)avp.data.at);
}

Test(load_template, has_its_identifiers_and_its_length_in_the_header)
{
    struct dm_header header;
    dm_bytes message = stamped(false, KIND_UAR, 7);
    dm_header_read(&header, message.at);
    cr_assert_eq(header.version, 1);
    cr_assert_eq(header.flags, DM_FLAG_REQUEST | DM_FLAG_PROXIABLE);
    cr_assert_eq(header.length, message.size);
    cr_assert_eq(header.command, 283);
    cr_assert_eq(header.application, 6);
    cr_assert_eq(header.hop_by_hop, 0x11223344);
    cr_assert_eq(header.end_to_end, 0x55667788);
}

Test(load_template, is_whole_for_users_of_any_length)
{
    static const uint32_t users[] = {0,     9,      10,      99,       100,
                                     12345, 123456, 9999999, 99999999, UINT32_MAX};
    for (int cx = 0; cx < 2; cx++)
        for (int kind = 0; kind < KIND_COUNT; kind++)
            for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
                dm_bytes message = stamped(cx, (enum load_kind)kind, users[i]);
                cr_assert_eq(message.size % 4, 0);
                cr_assert_eq(dm_get24(message.at + 1), message.size);
                cr_assert_geq(count_avps(message), kind < KIND_BARE ? 7 : 6);
            }
}

Test(load_template, names_the_user_twice_where_credentials_are_known)
{
    dm_bytes message = stamped(false, KIND_SAR, 4711);
    bears(message, 0, SIP_AOR, "sip:user4711@example.net");
    bears(message, 0, DM_AVP_USER_NAME, "user4711@example.net");
}

Test(load_template, of_an_anonymous_user_bears_the_AOR_alone)
{
    struct dm_avp avp;
    dm_bytes message = stamped(false, KIND_UAR_ANONYMOUS, 4711);
    bears(message, 0, SIP_AOR, "sip:user4711@example.net");
    cr_assert(!dm_avp_find(message, 0, DM_AVP_USER_NAME, &avp));
}

Test(load_template, of_LIR_bears_the_AOR_alone)
{
    struct dm_avp avp;
    cr_assert(!dm_avp_find(stamped(false, KIND_LIR, 1), 0, DM_AVP_USER_NAME, &avp));
    cr_assert(!dm_avp_find(stamped(true, KIND_LIR, 1), 0, DM_AVP_USER_NAME, &avp));
}

Test(load_template, begins_with_the_session)
{
    dm_bytes message = stamped(false, KIND_MAR, 1);
    cr_assert_eq(dm_get32(message.at + DM_HEADER_SIZE), DM_AVP_SESSION_ID);
    bears(message, 0, DM_AVP_SESSION_ID, "sip1.example.com;1700000000;1000000042");
}

Test(load_template, of_MAR_asks_for_a_challenge_for_REGISTER)
{
    dm_bytes message = stamped(false, KIND_MAR, 1);
    bears(message, 0, SIP_METHOD, "REGISTER");
    bears(message, 0, SIP_SERVER_URI, "sip:registrar1.example.com");
}

Test(load_template, of_Cx_names_its_vendor_and_always_the_private_identity)
{
    dm_bytes message = stamped(true, KIND_UAR_ANONYMOUS, 5);
    cr_assert_eq(dm_get32(message.at + 8), CX_APPLICATION);
    bears(message, CX_VENDOR, CX_PUBLIC_IDENTITY, "sip:user5@example.net");
    bears(message, 0, DM_AVP_USER_NAME, "user5@example.net");
    struct dm_avp group, avp;
    cr_assert(dm_avp_find(message, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, &group));
    cr_assert(dm_avp_find_in(group.data, 0, DM_AVP_AUTH_APPLICATION_ID, &avp));
    cr_assert_eq(dm_get32(avp.data.at), CX_APPLICATION);
}

Test(load_template, names_a_destination_host_only_if_told_to)
{
    struct dm_avp avp;
    cr_assert(!dm_avp_find(stamped(false, KIND_UAR, 1), 0, DM_AVP_DESTINATION_HOST, &avp));
    struct load_names to_one = names;
    struct load_template template;
    to_one.destination_host = "hss1.example.net";
    template_init(&template, &to_one, KIND_UAR);
    const struct load_stamp stamp = {1, 2, 3, "1000000042"};
    bears(dm_bytes_of(room, template_write(&template, room, &stamp)), 0, DM_AVP_DESTINATION_HOST,
          "hss1.example.net");
    template_fini(&template);
}

Test(load_template, of_an_INVITE_names_no_server_and_nobody)
{
    struct dm_avp avp;
    dm_bytes message = stamped(false, KIND_MAR_INVITE, 7);
    bears(message, 0, SIP_METHOD, "INVITE");
    cr_assert(!dm_avp_find(message, 0, SIP_SERVER_URI, &avp));
    cr_assert(!dm_avp_find(message, 0, SIP_AOR, &avp));
    cr_assert(!dm_avp_find(message, 0, SIP_AUTH_DATA_ITEM, &avp));
}

Test(load_template, of_a_bare_SAR_leaves_its_type_to_the_flow)
{
    struct dm_avp avp;
    dm_bytes message = stamped(false, KIND_SAR_OTHER, 7);
    bears(message, 0, SIP_SERVER_URI, "sip:registrar1.example.com");
    cr_assert(!dm_avp_find(message, 0, SIP_SERVER_ASSIGNMENT_TYPE, &avp));
}

Test(load_template, keeps_sessions_where_it_is_told_to)
{
    struct load_template template;
    struct load_names mine = names;
    struct dm_avp avp;
    mine.keeps_sessions = true;
    template_init(&template, &mine, KIND_SAR);
    const struct load_stamp stamp = {1, 2, 3, "1000000042"};
    dm_bytes message = dm_bytes_of(room, template_write(&template, room, &stamp));
    template_fini(&template);
    cr_assert(dm_avp_find(message, 0, DM_AVP_AUTH_SESSION_STATE, &avp));
    cr_assert_eq(dm_get32(avp.data.at), 0);
}
