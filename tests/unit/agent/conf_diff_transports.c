/* conf_diff_transports.c — what a change of transports, addresses and certificates does to
 * connections. */
#include "agent/conf/diff.h"
#include "conf_folder.h"

static struct conf *from;
static struct conf *to;
static struct conf_diff diff;

static void end(void)
{
    conf_diff_fini(&diff);
    conf_free(from);
    conf_free(to);
    remove_folder();
}

TestSuite(conf_diff_transports, .init = make_folder, .fini = end);

static struct conf *load(const char *text)
{
    struct conf *conf = conf_load_octets(in_folder("F"), text, strlen(text), stderr);
    cr_assert_not_null(conf, "%s", text);
    return conf;
}

static void compare(const char *before, const char *after)
{
    conf_diff_fini(&diff);
    conf_free(from);
    conf_free(to);
    from = load(before);
    to = load(after);
    conf_diff_init(&diff, from, to);
}

#define PEER(keys)    FIVE TLS "sctp: { udp_port: 9899 }\npeers: [{ identity: h1, " keys " }]\n"
#define CONNECT(keys) PEER("connect: { " keys " }")
#define SCTP_TO(adds) CONNECT("transport: sctp, address: " adds)
#define H1_IS(more)   "peers: h1 is changed" more "\n"
#define ANEW          ", its connection is made anew"

static void claim_anew(const char *before, const char *after)
{
    compare(before, after);
    cr_assert_str_eq(diff.text, H1_IS(ANEW));
    cr_assert_eq(diff.reconnected, 1);
}

Test(conf_diff_transports, a_peer_that_is_dialled_otherwise_has_its_connection_made_anew)
{
    const char *before = SCTP_TO("[10.0.0.1, 10.0.0.2]");
    claim_anew(before, CONNECT("transport: dtls, address: [10.0.0.1, 10.0.0.2], port: 3868"));
    claim_anew(before, SCTP_TO("[10.0.0.1, 10.0.0.3]"));
    claim_anew(before, SCTP_TO("10.0.0.1"));
    claim_anew(before, SCTP_TO("[10.0.0.1, 10.0.0.2], udp_port: 9899"));
    claim_anew(before, SCTP_TO("[10.0.0.1, 10.0.0.2], port: 3869"));
    claim_anew(before, SCTP_TO("h1.example.net"));
    claim_anew(SCTP_TO("h1.example.net"), SCTP_TO("h2.example.net"));
}

Test(conf_diff_transports, the_same_peer_in_other_words_keeps_its_connection)
{
    compare(SCTP_TO("10.0.0.1"), SCTP_TO("[10.0.0.1], port: 3868, udp_port: none"));
    cr_assert_str_eq(diff.text, H1_IS(""));
    compare(SCTP_TO("h1.example.net"), SCTP_TO("H1.example.net, port: 3868"));
    cr_assert_str_eq(diff.text, H1_IS(""));
}

Test(conf_diff_transports, a_peer_that_loses_a_transport_loses_a_connection_by_it)
{
    static const char ends[] = H1_IS(", a connection by a transport that it lost ends");
    compare(PEER("transports: [tcp, tls]"), PEER("transports: [tls]"));
    cr_assert_str_eq(diff.text, ends);
    cr_assert_eq(diff.reconnected, 0);
    compare(PEER("role: client"), PEER("role: client, transports: [tls]"));
    cr_assert_str_eq(diff.text, ends);
    compare(PEER("transports: [tls]"), PEER("transports: [tls, tcp]"));
    cr_assert_str_eq(diff.text, H1_IS(""));
}

Test(conf_diff_transports, files_of_tls_that_have_changed_are_named)
{
    from = load(FIVE TLS);
    char text[8192];
    snprintf(text, sizeof text, "%srenewed\n", text_of_file("agent.pem"));
    write_in_folder("agent.pem", text);
    to = load(FIVE TLS);
    conf_diff_init(&diff, from, to);
    cr_assert_str_eq(diff.text, "tls: its files are changed\n");
}

Test(conf_diff_transports, files_of_tls_that_have_not_changed_are_no_change)
{
    compare(FIVE TLS, FIVE TLS);
    cr_assert_str_eq(diff.text, "");
}

Test(conf_diff_transports, settings_that_are_given_or_changed_are_named)
{
    compare(FIVE TLS "sctp: { streams: 8 }\n", FIVE "sctp: { streams: 9 }\ndns: { timeout: 1s }\n");
    cr_assert_str_eq(diff.text, "sctp: is changed\ndns: is given\ntls: is not given any more\n");
}
