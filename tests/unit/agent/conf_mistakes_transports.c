/* conf_mistakes_transports.c — what is wrong with `tls`, `sctp`, `dns`, and with the transports and
 * addresses of `listen` and `connect`. */
#include "conf_folder.h"

TestSuite(conf_mistakes_transports, .init = make_folder, .fini = remove_folder);

#define THREE               "version: 1\nidentity: dra1.example.net\nrealm: example.net\n"
#define LISTEN(keys)        THREE "listen: [{ " keys " }]\nroutes: []\n"
#define CONNECT(more, keys) FIVE more "peers: [{ identity: h1, connect: { " keys " } }]\n"
#define LISTEN_ON(more, transport)                                                                 \
    THREE "routes: []\nlisten: [{ transport: " transport ", address: 127.0.0.1 }]\n" more

/* Complaints about a file in the folder, whose name is left away. */
static char *complaints_here(const char *text)
{
    char *complaints = NULL;
    size_t size = 0;
    char file[64];
    snprintf(file, sizeof file, "%s", in_folder("F"));
    FILE *to = open_memstream(&complaints, &size);
    conf_free(conf_load_octets(file, text, strlen(text), to));
    fclose(to);
    char *line = complaints;
    for (size_t skipped = strlen(file) - 1; *line; line = strchr(line, '\n') + 1) {
        cr_assert_eq(strncmp(line, file, strlen(file)), 0, "%s", line);
        memmove(line, line + skipped, strlen(line + skipped) + 1);
    }
    return complaints;
}

static void claim_here(const char *text, const char *expected)
{
    char *complaints = complaints_here(text);
    cr_assert_str_eq(complaints, expected);
    free(complaints);
}

/* One complaint: its head, then the file it is about. */
static void claim_why(const char *text, const char *head, const char *file)
{
    char *complaints = complaints_here(text);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%s%s", head, in_folder(file));
    cr_assert_eq(strncmp(complaints, wanted, strlen(wanted)), 0, "%s", complaints);
    cr_assert_eq(strchr(complaints, '\n')[1], '\0', "%s", complaints);
    free(complaints);
}

/* --- listen --- */

Test(conf_mistakes_transports, a_transport_is_one_of_four)
{
    claim(LISTEN("transport: udp, address: 127.0.0.1"),
          "F:4:23: listen[0].transport: `udp` is none of: tcp, tls, sctp, dtls\n");
    claim(FIVE "peers: [{ identity: h1, transports: [tcp, quic] }, { identity: h2, transports: [] "
               "}]\n",
          "F:6:43: peers[0].transports[1]: `quic` is none of: tcp, tls, sctp, dtls\n"
          "F:6:80: peers[1].transports: no transport at all; left out: any\n");
}

Test(conf_mistakes_transports, tcp_and_tls_have_one_address)
{
    claim(LISTEN("transport: tcp, address: [127.0.0.1, 127.0.0.2]"),
          "F:4:37: listen[0].address: tcp has one address; several are for sctp and dtls\n");
    claim_here(CONNECT(TLS, "transport: tls, address: [127.0.0.1, 127.0.0.2]"),
               "F:7:61: peers[0].connect.address: tls has one address; several are for sctp and "
               "dtls\n");
}

Test(conf_mistakes_transports, SCT_07_addresses_of_an_association_are_at_most_eight_and_different)
{
    claim(LISTEN("transport: sctp, address: [10.0.0.1, 10.0.0.2, 10.0.0.1]"),
          "F:4:59: listen[0].address[2]: the same as address[0]\n");
    claim(LISTEN("transport: sctp, address: []"),
          "F:4:38: listen[0].address: 1 to 8 addresses are wanted here\n");
    claim(LISTEN("transport: sctp, address: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, "
                 "10.0.0.6, 10.0.0.7, 10.0.0.8, 10.0.0.9]"),
          "F:4:38: listen[0].address: 1 to 8 addresses are wanted here\n");
}

Test(conf_mistakes_transports, an_association_names_its_addresses)
{
    claim(LISTEN("transport: sctp, address: 0.0.0.0"),
          "F:4:38: listen[0].address: sctp has its addresses named one by one: the other side is "
          "told them\n");
    claim_here(THREE TLS "routes: []\n"
                         "listen: [{ transport: dtls, address: [10.0.0.1, \"::\"] }]\n",
               "F:6:38: listen[0].address: dtls has its addresses named one by one: the other side "
               "is told them\n");
}

Test(conf_mistakes_transports, we_listen_on_no_names)
{
    claim(LISTEN("transport: tcp, address: localhost"),
          "F:4:37: listen[0].address: `localhost` is no IP address\n");
    claim(LISTEN("transport: sctp, address: [10.0.0.1, localhost]"),
          "F:4:49: listen[0].address[1]: `localhost` is no IP address\n");
    claim(LISTEN("transport: tcp, address: { ip: 127.0.0.1 }"),
          "F:4:37: listen[0].address: one value is wanted here, not a map\n");
}

Test(conf_mistakes_transports, two_listeners_have_no_address_and_port_in_common)
{
    claim_here(THREE TLS "routes: []\nlisten:\n"
                         "  - { transport: tcp, address: 127.0.0.1, port: 5868 }\n"
                         "  - { transport: tls, address: 127.0.0.1 }\n"
                         "  - { transport: sctp, address: [10.0.0.1, 10.0.0.2], port: 5868 }\n"
                         "  - { transport: dtls, address: [10.0.0.3, 10.0.0.2] }\n",
               "F:8:5: listen[1]: the same as listen[0]\n"
               "F:10:5: listen[3]: the same as listen[2]\n");
}

Test(conf_mistakes_transports, ports_have_sixteen_bits)
{
    claim(LISTEN("transport: sctp, address: 10.0.0.1, port: 65536"),
          "F:4:54: listen[0].port: 65536 is outside of 0 to 65535\n");
    claim(CONNECT("", "transport: tcp, address: h1, port: 0"),
          "F:6:71: peers[0].connect.port: 0 is outside of 1 to 65535\n");
}

/* --- connect --- */

Test(conf_mistakes_transports, a_name_stands_alone)
{
    claim(CONNECT("", "transport: sctp, address: [10.0.0.1, hss.example.net]"),
          "F:6:73: peers[0].connect.address[1]: `hss.example.net` is no IP address\n");
    claim(CONNECT("", "transport: sctp, address: 10.0.0.300"),
          "F:6:62: peers[0].connect.address: `10.0.0.300` is no IP address\n");
    claim(CONNECT("", "transport: sctp, address: hss_1/x"),
          "F:6:62: peers[0].connect.address: `hss_1/x` is no IP address\n");
}

Test(conf_mistakes_transports, SCT_10_udp_is_for_sctp_and_needs_a_port_of_ours)
{
    claim(CONNECT("sctp: { udp_port: 9899 }\n", "transport: tcp, address: h1, udp_port: 9899"),
          "F:7:75: peers[0].connect.udp_port: is for sctp and dtls; this is tcp\n");
    claim(CONNECT("", "transport: sctp, address: h1, udp_port: 9899"),
          "F:6:76: peers[0].connect.udp_port: needs `sctp.udp_port`: answers come to that port\n");
    claim(CONNECT("", "transport: sctp, address: h1, udp_port: 0"),
          "F:6:76: peers[0].connect.udp_port: 0 is outside of 1 to 65535\n");
    claim(CONNECT("", "transport: sctp, address: h1, udp_port: any"),
          "F:6:76: peers[0].connect.udp_port: a number is wanted here, not `any`\n");
}

/* --- clear text --- */

Test(conf_mistakes_transports, SEC_01_clear_text_beyond_loopback_can_be_refused)
{
    claim_here(THREE TLS "routes: []\ncleartext: refuse\nlisten:\n"
                         "  - { transport: sctp, address: [127.0.0.1, 10.0.0.1] }\n"
                         "  - { transport: tls, address: 10.0.0.1 }\n"
                         "  - { transport: sctp, address: 127.0.0.2 }\n"
                         "peers:\n"
                         "  - { identity: h1, connect: { transport: tcp, address: h1 } }\n"
                         "  - { identity: h2, connect: { transport: dtls, address: h2 } }\n",
               "F:8:33: listen[0].address: beyond loopback without TLS, which `cleartext: refuse` "
               "forbids\n"
               "F:12:57: peers[0].connect.address: beyond loopback without TLS, which `cleartext: "
               "refuse` forbids\n");
}

/* --- tls --- */

Test(conf_mistakes_transports, SEC_04_secure_transports_need_certificates)
{
    claim(LISTEN_ON("", "tls"),
          "F:5:23: listen[0].transport: `tls` needs the certificates of `tls`\n");
    claim(CONNECT("", "transport: dtls, address: h1"),
          "F:6:47: peers[0].connect.transport: `dtls` needs the certificates of `tls`\n");
}

Test(conf_mistakes_transports, SEC_07_tls_has_a_certificate_its_key_and_whom_we_trust)
{
    claim(FIVE "tls: {}\n", "F:6:6: tls.certificate: is missing\n"
                            "F:6:6: tls.private_key: is missing\n"
                            "F:6:6: tls.ca: is missing\n");
    claim(FIVE "tls: none\n", "F:6:6: tls: a map of keys is wanted here\n");
}

Test(conf_mistakes_transports, files_of_tls_must_be_readable)
{
    claim(FIVE "tls: { certificate: /no/where, private_key: /dev/null, ca: /tmp }\n",
          "F:6:21: tls.certificate: /no/where: No such file or directory\n"
          "F:6:45: tls.private_key: /dev/null: no regular file\n"
          "F:6:60: tls.ca: /tmp: no regular file\n");
    claim_here(FIVE TLS_BUT("crl: /no/where"),
               "F:6:73: tls.crl: /no/where: No such file or directory\n");
}

Test(conf_mistakes_transports, files_of_tls_must_go_together)
{
    write_in_folder("ca.pem", "");
    claim_why(FIVE TLS, "F:6:60: tls.ca: ", "ca.pem: ");
    write_in_folder("ca.pem", text_of_file("ca.pem"));
    write_in_folder("agent.key", text_of_file("agent.pem"));
    claim_why(FIVE TLS, "F:6:45: tls.private_key: ", "agent.key: ");
    write_in_folder("agent.key", text_of_file("agent.key"));
    write_in_folder("crl.pem", text_of_file("ca.pem"));
    claim_why(FIVE TLS_BUT("crl: crl.pem"), "F:6:73: tls.crl: ", "crl.pem: ");
}

Test(conf_mistakes_transports, SEC_08_tls_is_1_2_or_1_3)
{
    claim_here(FIVE TLS_BUT("minimum_version: \"1.1\", verify_peer: yes"),
               "F:6:85: tls.minimum_version: `1.1` is none of: 1.2, 1.3\n"
               "F:6:105: tls.verify_peer: `yes` is none of: required, optional, none\n");
}

/* --- sctp --- */

Test(conf_mistakes_transports, SCT_09_settings_of_sctp_have_ranges)
{
    claim(FIVE "sctp:\n  udp_port: 65536\n  heartbeat: 10ms\n  path_retransmissions: 0\n"
               "  association_retransmissions: 0\n  streams: 65535\n  blackhole: 3\n"
               "  rto: { minimum: 2s, maximum: 1ms }\n",
          "F:7:13: sctp.udp_port: 65536 is outside of 1 to 65535\n"
          "F:8:14: sctp.heartbeat: 10ms is outside of 100ms to 1h\n"
          "F:9:25: sctp.path_retransmissions: 0 is outside of 1 to 20\n"
          "F:10:32: sctp.association_retransmissions: 0 is outside of 1 to 160\n"
          "F:11:12: sctp.streams: 65535 is outside of 1 to 1024\n"
          "F:12:14: sctp.blackhole: 3 is outside of 0 to 2\n"
          "F:13:32: sctp.rto.maximum: 1ms is outside of 10ms to 1m\n");
    claim(FIVE "sctp: { rto: { minimum: 2s } }\n",
          "F:6:14: sctp.rto: the minimum is above the maximum\n");
}

Test(conf_mistakes_transports, SCT_09_an_association_is_not_given_up_after_its_last_path)
{
    claim(CONNECT("sctp: { path_retransmissions: 3, association_retransmissions: 7 }\n",
                  "transport: sctp, address: [10.0.0.1, 10.0.1.1]"),
          "F:6:63: sctp.association_retransmissions: 7 is more than 3 retransmissions on each of 2 "
          "paths\n");
    claim(LISTEN_ON("sctp: { association_retransmissions: 4 }\n", "sctp"),
          "F:6:38: sctp.association_retransmissions: 4 is more than 3 retransmissions on each of 1 "
          "path\n");
    claim(CONNECT("sctp: { association_retransmissions: 6 }\n",
                  "transport: sctp, address: [10.0.0.1, 10.0.1.1]"),
          "");
    claim(LISTEN_ON("sctp: { path_retransmissions: 1 }\n", "sctp"), "");
    claim(FIVE "sctp: { association_retransmissions: 160 }\n", "");
}

/* --- dns --- */

Test(conf_mistakes_transports, servers_of_dns_are_addresses)
{
    claim(FIVE "dns: { servers: [ns.example.net, \"10.0.0.1:0\", \"[10.0.0.1]:53\"] }\n",
          "F:6:18: dns.servers[0]: `ns.example.net` is no IP address, nor one with a port, like "
          "192.0.2.1:53\n"
          "F:6:34: dns.servers[1]: `10.0.0.1:0` is no IP address, nor one with a port, like "
          "192.0.2.1:53\n"
          "F:6:48: dns.servers[2]: `[10.0.0.1]:53` is no IP address, nor one with a port, like "
          "192.0.2.1:53\n");
    claim(FIVE "dns: { servers: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6, "
               "10.0.0.7, 10.0.0.8, 10.0.0.9] }\n",
          "F:6:17: dns.servers: at most 8 servers are asked\n");
}

Test(conf_mistakes_transports, dns_is_asked_for_so_long_and_for_names_or_realms)
{
    claim(FIVE "dns: { timeout: 2, discover: all }\n",
          "F:6:17: dns.timeout: a duration (a number and ms, s, m, h or d, no space) is wanted "
          "here, not `2`\n"
          "F:6:30: dns.discover: `all` is none of: none, realms\n");
    claim(FIVE "dns: { servers: 10.0.0.53 }\n", "F:6:17: dns.servers: a list is wanted here\n");
}
