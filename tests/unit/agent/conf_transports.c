/* conf_transports.c — `listen`, `connect`, `tls`, `sctp` and `dns` land in their fields. */
#include <arpa/inet.h>

#include "agent/clock.h"
#include "agent/conf/endpoint.h"
#include "conf_folder.h"

#define THREE "version: 1\nidentity: dra1.example.net\nrealm: example.net\nroutes: []\n"

static struct conf *conf;

static void end(void)
{
    conf_free(conf);
    remove_folder();
}

TestSuite(conf_transports, .init = make_folder, .fini = end);

static const struct conf *load(const char *text)
{
    conf_free(conf);
    conf = conf_load_octets(in_folder("F"), text, strlen(text), stderr);
    cr_assert_not_null(conf, "%s", text);
    return conf;
}

static const struct conf_endpoint *listener(const char *keys)
{
    char text[1024];
    snprintf(text, sizeof text, THREE TLS "listen: [{ %s }]\n", keys);
    return load(text)->listen;
}

static const struct conf_endpoint *dialled(const char *keys)
{
    char text[1024];
    snprintf(text, sizeof text,
             FIVE TLS "sctp: { udp_port: 9899 }\npeers: [{ identity: h1, connect: { %s } }]\n",
             keys);
    const struct conf_peer *peer = load(text)->peers;
    cr_assert(peer->dials);
    return &peer->connect;
}

static void claim_address(const union conf_socket *socket, const char *expected)
{
    char address[INET6_ADDRSTRLEN];
    char text[INET6_ADDRSTRLEN + 8];
    bool is_v4 = socket->any.sa_family == AF_INET;
    const void *at = is_v4 ? (const void *)&socket->v4.sin_addr : &socket->v6.sin6_addr;
    inet_ntop(socket->any.sa_family, at, address, sizeof address);
    snprintf(text, sizeof text, "%s %u", address, conf_port(socket));
    cr_assert_str_eq(text, expected);
}

/* --- listen --- */

Test(conf_transports, SCT_01_each_of_the_four_transports_is_listened_on)
{
    static const char *const names[] = {"tcp", "tls", "sctp", "dtls"};
    for (unsigned i = 0; i < CONF_TRANSPORTS; i++) {
        char keys[128];
        snprintf(keys, sizeof keys, "transport: %s, address: 127.0.0.1, port: 4000", names[i]);
        const struct conf_endpoint *listen = listener(keys);
        cr_assert_eq(listen->transport, i);
        cr_assert_str_eq(conf_transport_name(listen->transport), names[i]);
        cr_assert_eq(listen->addresses.count, 1);
        claim_address(listen->addresses.at, "127.0.0.1 4000");
        cr_assert_null(listen->name);
    }
}

Test(conf_transports, SEC_02_secure_transports_have_another_port_than_those_in_clear)
{
    claim_address(listener("transport: tcp, address: 127.0.0.1")->addresses.at, "127.0.0.1 3868");
    claim_address(listener("transport: tls, address: 127.0.0.1")->addresses.at, "127.0.0.1 5868");
    claim_address(listener("transport: sctp, address: \"::1\"")->addresses.at, "::1 3868");
    claim_address(listener("transport: dtls, address: \"::1\"")->addresses.at, "::1 5868");
    claim_address(listener("transport: tls, address: \"::1\", port: 5658")->addresses.at,
                  "::1 5658");
    cr_assert_eq(listener("transport: dtls, address: \"::1\", port: 0")->port, 0);
}

Test(conf_transports, SCT_07_a_listener_on_sctp_has_up_to_eight_addresses)
{
    const struct conf_endpoint *listen =
        listener("transport: sctp, address: [10.0.0.1, \"fd00::1\", 10.0.1.1], port: 3870");
    cr_assert_eq(listen->addresses.count, 3);
    claim_address(&listen->addresses.at[0], "10.0.0.1 3870");
    claim_address(&listen->addresses.at[1], "fd00::1 3870");
    claim_address(&listen->addresses.at[2], "10.0.1.1 3870");
    listen = listener("transport: dtls, address: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, "
                      "10.0.0.5, 10.0.0.6, 10.0.0.7, 10.0.0.8]");
    cr_assert_eq(listen->addresses.count, 8);
    claim_address(&listen->addresses.at[7], "10.0.0.8 5868");
}

Test(conf_transports, a_list_of_one_address_is_that_address)
{
    claim_address(listener("transport: tcp, address: [127.0.0.1]")->addresses.at, "127.0.0.1 3868");
}

Test(conf_transports, tcp_and_sctp_may_have_the_same_address_and_port)
{
    load(THREE TLS "listen:\n  - { transport: tcp, address: 127.0.0.1 }\n"
                   "  - { transport: sctp, address: 127.0.0.1 }\n"
                   "  - { transport: tls, address: 127.0.0.1 }\n"
                   "  - { transport: dtls, address: 127.0.0.1 }\n");
    cr_assert_eq(conf->listen_count, 4);
}

/* --- connect --- */

Test(conf_transports, a_peer_is_dialled_at_an_address_by_each_transport)
{
    claim_address(dialled("transport: tcp, address: 10.0.1.1")->addresses.at, "10.0.1.1 3868");
    claim_address(dialled("transport: tls, address: 10.0.1.1")->addresses.at, "10.0.1.1 5868");
    const struct conf_endpoint *connect =
        dialled("transport: sctp, address: [10.0.1.1, 10.0.2.1], port: 4000, udp_port: none");
    cr_assert_eq(connect->transport, CONF_SCTP);
    cr_assert_eq(connect->addresses.count, 2);
    claim_address(&connect->addresses.at[1], "10.0.2.1 4000");
    cr_assert_eq(connect->udp_port, 0);
}

Test(conf_transports, SCT_10_a_peer_may_take_sctp_in_udp)
{
    cr_assert_eq(dialled("transport: sctp, address: 10.0.1.1, udp_port: 9900")->udp_port, 9900);
    cr_assert_eq(dialled("transport: dtls, address: 10.0.1.1, udp_port: 1")->udp_port, 1);
}

Test(conf_transports, a_peer_may_be_dialled_by_its_name)
{
    const struct conf_endpoint *connect =
        dialled("transport: tls, address: HSS2.example.net, port: 5869");
    cr_assert_str_eq(connect->name, "hss2.example.net");
    cr_assert_eq(connect->addresses.count, 0);
    cr_assert_eq(connect->port, 5869);
    cr_assert_eq(dialled("transport: dtls, address: localhost")->port, 5868);
    cr_assert_eq(dialled("transport: sctp, address: 3com.example")->port, 3868);
}

Test(conf_transports, a_peer_may_be_bound_to_transports_by_which_it_comes)
{
    const struct conf_peer *peers = load(FIVE "peers:\n"
                                              "  - { identity: h1, transports: [tls, dtls] }\n"
                                              "  - { identity: h2 }\n")
                                        ->peers;
    cr_assert_eq(peers[0].transports, CONF_TRANSPORT_BIT(CONF_TLS) | CONF_TRANSPORT_BIT(CONF_DTLS));
    cr_assert(conf_peer_takes_transport(&peers[0], CONF_TLS));
    cr_assert_not(conf_peer_takes_transport(&peers[0], CONF_TCP));
    cr_assert_not(conf_peer_takes_transport(&peers[0], CONF_SCTP));
    cr_assert_eq(peers[1].transports, 0);
    cr_assert(conf_peer_takes_transport(&peers[1], CONF_SCTP));
}

/* --- tls --- */

Test(conf_transports, SEC_04_tls_asks_for_a_certificate_unless_told_otherwise)
{
    const struct conf_tls *tls = &load(FIVE TLS)->tls;
    cr_assert(tls->is_given);
    cr_assert_str_eq(tls->certificate, in_folder("agent.pem"));
    cr_assert_str_eq(tls->private_key, in_folder("agent.key"));
    cr_assert_str_eq(tls->ca, in_folder("ca.pem"));
    cr_assert_null(tls->crl);
    cr_assert_eq(tls->minimum_version, 0x0303);
    cr_assert_eq(tls->verify, CONF_VERIFY_REQUIRED);
    cr_assert_not(load(FIVE)->tls.is_given);
}

Test(conf_transports, SEC_07_SEC_08_tls_may_have_revocations_and_a_higher_version)
{
    const struct conf_tls *tls =
        &load(FIVE TLS_BUT("crl: crl.pem, minimum_version: \"1.3\", verify_peer: optional"))->tls;
    cr_assert_str_eq(tls->crl, in_folder("crl.pem"));
    cr_assert_eq(tls->minimum_version, 0x0304);
    cr_assert_eq(tls->verify, CONF_VERIFY_OPTIONAL);
    tls = &load(FIVE TLS_BUT("crl: none, minimum_version: 1.2, verify_peer: none"))->tls;
    cr_assert_null(tls->crl);
    cr_assert_eq(tls->minimum_version, 0x0303);
    cr_assert_eq(tls->verify, CONF_VERIFY_NONE);
}

/* --- sctp --- */

Test(conf_transports, SCT_09_the_stack_has_the_settings_of_the_contract)
{
    const struct conf_sctp *sctp = &load(FIVE)->sctp;
    cr_assert_eq(sctp->udp_port, 0);
    cr_assert_eq(sctp->rto_minimum, 150 * NS_PER_MS);
    cr_assert_eq(sctp->rto_maximum, 1 * NS_PER_S);
    cr_assert_eq(sctp->heartbeat, 5 * NS_PER_S);
    cr_assert_eq(sctp->path_retransmissions, 3);
    cr_assert_eq(sctp->association_retransmissions, 6);
    cr_assert_eq(sctp->streams, 16);
    cr_assert_eq(sctp->blackhole, 0);
}

Test(conf_transports, SCT_09_the_stack_has_other_settings_as_they_are_given)
{
    const struct conf_sctp *sctp =
        &load(FIVE "sctp:\n  udp_port: 9899\n  rto: { minimum: 200ms, maximum: 2s }\n"
                   "  heartbeat: 1s\n  path_retransmissions: 2\n"
                   "  association_retransmissions: 4\n  streams: 64\n  blackhole: 2\n")
             ->sctp;
    cr_assert_eq(sctp->udp_port, 9899);
    cr_assert_eq(sctp->rto_minimum, 200 * NS_PER_MS);
    cr_assert_eq(sctp->rto_maximum, 2 * NS_PER_S);
    cr_assert_eq(sctp->heartbeat, 1 * NS_PER_S);
    cr_assert_eq(sctp->path_retransmissions, 2);
    cr_assert_eq(sctp->association_retransmissions, 4);
    cr_assert_eq(sctp->streams, 64);
    cr_assert_eq(sctp->blackhole, 2);
}

/* --- dns --- */

Test(conf_transports, names_are_asked_of_the_systems_servers)
{
    const struct conf_dns *dns = &load(FIVE)->dns;
    cr_assert_eq(dns->server_count, 0);
    cr_assert_eq(dns->timeout, 2 * NS_PER_S);
    cr_assert_not(dns->discovers_realms);
}

Test(conf_transports, names_may_be_asked_of_other_servers_and_for_realms)
{
    const struct conf_dns *dns =
        &load(FIVE "dns: { servers: [10.0.0.53, \"10.0.0.54:5353\", \"fd00::53\", "
                   "\"[fd00::54]:54\"], timeout: 500ms, discover: realms }\n")
             ->dns;
    cr_assert_eq(dns->server_count, 4);
    claim_address(&dns->servers[0], "10.0.0.53 53");
    claim_address(&dns->servers[1], "10.0.0.54 5353");
    claim_address(&dns->servers[2], "fd00::53 53");
    claim_address(&dns->servers[3], "fd00::54 54");
    cr_assert_eq(dns->timeout, 500 * NS_PER_MS);
    cr_assert(dns->discovers_realms);
}

/* --- clear text --- */

Test(conf_transports, SEC_01_what_travels_in_clear_beyond_loopback_is_counted)
{
    load(THREE TLS "listen:\n"
                   "  - { transport: tcp, address: 10.0.0.1 }\n" /* 1 */
                   "  - { transport: tls, address: 10.0.0.1, port: 1 }\n"
                   "  - { transport: sctp, address: [127.0.0.1, 10.0.0.1] }\n" /* 2 */
                   "  - { transport: sctp, address: 127.0.0.2 }\n"
                   "  - { transport: dtls, address: 10.0.0.1, port: 1 }\n"
                   "peers:\n"
                   "  - { identity: h1, connect: { transport: sctp, address: \"::2\" } }\n" /* 3 */
                   "  - { identity: h2, connect: { transport: tcp, address: h2 } }\n"       /* 4 */
                   "  - { identity: h3, connect: { transport: tls, address: h3 } }\n"
                   "  - { identity: h4, connect: { transport: sctp, address: \"::1\" } }\n");
    cr_assert_eq(conf_cleartext_beyond_loopback(conf), 4);
}
