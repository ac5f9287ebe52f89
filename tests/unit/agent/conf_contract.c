/* conf_contract.c — the configuration as its user reads it (tests/data/antipode.example.yaml) loads
 * as it stands, but for the folder of its files. */
#include "conf_folder.h"

#define CONTRACT  TEST_DATA "/antipode.example.yaml"
#define ITS_FILES "/etc/antipode/"

static void make_files(void)
{
    make_folder();
    write_in_folder("home-users.csv", "sip:alice@example.net,hss-east\n");
}

static void remove_files(void)
{
    unlink(in_folder("home-users.csv"));
    remove_folder();
}

TestSuite(conf_contract, .init = make_files, .fini = remove_files);

/* The files lie beside it, without folders. */
static char *contract(void)
{
    size_t size;
    uint8_t *octets = conf_file_read(CONTRACT, &size, stderr);
    cr_assert_not_null(octets);
    char *text = calloc(1, size + 1);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        static const char *const prefixes[] = {ITS_FILES "tls/", ITS_FILES};
        for (size_t k = 0; k < 2; k++)
            if (size - i > strlen(prefixes[k]) &&
                memcmp(octets + i, prefixes[k], strlen(prefixes[k])) == 0)
                i += strlen(prefixes[k]);
        text[used++] = (char)octets[i];
    }
    free(octets);
    return text;
}

Test(conf_contract, it_loads_as_it_stands)
{
    char *text = contract();
    char *complaints = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&complaints, &size);
    struct conf *conf = conf_load_octets(in_folder("F"), text, strlen(text), to);
    fclose(to);
    cr_assert_str_eq(complaints, "");
    cr_assert_not_null(conf);
    cr_assert_eq(conf->listen_count, 5);
    cr_assert_eq(conf->peer_count, 5);
    conf_free(conf);
    free(complaints);
    free(text);
}

Test(conf_contract, it_says_what_is_the_default_of_tls_sctp_and_dns)
{
    char *text = contract();
    char *without = strdup(text);
    struct conf *conf = conf_load_octets(in_folder("F"), text, strlen(text), stderr);
    static const char *const keys[] = {"\nsctp:", "\ndns:"};
    for (size_t i = 0; i < 2; i++) { /* what is not given has its default */
        char *at = strstr(without, keys[i]) + 1;
        memset(at, '#', 1);
        for (at = strchr(at, '\n') + 1; *at == ' '; at = strchr(at, '\n') + 1)
            *at = '#';
    }
    struct conf *bare = conf_load_octets(in_folder("F"), without, strlen(without), stderr);
    cr_assert_not_null(conf);
    cr_assert_not_null(bare);
    cr_assert_eq(conf->sctp.udp_port, bare->sctp.udp_port);
    cr_assert_eq(conf->sctp.rto_minimum, bare->sctp.rto_minimum);
    cr_assert_eq(conf->sctp.rto_maximum, bare->sctp.rto_maximum);
    cr_assert_eq(conf->sctp.heartbeat, bare->sctp.heartbeat);
    cr_assert_eq(conf->sctp.path_retransmissions, bare->sctp.path_retransmissions);
    cr_assert_eq(conf->sctp.association_retransmissions, bare->sctp.association_retransmissions);
    cr_assert_eq(conf->sctp.streams, bare->sctp.streams);
    cr_assert_eq(conf->sctp.blackhole, bare->sctp.blackhole);
    cr_assert_eq(conf->dns.timeout, bare->dns.timeout);
    cr_assert_eq(conf->dns.server_count, bare->dns.server_count);
    cr_assert_eq(conf->dns.discovers_realms, bare->dns.discovers_realms);
    conf_free(bare);
    conf_free(conf);
    free(without);
    free(text);
}
