/* hss_options.c — the command line of antipode-hss: what is taken, and the one line for each
 * mistake. */
#include "bench/hss_options.h"

#include <criterion/criterion.h>

static struct hss_options options;
static char wrong[256];

/* Reads words separated by spaces. */
static enum hss_wish read_line(const char *line)
{
    static char text[512];
    char *argv[32] = {"antipode-hss"};
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return hss_options_read(&options, argc, argv, wrong, sizeof wrong);
}

static void assert_wrong(const char *rest, const char *words)
{
    char line[256];
    snprintf(line, sizeof line, "--listen 127.0.0.1:0 %s", rest);
    cr_assert_eq(read_line(line), HSS_WRONG, "%s", rest);
    cr_assert(strstr(wrong, words), "%s", wrong);
}

Test(hss_options, have_defaults)
{
    cr_assert_eq(read_line("--listen 127.0.0.1:0"), HSS_GO);
    cr_assert_str_eq(options.identity, "hss.example.net");
    cr_assert_str_eq(options.realm, "example.net");
    cr_assert_eq(options.users, 1000);
    cr_assert_eq(options.threads, 1);
}

Test(hss_options, are_all_taken)
{
    cr_assert_eq(read_line("--listen [::1]:0 --connect 127.0.0.1:3868 --identity h.x --realm x "
                           "--users=5 --registered --threads 2 --delay 5ms-1s --busy 1.5 "
                           "--silent 2 --fail 10415:5001:3 --push ppr:20 "
                           "--peer-of 127.0.0.1:4 --transport tcp --check-itself --capabilities"),
                 HSS_GO, "%s", wrong);
    cr_assert_eq(options.delay_least, 5000000);
    cr_assert_eq(options.delay_most, 1000000000);
    cr_assert_float_eq(options.policy.busy, 1.5, 1e-9);
    cr_assert_eq(options.policy.fail_vendor, 10415);
    cr_assert_eq(options.policy.fail_code, 5001);
    cr_assert_eq(options.push, HSS_PUSH_PPR);
    cr_assert(options.has_peer && options.registered && options.policy.checks_itself);
}

Test(hss_options, of_associations_are_taken)
{
    cr_assert_eq(read_line("--transport dtls --tls-certificate c --tls-key k --tls-ca a "
                           "--listen 127.0.0.1,127.0.0.2:0 --udp-port any --connect 127.0.0.1:1 "
                           "--connect 127.0.0.1:2 --remote-udp-port 7 --remote-udp-port 8 "
                           "--push ppr:1 --push-by-realm"),
                 HSS_GO, "%s", wrong);
    cr_assert_eq(options.connect[0].udp_port, 7);
    cr_assert_eq(options.connect[1].udp_port, 8);
    cr_assert_eq(options.listen[0].count, 2);
    cr_assert(options.push_by_realm);
}

Test(hss_options, one_time_is_a_fixed_delay)
{
    cr_assert_eq(read_line("--listen 127.0.0.1:0 --delay 250us"), HSS_GO);
    cr_assert_eq(options.delay_least, 250000);
    cr_assert_eq(options.delay_most, 250000);
}

Test(hss_options, help_needs_nothing_else)
{
    cr_assert_eq(read_line("--help"), HSS_HELP);
}

Test(hss_options, nowhere_to_be_found_is_a_mistake)
{
    cr_assert_eq(read_line("--users 5"), HSS_WRONG);
    cr_assert_str_eq(wrong, "neither --listen nor --connect is given, see --help");
}

Test(hss_options, mistakes_are_named_with_their_option)
{
    assert_wrong("--transport udp", "--transport: 'udp' is none of");
    assert_wrong("--transport tls", "--tls-certificate and --tls-key are missing");
    assert_wrong("--transport tls --tls-certificate c.pem", "--tls-key is missing");
    assert_wrong("--tls-ca ca.pem", "of tls and dtls");
    assert_wrong("--udp-port any", "of sctp and dtls");
    assert_wrong("--transport sctp --udp-port x", "--udp-port: 'x' is neither a port nor 'any'");
    assert_wrong("--transport sctp --remote-udp-port 9", "--udp-port is missing");
    assert_wrong("--connect 127.0.0.1,127.0.0.2:3868", "several hosts are of sctp and dtls");
    assert_wrong("--users many", "--users: 'many' is no number");
    assert_wrong("--users -1", "--users: '-1' is no number");
    assert_wrong("--threads 0", "--threads: '0' is out of range");
    assert_wrong("--identity a..b", "--identity: 'a..b' is no domain name");
    assert_wrong("--delay 5parsec", "--delay: '5parsec' is no time");
    assert_wrong("--delay 2s-1s", "--delay: '2s-1s' ends before it begins");
    assert_wrong("--busy 101", "--busy: '101' is no percentage");
    assert_wrong("--silent nan", "--silent: 'nan' is no percentage");
    assert_wrong("--fail 99:5", "--fail: '99:5' is no Result-Code");
    assert_wrong("--fail 5012", "--fail: '5012' is not CODE:PERCENT");
    assert_wrong("--push lir:5", "--push: 'lir:5' is not rtr:RATE");
    cr_assert_eq(read_line("--listen 127.0.0.1:0 --push asr:5"), HSS_GO);
    cr_assert_eq(options.push, HSS_PUSH_ASR);
    assert_wrong("--push rtr:", "--push: 'rtr:' has no rate");
    assert_wrong("--listen nowhere", "--listen: 'nowhere' is not HOST:PORT");
    assert_wrong("--users", "--users wants a value");
    assert_wrong("--registered=yes", "--registered takes no value");
    assert_wrong("--frobnicate", "unknown option '--frobnicate'");
    assert_wrong("stray", "unknown option 'stray'");
}

Test(hss_options, take_the_hosts_of_a_redirect)
{
    cr_assert_eq(read_line("--listen 127.0.0.1:0 --redirect hss1.example.net --redirect "
                           "aaa://hss2.example.net:3869"),
                 HSS_GO, "%s", wrong);
    cr_assert_eq(options.policy.redirects, 2);
    cr_assert_eq(options.policy.redirect[1].port, 3869);
    assert_wrong("--redirect http://example.net", "DiameterURI");
}
