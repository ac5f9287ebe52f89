/* A policy of any text, as it would stand in the configuration, applied to a message of any octets.
 *
 * The text ends with a NUL; the message follows. What a policy leaves of a message whose chain of
 * AVPs is whole is such a message again, no longer than is allowed, with the header as it was. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/conf/conf.h"
#include "agent/conf/conf_policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 2048, MORE = 256 };

static const char before[] = "version: 1\nidentity: m.agent.example\nrealm: agent.example\n"
                             "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
                             "routes: []\n"
                             "policies: [";

static struct conf *load(const char *text, size_t size)
{
    static FILE *nowhere;
    char file[sizeof before + TEXT_MAX + 4];
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    int length = snprintf(file, sizeof file, "%s%.*s]\n", before, (int)size, text);
    return conf_load_octets("F", file, (size_t)length, nowhere);
}

static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static bool is_whole(dm_bytes message)
{
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        ;
    return !walk.error;
}

static void check(dm_bytes made, dm_bytes of, size_t limit)
{
    claim(made.size <= limit && made.size % 4 == 0 && is_whole(made));
    claim(made.at == of.at || dm_get24(made.at + 1) == made.size);
    claim(made.at[0] == of.at[0] && memcmp(made.at + 4, of.at + 4, 16) == 0);
}

static void reject(dm_bytes answer, const struct rt_rejection *rejection)
{
    size_t room = answer.size + 2 * MORE;
    uint8_t *to = malloc(room);
    dm_bytes made = {to, rt_answer_reject(to, room, answer, dm_text("m.agent.example"), rejection)};
    if (made.size)
        check(made, answer, room);
    free(to);
}

static void apply(const struct rt_policies *policies, enum rt_side side, dm_bytes received)
{
    char text[512];
    struct rt_reasons reasons = {text, sizeof text, 0};
    size_t limit = received.size + MORE;
    struct rt_policy_room room = {malloc(RT_POLICY_WORK(limit)), limit};
    struct rt_rejection rejection = {0};
    dm_bytes message = received;
    enum rt_policy_outcome outcome =
        rt_policies_apply(policies, side, &message, room, &rejection, &reasons);
    check(message, received, limit);
    claim(outcome != RT_POLICY_UNCHANGED || message.at == received.at);
    claim(outcome != RT_POLICY_CHANGED || message.at != received.at);
    claim(outcome != RT_POLICY_TOO_LARGE || message.at == received.at);
    if (outcome == RT_POLICY_REJECTED)
        reject(message, &rejection);
    free(room.at);
}

/* A message without its tail that is no four octets; its length is as its header may not say. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\0', size < TEXT_MAX ? size : TEXT_MAX);
    if (!end || (size_t)(data + size - end) < 1 + DM_HEADER_SIZE)
        return 0;
    size_t left = (size_t)(data + size - end - 1) & ~(size_t)3;
    uint8_t *octets = malloc(left);
    memcpy(octets, end + 1, left);
    dm_bytes message = {octets, left};
    struct dm_fault fault;
    struct conf *conf = is_whole(message) ? load((const char *)data, (size_t)(end - data)) : NULL;
    if (conf && conf->policies && conf->policies->count) {
        const struct rt_policy *first = conf->policies->policies;
        const struct rt_policies policies = {.count = 1, .policies = &first};
        apply(&policies, RT_REQUESTS, message);
        apply(&policies, RT_ANSWERS, message);
        rt_application_check(message, &fault);
    }
    conf_free(conf);
    free(octets);
    return 0;
}
