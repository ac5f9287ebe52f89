/* The registration flow against a registrar of the test's own that does one step wrong. RFC 4740
 * §6.3. */
#include "tests/unit/bench/load_program.h"

#include "bench/digest.h"
#include "bench/names.h"
#include "tests/unit/bench/echo_peer.h"

static struct echo_peer *peer;
static struct load_outcome *outcome;

/* What a test lets go wrong, and what the registrar saw. */
static uint32_t found = 2003, challenged = 2001, found_again = 2004, assigned = 2001;
static const char *password = "secret", *server_uri = "sip:registrar1.example.com";
static bool no_profile;
static uint32_t commands[16];
static char origins[16][64];
static bool named[16];
static size_t seen;

static void note(const struct dm_header *header, dm_bytes request)
{
    struct dm_avp avp;
    if (seen == 16 || !dm_avp_find(request, 0, DM_AVP_ORIGIN_HOST, &avp))
        return;
    commands[seen] = header->command;
    snprintf(origins[seen], sizeof(origins[0]), "%.*s", (int)avp.data.size,
             (const char *)avp.data.at);
    named[seen++] = dm_avp_find(request, 0, DM_AVP_USER_NAME, &avp);
}

/* H(A1) of the user in SIP-AOR with `password` and his number. */
static void put_challenge(struct dm_writer *writer, dm_bytes request)
{
    struct digest digest;
    struct dm_avp aor;
    uint32_t user = 0;
    char name[NAME_SIZE_MAX], secret[64], ha1[DIGEST_HEX];
    dm_bytes realm = dm_text("example.com");
    cr_assert(dm_avp_find(request, 0, SIP_AOR, &aor) && name_aor_index(aor.data, realm, &user));
    size_t size = name_user(name, user, realm);
    snprintf(secret, sizeof(secret), "%s%u", password, user);
    cr_assert(digest_init(&digest));
    digest_ha1(&digest, dm_bytes_of(name, size), realm, dm_text(secret), ha1);
    digest_fini(&digest);
    size_t item = dm_write_group(writer, 0, SIP_AUTH_DATA_ITEM, DM_AVP_MANDATORY);
    size_t group = dm_write_group(writer, 0, SIP_AUTHENTICATE, DM_AVP_MANDATORY);
    dm_write_text(writer, 0, DIGEST_REALM, DM_AVP_MANDATORY, "example.com");
    dm_write_text(writer, 0, DIGEST_NONCE, DM_AVP_MANDATORY, "a nonce");
    dm_write_avp(writer, 0, DIGEST_HA1, DM_AVP_MANDATORY, dm_bytes_of(ha1, DIGEST_HEX));
    dm_write_group_end(writer, group);
    dm_write_group_end(writer, item);
}

static void registrar(struct echo_peer *mine, struct link *link, uint64_t number,
                      const struct dm_header *header, dm_bytes request)
{
    struct dm_header answer = *header;
    struct dm_avp avp;
    struct dm_writer writer;
    bool again = header->command == SIP_UAR && dm_avp_find(request, 0, DM_AVP_USER_NAME, &avp);
    (void)mine, (void)number;
    note(header, request);
    answer.flags = DM_FLAG_PROXIABLE;
    dm_writer_init(&writer, link_room(link, 1024), 1024);
    dm_write_header(&writer, &answer);
    if (dm_avp_find(request, 0, DM_AVP_SESSION_ID, &avp))
        dm_write_raw(&writer, avp.whole);
    dm_write_text(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, "hss1.example.net");
    uint32_t result = header->command == SIP_MAR   ? challenged
                      : header->command == SIP_SAR ? assigned
                      : again                      ? found_again
                                                   : found;
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, result);
    if (again)
        dm_write_text(&writer, 0, SIP_SERVER_URI, DM_AVP_MANDATORY, server_uri);
    if (header->command == SIP_MAR)
        put_challenge(&writer, request);
    if (header->command == SIP_SAR && !no_profile)
        dm_write_text(&writer, 0, SIP_USER_DATA, DM_AVP_MANDATORY, "");
    link_commit(link, dm_writer_finish(&writer));
}

static void run_one_flow(void)
{
    peer = echo_start(registrar);
    outcome = load_run(peer->address, "--flow registration --connections 2 --flows 1");
}

/* The flow ended as the error `flow` with request number `step`. */
static void fails_at(size_t step)
{
    run_one_flow();
    cr_assert_eq(outcome->status, 1);
    cr_assert_eq(error_of(outcome, "flow"), 1, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 0);
    cr_assert_eq(seen, step);
}

static void succeeds(void)
{
    run_one_flow();
    cr_assert_eq(outcome->status, 0, "%s", outcome->text);
    cr_assert_eq(number_of(outcome, "flows"), 1);
    cr_assert_eq(seen, 4);
}

static void tear_down(void)
{
    outcome_drop(outcome);
    echo_stop(peer);
}

TestSuite(load_steps, .fini = tear_down, .timeout = 240);

Test(load_steps, are_UAR_MAR_UAR_SAR)
{
    succeeds();
    cr_assert_eq(commands[0], SIP_UAR);
    cr_assert_eq(commands[1], SIP_MAR);
    cr_assert_eq(commands[2], SIP_UAR);
    cr_assert_eq(commands[3], SIP_SAR);
}

Test(load_steps,
     come_from_a_SIP_server_1_the_SIP_server_2_another_SIP_server_1_and_the_SIP_server_2)
{
    succeeds();
    cr_assert_str_eq(origins[0], "sip1.example.com");
    cr_assert_str_eq(origins[1], "registrar1.example.com");
    cr_assert_str_eq(origins[2], "sip2.example.com");
    cr_assert_str_eq(origins[3], "registrar1.example.com");
}

Test(load_steps, name_the_user_only_behind_his_credentials)
{
    succeeds();
    cr_assert(!named[0]);
    cr_assert(!named[1]);
    cr_assert(named[2]);
    cr_assert(named[3]);
}

Test(load_steps, take_1001_for_a_challenge_too)
{
    challenged = 1001;
    succeeds();
}

Test(load_steps, fail_where_the_first_is_answered_with_2001)
{
    found = 2001;
    fails_at(1);
}

Test(load_steps, fail_where_the_challenge_has_another_result)
{
    challenged = 2008;
    fails_at(2);
}

Test(load_steps, fail_where_the_response_does_not_fit_H_A1)
{
    password = "another";
    fails_at(2);
}

Test(load_steps, fail_where_the_user_is_still_not_known)
{
    found_again = 2003;
    fails_at(3);
}

Test(load_steps, fail_where_another_server_is_named)
{
    server_uri = "sip:registrar9.example.com";
    fails_at(3);
}

Test(load_steps, fail_where_the_assignment_is_refused)
{
    assigned = 5012;
    fails_at(4);
}

Test(load_steps, fail_where_no_profile_comes)
{
    no_profile = true;
    fails_at(4);
}
