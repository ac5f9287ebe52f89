/* fuzz_expectation.c — any octets are an EXPECT.yaml or have complaints, each of one line with its
 * file. What is read can be written as requests and decided on. */
#include <stdlib.h>

#include "agent/expectation.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static const char text[] =
    "version: 1\nidentity: m.example\nrealm: example\n"
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
    "peers: [{ identity: s1.example }, { identity: '*.c.example' }]\n"
    "pools: [{ name: p, select: round_robin, members: [{ peer: s1.example }] }]\n"
    "routes: [{ name: r, realm: example, action: relay, pool: p }]\n";

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static void decide(const struct conf *conf, const struct expectation *it)
{
    struct rehearsal rehearsal;
    size_t size;
    size_t wrong;
    char why[AVP_TEXT_WHY];
    rehearsal_init(&rehearsal, conf);
    uint8_t *octets = rehearsal_request_write(&rehearsal, &it->request, &size, &wrong, why);
    if (octets)
        rehearsal_decide(&rehearsal, dm_bytes_of(octets, size), (rt_peer){0, 0}, NULL);
    free(octets);
    rehearsal_fini(&rehearsal);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static struct conf *conf;
    if (conf == NULL)
        conf = conf_load_octets("C", text, sizeof text - 1, stderr);
    claim(conf != NULL);
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    struct expectations all;
    bool is_good = expectations_read(&all, "F", dm_bytes_of(octets, size), conf, to);
    fclose(to);
    claim(is_good == (length == 0));
    claim(is_good || strncmp(complaints, "F:", 2) == 0);
    for (size_t i = 0; is_good && i < all.count; i++)
        decide(conf, &all.at[i]);
    expectations_fini(&all);
    free(complaints);
    return 0;
}
