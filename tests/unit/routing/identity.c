/* identity.c — equal identities give equal keys. The vectors are in tests/data/identity.tsv. */
#include "routing/identity.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const dm_bytes number_domain = {(const uint8_t *)"core.example", 12};
static const struct rt_domains domains = {1, &number_domain, NULL};

/* The key as the table writes it: kind, blank, octets with "·" for 0x00. */
static const char *shown(const struct rt_key *key)
{
    static char text[2 * RT_KEY_MAX + 4];
    size_t size = 0;
    if (key->size > 0)
        size = (size_t)sprintf(text, "%c ", key->octets[0]);
    for (size_t i = 1; i < key->size; i++) {
        if (key->octets[i] == 0)
            size += (size_t)sprintf(text + size, "·");
        else
            text[size++] = (char)key->octets[i];
    }
    text[size] = '\0';
    return text;
}

static const char *shown_hex(const struct rt_key *key)
{
    static char text[2 * RT_KEY_MAX + 4];
    size_t size = (size_t)sprintf(text, "%c ", key->octets[0]);
    for (size_t i = 1; i < key->size; i++)
        size += (size_t)sprintf(text + size, "%02X", key->octets[i]);
    return text;
}

static const char *public_key(const char *identity)
{
    static struct rt_key key;
    rt_key_public(&key, dm_text(identity), &domains);
    return shown(&key);
}

static const char *msisdn_key(const char *hex)
{
    static struct rt_key key;
    uint8_t octets[64];
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++)
        sscanf(hex + 2 * i, "%2hhx", &octets[i]);
    rt_key_msisdn(&key, dm_bytes_of(octets, size));
    return key.octets[0] == 'X' ? shown_hex(&key) : shown(&key);
}

static const char *key_of_vector(const char *what, const char *identity)
{
    static struct rt_key key;
    if (strcmp(what, "public") == 0)
        return public_key(identity);
    if (strcmp(what, "msisdn") == 0)
        return msisdn_key(identity);
    rt_key_private(&key, dm_text(identity), number_domain);
    return shown(&key);
}

Test(identity, STK_13_every_vector_of_the_table_gives_its_key)
{
    FILE *file = fopen(TEST_DATA "/identity.tsv", "r");
    cr_assert_not_null(file);
    char line[512];
    int count = 0;
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#')
            continue;
        char what[16], identity[200], expected[200];
        cr_assert_eq(sscanf(line, "%15[^\t]\t%199[^\t]\t%199[^\n]", what, identity, expected), 3);
        cr_assert_str_eq(key_of_vector(what, identity), expected, "%s: %s", identity,
                         key_of_vector(what, identity));
        count++;
    }
    fclose(file);
    cr_assert_geq(count, 80);
}

Test(identity, control_characters_make_it_a_name_that_is_compared_as_it_came)
{
    cr_assert_str_eq(public_key("sip:ali\tce@core.example"), "X sip:ali\tce@core.example");
}

Test(identity, no_octets_give_no_key)
{
    struct rt_key key = {.size = 9};

    rt_key_public(&key, (dm_bytes){0}, &domains);
    cr_assert_eq(key.size, 0);
    key.size = 9;
    rt_key_private(&key, dm_text(""), number_domain);
    cr_assert_eq(key.size, 0);
    key.size = 9;
    rt_key_msisdn(&key, (dm_bytes){0});
    cr_assert_eq(key.size, 0);
    key.size = 9;
    rt_key_session(&key, (dm_bytes){0});
    cr_assert_eq(key.size, 0);
}

/* Found by fuzz_identity: the key of one could be read as another. */
Test(identity, a_number_with_brackets_inside_its_parameters_is_no_number)
{
    struct rt_key key;
    rt_key_public(&key, dm_text("tel:*13;phone-context=+1;ext=1<2"), NULL);
    cr_assert_eq(key.octets[0], 'X');
    rt_key_public(&key, dm_text("<tel:*13;phone-context=+1;ext=12>"), NULL);
    cr_assert_eq(key.octets[0], 'P');
}

Test(identity, without_number_domains_a_number_in_a_sip_uri_is_a_name)
{
    struct rt_key key;

    rt_key_public(&key, dm_text("sip:+12015550123@core.example;user=phone"), NULL);
    cr_assert_str_eq(shown(&key), "P +12015550123·core.example");
}

Test(identity, a_session_is_its_octets)
{
    struct rt_key key;

    rt_key_session(&key, dm_text("C1.Edge.Example;1;2"));
    cr_assert_str_eq(shown(&key), "S C1.Edge.Example;1;2");
}

/* "sip:" and a user of `size` octets that ends with `last`. */
static struct rt_key long_key(size_t size, char last)
{
    struct rt_key key;
    char *uri = malloc(size + 32);
    memset(uri, 'a', size + 4);
    memcpy(uri, "sip:", 4);
    uri[3 + size] = last;
    strcpy(uri + 4 + size, "@core.example");
    rt_key_public(&key, dm_text(uri), &domains);
    free(uri);
    return key;
}

static bool same(const struct rt_key *a, const struct rt_key *b)
{
    return a->size == b->size && memcmp(a->octets, b->octets, a->size) == 0;
}

Test(identity, a_key_of_exactly_the_room_is_not_shortened)
{
    struct rt_key fits = long_key(RT_KEY_MAX - 14, 'b');
    struct rt_key one_more = long_key(RT_KEY_MAX - 13, 'b');

    cr_assert_eq(fits.size, RT_KEY_MAX);
    cr_assert_eq(memcmp(fits.octets + RT_KEY_MAX - 12, "core.example", 12), 0);
    cr_assert_eq(one_more.size, RT_KEY_MAX);
    cr_assert_neq(memcmp(one_more.octets + RT_KEY_MAX - 12, "core.example", 12), 0);
}

Test(identity, long_keys_keep_their_head_and_differ_by_their_hash)
{
    struct rt_key a = long_key(5000, 'a');
    struct rt_key b = long_key(5000, 'b');
    struct rt_key again = long_key(5000, 'b');

    cr_assert_eq(a.size, RT_KEY_MAX);
    cr_assert_eq(memcmp(a.octets, b.octets, RT_KEY_MAX - 16), 0);
    cr_assert_not(same(&a, &b));
    cr_assert(same(&b, &again));
}

Test(identity, a_long_key_ends_with_the_xxh3_of_all_its_octets)
{
    /* Of "P", 599 × "a", "b", 0x00, "core.example"; other programs must come to the same. */
    static const uint8_t digest[16] = {0x7e, 0x3a, 0x18, 0x70, 0x26, 0x79, 0xa0, 0xf2,
                                       0x2a, 0x82, 0xfb, 0xfb, 0x33, 0xd7, 0x3a, 0x8d};
    struct rt_key key = long_key(600, 'b');

    cr_assert_eq(memcmp(key.octets + RT_KEY_MAX - 16, digest, 16), 0);
}

static uint32_t next_random(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return *random >> 8;
}

/* A text made of what URIs are made of. */
static size_t random_identity(uint8_t *at, uint32_t *random)
{
    static const char *const parts[] = {"sip:",     "sips:",    "tel:",
                                        "+",        "1",        "555",
                                        "-",        "(",        ")",
                                        "@",        ";",        "=",
                                        "?",        ":",        "%41",
                                        "%",        "%40",      "!",
                                        "alice",    "Core.",    "core.example",
                                        ".",        "[",        "]",
                                        "::1",      "<",        ">",
                                        "\"",       "user=",    "phone",
                                        ";ext=",    ";isub=aB", " ",
                                        "\xc3\xa9", "\\",       ";phone-context="};
    size_t size = 0;
    for (uint32_t count = next_random(random) % 12; count > 0; count--) {
        const char *part = parts[next_random(random) % (sizeof parts / sizeof *parts)];
        memcpy(at + size, part, strlen(part));
        size += strlen(part);
    }
    return size;
}

/* A URI that has this key. */
static size_t uri_of(const struct rt_key *key, char *uri)
{
    const uint8_t *nought = memchr(key->octets, 0, key->size);
    size_t size = (size_t)sprintf(uri, key->octets[0] == 'N' ? "tel:+" : nought ? "sip:" : "tel:");
    const uint8_t *end = key->octets + key->size;
    for (const uint8_t *at = key->octets + 1; at < end; at++) {
        if (at == nought)
            uri[size++] = '@';
        else if (nought && at < nought)
            size += (size_t)sprintf(uri + size, "%%%02x", *at);
        else
            uri[size++] = (char)*at;
    }
    return size;
}

/* The octets lie at the end of their memory, so that AddressSanitizer sees one read too many. */
Test(identity, the_key_of_a_key_is_itself_whatever_was_read)
{
    uint32_t random = 7;
    for (int i = 0; i < 100000; i++) {
        uint8_t text[400];
        char uri[2000];
        struct rt_key key, again;
        size_t size = random_identity(text, &random);
        uint8_t *tight = malloc(size + 1);
        memcpy(tight, text, size);
        rt_key_public(&key, dm_bytes_of(tight, size), NULL);
        free(tight);
        cr_assert_leq(key.size, RT_KEY_MAX);
        cr_assert_eq(key.size == 0, size == 0);
        if (key.size > 0 && key.octets[0] != 'X') {
            rt_key_public(&again, dm_bytes_of(uri, uri_of(&key, uri)), NULL);
            cr_assert(same(&key, &again), "%.*s: %s", (int)size, (char *)text, shown(&again));
        }
    }
}

Test(identity, the_case_of_scheme_and_host_never_matters)
{
    uint32_t random = 11;
    for (int i = 0; i < 20000; i++) {
        uint8_t text[420] = "sip:x@";
        struct rt_key lower, upper;
        size_t size = 6 + random_identity(text + 6, &random);
        if (memchr(text + 6, '@', size - 6) || memchr(text, '<', size) || memchr(text, '%', size))
            continue;
        rt_key_public(&lower, dm_bytes_of(text, size), &domains);
        for (size_t at = 0; at < size; at++)
            text[at] = at != 4 && text[at] >= 'a' && text[at] <= 'z' ? text[at] - 32 : text[at];
        rt_key_public(&upper, dm_bytes_of(text, size), &domains);
        cr_assert(lower.octets[0] == 'X' || same(&lower, &upper), "%.*s", (int)size, (char *)text);
    }
}

/* Brackets force the long way; what has none may go the short one. */
Test(identity, the_short_way_and_the_long_way_come_to_the_same)
{
    uint32_t random = 23;
    for (int i = 0; i < 100000; i++) {
        uint8_t text[420] = "<sip:";
        struct rt_key fast, slow;
        size_t size = 5 + random_identity(text + 5, &random);
        if (memchr(text + 1, '<', size - 1) || memchr(text, '>', size))
            continue;
        text[size] = '>';
        rt_key_public(&fast, dm_bytes_of(text + 1, size - 1), &domains);
        rt_key_public(&slow, dm_bytes_of(text, size + 1), &domains);
        cr_assert(same(&fast, &slow) || (fast.octets[0] == 'X' && slow.octets[0] == 'X'), "%.*s",
                  (int)size, (char *)text);
    }
}

/* Whom a request is about: the query as if it had been read. */
static struct rt_query request(uint32_t application, uint32_t command)
{
    return (struct rt_query){.header = {.application = application, .command = command},
                             .session_id = dm_text("s;1"),
                             .destination_realm = number_domain,
                             .public_identity = dm_text("sip:bob@core.example"),
                             .user_name = dm_text("alice@core.example")};
}

static const char *user_of(const struct rt_query *query)
{
    static struct rt_key key;
    rt_key_of(&key, query, &domains);
    return shown(&key);
}

#define PUBLIC_KEY  "P bob·core.example"
#define PRIVATE_KEY "I alice·core.example"

Test(users, uar_sar_and_rtr_are_about_their_public_identity_before_their_user_name)
{
    static const uint32_t commands[][2] = {{6, 283},        {6, 284},        {6, 287},
                                           {16777216, 300}, {16777216, 301}, {16777216, 303},
                                           {16777216, 304}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct rt_query query = request(commands[i][0], commands[i][1]);
        cr_assert_str_eq(user_of(&query), PUBLIC_KEY, "%u", commands[i][1]);
        query.public_identity = (dm_bytes){0};
        cr_assert_str_eq(user_of(&query), PRIVATE_KEY, "%u", commands[i][1]);
        query.user_name = (dm_bytes){0};
        cr_assert_str_eq(user_of(&query), "S s;1", "%u", commands[i][1]);
    }
}

Test(users, lir_has_a_public_identity_alone)
{
    struct rt_query sip = request(6, 285);
    struct rt_query cx = request(16777216, 302);

    cr_assert_str_eq(user_of(&sip), PUBLIC_KEY);
    cr_assert_str_eq(user_of(&cx), PUBLIC_KEY);
    cx.public_identity = (dm_bytes){0};
    cr_assert_str_eq(user_of(&cx), "S s;1");
}

Test(users, ppr_and_session_commands_are_about_their_user_name_alone)
{
    static const uint32_t commands[][2] = {{6, 288}, {6, 258}, {6, 271},
                                           {6, 274}, {6, 275}, {16777216, 305}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct rt_query query = request(commands[i][0], commands[i][1]);
        cr_assert_str_eq(user_of(&query), PRIVATE_KEY, "%u", commands[i][1]);
        query.user_name = (dm_bytes){0};
        cr_assert_str_eq(user_of(&query), "S s;1", "%u", commands[i][1]);
    }
}

Test(users, a_mar_for_register_is_about_its_sip_aor)
{
    struct rt_query query = request(6, 286);
    query.sip_method = dm_text("REGISTER");

    cr_assert_str_eq(user_of(&query), PUBLIC_KEY);
}

Test(users, STK_05_a_mar_for_another_method_is_never_about_its_sip_aor)
{
    struct rt_query query = request(6, 286);
    query.sip_method = dm_text("INVITE");

    cr_assert_str_eq(user_of(&query), PRIVATE_KEY);
    query.user_name = (dm_bytes){0};
    cr_assert_str_eq(user_of(&query), "S s;1", "the callee's server does not know the caller");
}

Test(users, sip_methods_heed_case)
{
    struct rt_query query = request(6, 286);
    query.sip_method = dm_text("register");

    cr_assert_str_eq(user_of(&query), PRIVATE_KEY);
}

Test(users, a_mar_without_a_method_is_about_its_user_name_before_its_sip_aor)
{
    struct rt_query query = request(6, 286);

    cr_assert_str_eq(user_of(&query), PRIVATE_KEY);
    query.user_name = (dm_bytes){0};
    cr_assert_str_eq(user_of(&query), PUBLIC_KEY);
}

Test(users, a_command_without_a_row_is_about_its_public_identity_or_its_user_name)
{
    struct rt_query query = request(16777999, 8388000);

    cr_assert_str_eq(user_of(&query), PUBLIC_KEY);
    query.public_identity = (dm_bytes){0};
    cr_assert_str_eq(user_of(&query), PRIVATE_KEY);
    query.user_name = dm_text("");
    cr_assert_str_eq(user_of(&query), "S s;1");
}

Test(users, nothing_at_all_is_no_key)
{
    struct rt_query query = {.header = {.application = 6, .command = 285}};
    struct rt_key key = {.size = 9};

    rt_key_of(&key, &query, &domains);
    cr_assert_eq(key.size, 0);
}

Test(users, a_user_name_without_realm_takes_that_of_the_destination)
{
    struct rt_query query = request(6, 288);
    query.user_name = dm_text("alice");

    cr_assert_str_eq(user_of(&query), PRIVATE_KEY);
}

/* One AVP of 3GPP: flags V and M, Vendor-Id 10415. */
static size_t group_avp(uint8_t *at, uint32_t code, dm_bytes data)
{
    dm_put32(at, code);
    at[4] = 0xc0;
    dm_put24(at + 5, (uint32_t)(12 + data.size));
    dm_put32(at + 8, 10415);
    memset(at + 12, 0, dm_padded(data.size));
    memcpy(at + 12, data.at, data.size);
    return 12 + dm_padded(data.size);
}

static const char *user_of_udr(uint32_t code, dm_bytes data)
{
    static uint8_t group[256];
    struct rt_query query = request(16777217, 306);
    query.public_identity = (dm_bytes){0};
    query.user_identity = dm_bytes_of(group, group_avp(group, code, data));
    return user_of(&query);
}

Test(users, sh_has_its_user_in_a_group)
{
    static const uint8_t tbcd[] = {0x21, 0x43, 0xf5};

    cr_assert_str_eq(user_of_udr(601, dm_text("sip:bob@core.example")), PUBLIC_KEY);
    cr_assert_str_eq(user_of_udr(701, dm_bytes_of(tbcd, 3)), "N 12345");
    cr_assert_str_eq(user_of_udr(601, dm_text("tel:+1-23-45")), "N 12345");
    cr_assert_str_eq(user_of_udr(3111, dm_text("x1@Core.example")), "X x1@Core.example");
    cr_assert_str_eq(user_of_udr(999, dm_text("x")), PRIVATE_KEY);
}

Test(users, a_damaged_group_names_nobody)
{
    static const uint8_t damaged[] = {0, 0, 2, 0x59, 0xc0, 0, 0, 99, 0, 0, 0x28, 0xaf};
    struct rt_query query = request(16777217, 306);
    query.user_identity = dm_bytes_of(damaged, sizeof damaged);

    cr_assert_str_eq(user_of(&query), PRIVATE_KEY);
}
