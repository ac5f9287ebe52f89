/* rehearsal_proxy.c — what a proxy's route would make of a request: the steps of proxy.c. */
#include "agent/rehearsal_proxy.h"

#include <stdlib.h>

#include "agent/proxy.h"
#include "routing/policy.h"

static void refuse(struct rehearsal_outcome *outcome, uint32_t result, uint32_t vendor)
{
    *outcome = (struct rehearsal_outcome){
        .result = (enum dm_result)result, .vendor = vendor, .route = outcome->route};
}

static void say_answers(const struct rt_policies *policies, struct rt_reasons *reasons)
{
    for (size_t i = 0; i < policies->count && reasons; i++)
        if (policies->policies[i]->side & RT_ANSWERS)
            rt_say(reasons, "policy %s: will look at the answer", policies->policies[i]->name);
}

/* False: it was refused. */
static bool apply(const struct rehearsal *rehearsal, dm_bytes *message, uint8_t *room,
                  struct rehearsal_outcome *outcome, struct rt_reasons *reasons)
{
    const struct rt_policies *policies = outcome->route->policies;
    struct rt_rejection rejection = {.result = DM_UNABLE_TO_COMPLY};
    size_t limit = rehearsal->conf->limits.message_size;
    struct rt_policy_room work = {room, limit < message->size ? message->size : limit};
    enum rt_policy_outcome is =
        rt_policies_apply(policies, RT_REQUESTS, message, work, &rejection, reasons);
    if (is == RT_POLICY_REJECTED || is == RT_POLICY_TOO_LARGE) {
        refuse(outcome, rejection.result, rejection.vendor);
        return false;
    }
    say_answers(policies, reasons);
    return true;
}

static void say_host(const struct rehearsal_outcome *outcome, dm_bytes message,
                     struct rt_reasons *reasons)
{
    if (reasons && proxy_names_host(outcome->route, message))
        rt_say(reasons, "proxy: Destination-Host becomes %s", outcome->peer);
}

void rehearsal_proxy(const struct rehearsal *rehearsal, dm_bytes message, bool names_host,
                     struct rehearsal_outcome *outcome, struct rt_reasons *reasons)
{
    struct dm_fault fault;
    enum dm_result wrong = rt_application_check(message, &fault);
    if (wrong) {
        if (reasons)
            rt_say(reasons, "answer %d: an AVP names another application than the header does",
                   (int)wrong);
        refuse(outcome, (uint32_t)wrong, 0);
        return;
    }
    size_t limit = rehearsal->conf->limits.message_size;
    uint8_t *room = malloc(RT_POLICY_WORK(limit < message.size ? message.size : limit));
    if (room == NULL)
        abort();
    bool goes_on = !outcome->route->policies || apply(rehearsal, &message, room, outcome, reasons);
    if (goes_on && names_host)
        say_host(outcome, message, reasons);
    free(room);
}
