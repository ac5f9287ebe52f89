/* Rounds of one session, against a server of the test's own: what the second MAR of RFC 4740 §6.2
 * repeats of the first, and what becomes of a challenge that answers it. */
#include "tests/unit/bench/load_program.h"

#include "tests/unit/bench/echo_peer.h"

static struct echo_peer *peer;
static struct load_outcome *outcome;
static uint32_t challenges = 1; /* so many MARs are challenged */
static char sessions[8][128], hosts[8][64];
static size_t mars;

static void keep(char *to, size_t room, dm_bytes request, uint32_t code)
{
    struct dm_avp avp;
    to[0] = 0;
    if (dm_avp_find(request, 0, code, &avp))
        snprintf(to, room, "%.*s", (int)avp.data.size, (const char *)avp.data.at);
}

static void note_mar(dm_bytes request)
{
    if (mars == 8)
        return;
    keep(sessions[mars], sizeof(sessions[0]), request, DM_AVP_SESSION_ID);
    keep(hosts[mars++], sizeof(hosts[0]), request, DM_AVP_DESTINATION_HOST);
}

static void put_challenge(struct dm_writer *writer)
{
    size_t item = dm_write_group(writer, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    size_t group = dm_write_group(writer, 0, SIP_AUTHENTICATE, DM_AVP_MANDATORY);
    dm_write_text(writer, 0, DIGEST_REALM, DM_AVP_MANDATORY, "example.com");
    dm_write_text(writer, 0, DIGEST_NONCE, DM_AVP_MANDATORY, "a nonce");
    dm_write_group_end(writer, group);
    dm_write_group_end(writer, item);
}

static uint32_t result_for(const struct dm_header *header, uint64_t number)
{
    if (header->command == SIP_UAR)
        return number == 1 ? 2003 : 2004;
    return header->command == SIP_MAR && mars <= challenges ? 1001 : 2001;
}

static void server(struct echo_peer *mine, struct link *link, uint64_t number,
                   const struct dm_header *header, dm_bytes request)
{
    struct dm_header answer = *header;
    struct dm_avp session;
    struct dm_writer writer;
    char origin[32];
    (void)mine;
    if (header->command == SIP_MAR)
        note_mar(request);
    uint32_t result = result_for(header, number);
    snprintf(origin, sizeof(origin), "hss%zu.example.net", mars);
    answer.flags = DM_FLAG_PROXIABLE;
    dm_writer_init(&writer, link_room(link, 1024), 1024);
    dm_write_header(&writer, &answer);
    if (dm_avp_find(request, 0, DM_AVP_SESSION_ID, &session))
        dm_write_raw(&writer, session.whole);
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, origin);
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, result);
    if (result == 2004)
        dm_write_text(&writer, 0, SIP_SERVER_URI, DM_AVP_MANDATORY, "sip:registrar1.example.com");
    if (result == 1001)
        put_challenge(&writer);
    if (header->command == SIP_SAR)
        dm_write_text(&writer, 0, SIP_USER_DATA, DM_AVP_MANDATORY, "");
    link_commit(link, dm_writer_finish(&writer));
}

static void run(const char *options)
{
    char all[256];
    snprintf(all, sizeof(all), "--flow server-auth --flows 1 %s", options);
    peer = echo_start(server);
    outcome = load_run(peer->address, all);
}

static void tear_down(void)
{
    outcome_drop(outcome);
    echo_stop(peer);
}

TestSuite(load_rounds, .fini = tear_down, .timeout = 240);

Test(load_rounds, share_their_session)
{
    run("");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(mars, 2);
    cr_assert_str_eq(sessions[0], sessions[1]);
}

Test(load_rounds, go_to_who_answered_the_one_before)
{
    challenges = 2;
    run("");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(mars, 3);
    cr_assert_str_eq(hosts[0], "");
    cr_assert_str_eq(hosts[1], "hss1.example.net");
    cr_assert_str_eq(hosts[2], "hss2.example.net");
}

Test(load_rounds, name_no_host_where_none_is_wanted)
{
    run("--no-fixed-destination");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_str_eq(hosts[1], "");
}

Test(load_rounds, name_the_one_host_that_was_asked_for)
{
    run("--destination-host hss9.example.net");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_str_eq(hosts[0], "hss9.example.net");
    cr_assert_str_eq(hosts[1], "hss9.example.net");
}

Test(load_rounds, answer_another_challenge)
{
    challenges = 3;
    run("");
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(result_of(outcome, "1001"), 3);
}

Test(load_rounds, come_to_an_end)
{
    challenges = 100;
    run("");
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "flow"), 1, "%s", outcome->text);
    cr_assert_eq(mars, 4, "the first, and three that answer");
}
