/* The command line of antipode-load: what is taken, what is refused and in which words. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/load_options.h"

static struct load_options options;
static char wrong[512];

/* Reads words parted by blanks, behind the program's name. */
static enum load_verdict reading(const char *line)
{
    static char words[1024];
    char *argv[64] = {"antipode-load"};
    int argc = 1;
    snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return load_options_read(&options, argc, argv, wrong, sizeof(wrong));
}

static void refuses(const char *line, const char *words)
{
    cr_assert_eq(reading(line), LOAD_WRONG, "accepted: %s", line);
    cr_assert_not_null(strstr(wrong, words), "'%s' says: %s", line, wrong);
    cr_assert_null(strchr(wrong, '\n'));
}

#define HERE "--connect 127.0.0.1:3868 "

Test(load_options, have_defaults_for_all_but_connect)
{
    cr_assert_eq(reading(HERE), LOAD_GO, "%s", wrong);
    cr_assert_eq(options.connections, 1);
    cr_assert_eq(options.window, 1);
    cr_assert_eq(options.rate, 0);
    cr_assert_eq(options.duration, UINT64_C(10000000000));
    cr_assert_eq(options.timeout, UINT64_C(5000000000));
    cr_assert_eq(options.seed, 1);
    cr_assert_str_eq(options.realm, "example.com");
    cr_assert_str_eq(options.destination_realm, "example.com");
    cr_assert(!options.cx && !options.json);
}

Test(load_options, take_values_behind_an_equals_sign_or_as_the_next_word)
{
    cr_assert_eq(reading("--connect=127.0.0.1:3868 --window=7 --rate 9 --verify-stickiness"),
                 LOAD_GO);
    cr_assert_eq(options.window, 7);
    cr_assert_eq(options.rate, 9);
    cr_assert(options.verify_stickiness);
}

Test(load_options, take_connect_many_times)
{
    cr_assert_eq(reading(HERE HERE "--connect [::1]:3869"), LOAD_GO, "%s", wrong);
    cr_assert_eq(options.connect.count, 3);
}

Test(load_options, read_times_with_units)
{
    cr_assert_eq(reading(HERE "--duration 2m --timeout 250ms --warmup 3"), LOAD_GO);
    cr_assert_eq(options.duration, UINT64_C(120000000000));
    cr_assert_eq(options.timeout, 250000000);
    cr_assert_eq(options.warmup, UINT64_C(3000000000));
}

Test(load_options, read_a_mix_with_weights)
{
    cr_assert_eq(reading(HERE "--mix LIR:5,UAR"), LOAD_GO, "%s", wrong);
    cr_assert_eq(options.weight[LOAD_LIR], 5);
    cr_assert_eq(options.weight[LOAD_UAR], 1);
    cr_assert_eq(options.weight[LOAD_MAR], 0);
}

Test(load_options, read_allowed_errors)
{
    cr_assert_eq(reading(HERE "--allow timeout,late"), LOAD_GO);
    cr_assert_eq(options.allowed, 1u << LOAD_timeout | 1u << LOAD_late);
}

Test(load_options, bound_nothing_in_an_open_loop_unless_asked)
{
    cr_assert_eq(reading(HERE "--rate 10"), LOAD_GO);
    cr_assert_eq(options.window, 0);
}

Test(load_options, show_help_before_they_complain)
{
    cr_assert_eq(reading("--help"), LOAD_HELP);
}

Test(load_options, refuse_what_is_unknown)
{
    refuses(HERE "--conections 3", "unknown option '--conections'");
    refuses(HERE "stray", "unknown option 'stray'");
    refuses(HERE "--mix XXR:1", "--mix");
    refuses(HERE "--application sh", "--application");
    refuses(HERE "--report xml", "--report");
    refuses(HERE "--allow nothing", "'nothing'");
    refuses(HERE "--flow dance", "'dance' is unknown");
}

Test(load_options, refuse_numbers_that_are_none_or_out_of_bounds)
{
    refuses(HERE "--window x", "'x' is no number");
    refuses(HERE "--window -1", "'-1' is no number");
    refuses(HERE "--window 0", "--window: at least 1");
    refuses(HERE "--connections 0", "--connections: at least 1");
    refuses(HERE "--connections 99999999999999999999999", "is no number");
    refuses(HERE "--connections 70000", "at most 65536");
    refuses(HERE "--duration 5x", "is no time");
    refuses(HERE "--duration", "value is missing");
    refuses(HERE "--verify-stickiness=1", "takes no value");
}

Test(load_options, refuse_what_excludes_each_other)
{
    refuses(HERE "--duration 5s --requests 3", "exclude each other");
    refuses(HERE "--mix UAR:1 --flow registration", "exclude each other");
    refuses(HERE "--mix UAR:0", "all weights are 0");
    refuses(HERE "--threads 2", "--threads: at most one a connection");
    refuses(HERE "--threads 2 --connections 2 --flow registration", "--server2-connections");
}

Test(load_options, refuse_patterns_that_make_no_identities)
{
    refuses(HERE "--origin sip%s.example.com", "one %d");
    refuses(HERE "--origin sip%d.%d.example.com", "one %d");
    refuses(HERE "--origin sip.example.com --connections 2", "names one connection");
    refuses(HERE "--origin .", "no DiameterIdentity");
    refuses(HERE "--realm a..b", "--realm");
}

Test(load_options, refuse_addresses_that_are_none)
{
    refuses("", "--connect HOST:PORT is missing");
    refuses("--connect 127.0.0.1", "is not HOST:PORT");
    refuses("--connect :3868", "is not HOST:PORT");
    refuses("--connect 127.0.0.1:http-like-nothing", "--connect");
}

Test(load_options, number_identities_from_their_pattern)
{
    char name[256];
    load_identity(name, "sip%d.example.com", 12);
    cr_assert_str_eq(name, "sip12.example.com");
    load_identity(name, "only.example.com", 12);
    cr_assert_str_eq(name, "only.example.com");
}

Test(load_options, take_every_flow_of_RFC_4740)
{
    static const char *const flows[] = {"registration", "auth-failure", "server-auth",
                                        "outbound",     "location",     "push",
                                        "push-refused", "termination",  "redirect"};
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        char line[128];
        snprintf(line, sizeof(line), HERE "--flow %s", flows[i]);
        cr_assert_eq(reading(line), LOAD_GO, "%s", wrong);
    }
}

Test(load_options, refuse_flows_that_Cx_has_not)
{
    refuses(HERE "--application cx --flow server-auth", "Cx has none");
    refuses(HERE "--flow outbound --application cx", "Cx has none");
    cr_assert_eq(reading(HERE "--flow location --application cx"), LOAD_GO, "%s", wrong);
}

Test(load_options, refuse_the_abort_of_a_session_where_none_is_kept)
{
    refuses(HERE "--flow abort-unknown", "--auth-session-state 0");
    cr_assert_eq(reading(HERE "--flow abort-unknown --auth-session-state 0"), LOAD_GO, "%s", wrong);
}

Test(load_options, count_requests_or_flows)
{
    refuses(HERE "--flows 5", "none without --flow");
    refuses(HERE "--flow push --flows 5 --requests 5", "exclude each other");
    refuses(HERE "--flow push --flows 5 --duration 5s", "exclude each other");
    cr_assert_eq(reading(HERE "--flow push --flows 5"), LOAD_GO, "%s", wrong);
    cr_assert_eq(options.duration, 0);
}

Test(load_options, take_every_transport)
{
    static const char *const names[] = {"tcp", "tls", "sctp", "dtls"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char line[128];
        snprintf(line, sizeof(line), HERE "--transport %s", names[i]);
        cr_assert_eq(reading(line), LOAD_GO, "%s", wrong);
    }
    refuses(HERE "--transport udp", "none of tcp, tls, sctp and dtls");
}

Test(load_options, refuse_certificates_where_nothing_is_secure)
{
    refuses(HERE "--tls-ca ca.pem", "of tls and dtls");
    refuses(HERE "--transport sctp --tls-key key.pem", "of tls and dtls");
    refuses(HERE "--transport tls --tls-certificate cert.pem", "--tls-key is missing");
    refuses(HERE "--transport tls --tls-key key.pem", "--tls-certificate is missing");
}

Test(load_options, deal_remote_UDP_ports_out_as_addresses)
{
    cr_assert_eq(reading(HERE HERE HERE "--transport sctp --udp-port any --remote-udp-port 5001 "
                                        "--remote-udp-port 5002"),
                 LOAD_GO, "%s", wrong);
    cr_assert_eq(options.address[0].udp_port, 5001);
    cr_assert_eq(options.address[1].udp_port, 5002);
    cr_assert_eq(options.address[2].udp_port, 5002);
    cr_assert_eq(reading(HERE "--transport sctp --udp-port 5000"), LOAD_GO, "%s", wrong);
    cr_assert_eq(options.address[0].udp_port, 9899, "RFC 6951 §5.1");
    cr_assert_eq(reading(HERE "--transport sctp"), LOAD_GO, "%s", wrong);
    cr_assert_eq(options.address[0].udp_port, 0, "raw IP");
}

Test(load_options, refuse_UDP_ports_that_are_none)
{
    refuses(HERE "--udp-port 5000", "of sctp and dtls");
    refuses(HERE "--transport tls --udp-port 5000", "of sctp and dtls");
    refuses(HERE "--transport sctp --udp-port 0", "neither a port nor 'any'");
    refuses(HERE "--transport sctp --udp-port 65536", "neither a port nor 'any'");
    refuses(HERE "--transport sctp --remote-udp-port 5000", "--udp-port is missing");
    refuses(HERE "--transport sctp --udp-port any --remote-udp-port any", "is no port");
}

Test(load_options, refuse_several_hosts_but_of_an_association)
{
    refuses("--connect 127.0.0.1,127.0.0.2:3868", "several hosts");
    refuses("--connect 127.0.0.1,127.0.0.2:3868 --transport tls", "several hosts");
    cr_assert_eq(reading("--connect 127.0.0.1,127.0.0.2:3868 --transport dtls"), LOAD_GO, "%s",
                 wrong);
}

Test(load_options, refuse_sessions_in_Cx)
{
    refuses(HERE "--application cx --auth-session-state 0", "always 1 in Cx");
    refuses(HERE "--auth-session-state 2", "at most 1");
}

Test(load_options, refuse_a_host_where_a_redirect_names_it)
{
    refuses(HERE "--flow redirect --destination-host hss1.example.net", "--destination-host");
}
