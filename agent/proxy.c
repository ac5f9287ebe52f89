/* proxy.c — what a proxy does to requests and answers. Sessions that it ends are in
 * proxy_session.c. */
#include "agent/proxy.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/conf/conf_policies.h"
#include "agent/local.h"
#include "agent/proxy_session.h"

static const char TOO_LARGE[] = "a policy makes the message larger than this agent takes";

const struct rt_route *proxy_route(const struct worker *worker, int32_t number)
{
    const struct rt_route *route =
        number < 0 ? NULL : rt_route_numbered(&worker->conf->tables, number);
    return route && route->action == RT_PROXY ? route : NULL;
}

/* Grows with the largest message there ever was: with the first, and after a reload. */
static struct rt_policy_room room_for(struct worker *worker, size_t message_size)
{
    size_t limit = worker->conf->limits.message_size;
    if (limit < message_size)
        limit = message_size;
    if (worker->policy_limit < limit) {
        free(worker->policy_room);
        worker->policy_room = malloc(RT_POLICY_WORK(limit) + limit);
        worker->policy_limit = limit;
        if (!worker->policy_room)
            abort();
    }
    return (struct rt_policy_room){worker->policy_room, limit};
}

/* --- requests --- */

static bool refuse(struct worker *worker, const struct rt_route *route, struct rt_origin origin,
                   dm_bytes request, const struct rt_rejection *rejection)
{
    local_reject(worker, origin, (int32_t)route->number, request, rejection);
    return false;
}

static bool apply(struct worker *worker, const struct rt_route *route, struct rt_origin origin,
                  dm_bytes *message)
{
    struct rt_rejection rejection;
    dm_bytes received = *message;
    switch (rt_policies_apply(route->policies, RT_REQUESTS, message,
                              room_for(worker, message->size), &rejection, NULL)) {
    case RT_POLICY_UNCHANGED:
    case RT_POLICY_CHANGED:
        return true;
    case RT_POLICY_REJECTED:
        return refuse(worker, route, origin, received, &rejection);
    case RT_POLICY_TOO_LARGE:
        break;
    }
    proxy_answer_too_large(worker, origin, (int32_t)route->number, received);
    return false;
}

bool proxy_request(struct worker *worker, const struct rt_route *route, struct rt_origin origin,
                   dm_bytes *message)
{
    struct dm_fault fault;
    enum dm_result wrong = rt_application_check(*message, &fault);
    if (wrong) {
        local_answer(worker, origin, (int32_t)route->number, worker->now, *message, wrong, &fault);
        return false;
    }
    return !route->policies || apply(worker, route, origin, message);
}

void proxy_begin(const struct rt_route *route, struct relay_request *request)
{
    bool has_answers =
        route->policies && (route->policies->side & RT_ANSWERS || route->policies->adds_proxy_info);
    request->policies = has_answers ? conf_policies_keep(route->policies) : NULL;
    request->names_host = proxy_names_host(route, image_bytes(request->image));
}

bool proxy_resume(struct worker *worker, const struct rt_route *route,
                  struct relay_request *request)
{
    dm_bytes message = image_bytes(request->image);
    if (!proxy_request(worker, route, request->origin, &message)) {
        memory_image_free(&worker->memory, request->image);
        memory_image_free(&worker->memory, request->last_error);
        return false;
    }
    if (message.at != request->image->octets) {
        struct image *changed = memory_image(&worker->memory, message);
        memory_image_free(&worker->memory, request->image);
        request->image = changed;
    }
    proxy_begin(route, request);
    return true;
}

/* --- PXY-07: the host that was chosen --- */

bool proxy_names_host(const struct rt_route *route, dm_bytes message)
{
    uint32_t application = dm_get32(message.at + 8);
    struct dm_avp avp;
    return (application == RT_APPLICATION_CX || application == RT_APPLICATION_SH) &&
           route->action == RT_PROXY && !dm_avp_find(message, 0, DM_AVP_DESTINATION_HOST, &avp);
}

/* The realm as it is said, where it is another. */
static bool is_other_realm(const struct peer *peer, const struct dm_avp *realm)
{
    return peer->realm && !dm_identity_equal(realm->data, dm_text(peer->realm));
}

size_t proxy_forward(const struct peer *peer, uint8_t *to, dm_bytes image, uint32_t hop_by_hop,
                     bool retransmit)
{
    uint8_t names[PROXY_NAMES_MAX];
    struct dm_writer writer;
    struct dm_avp host;
    if (dm_avp_find(image, 0, DM_AVP_DESTINATION_HOST, &host)) /* a redirect has named one since */
        return dm_request_forward(to, image, hop_by_hop, retransmit, dm_bytes_of("", 0));
    struct dm_avp realm = {.whole = dm_bytes_of(image.at + image.size, 0)};
    struct dm_splice splice = {.remove = 0};
    dm_writer_init(&writer, names, sizeof names);
    if (dm_avp_find(image, 0, DM_AVP_DESTINATION_REALM, &realm) && is_other_realm(peer, &realm)) {
        dm_write_text(&writer, 0, DM_AVP_DESTINATION_REALM, DM_AVP_MANDATORY, peer->realm);
        splice.remove = dm_padded(realm.whole.size);
    }
    size_t behind = splice.remove ? 0 : dm_padded(realm.whole.size);
    splice.offset = (size_t)(realm.whole.at - image.at) + behind;
    dm_write_avp(&writer, 0, DM_AVP_DESTINATION_HOST, DM_AVP_MANDATORY, name_bytes(peer->name));
    splice.insert = dm_bytes_of(names, (size_t)(writer.at - writer.start));
    size_t size = dm_message_splice(to, image.size + PROXY_NAMES_MAX, image, &splice, 1);
    if (size == 0) /* longer than a message can be: it goes as it is */
        return dm_request_forward(to, image, hop_by_hop, retransmit, dm_bytes_of("", 0));
    dm_put32(to + 12, hop_by_hop);
    if (retransmit)
        to[4] |= DM_FLAG_RETRANSMIT;
    return size;
}

/* --- answers --- */

enum grade { NO_RESULT, SUCCESS, FAILURE };

static enum grade grade_of(uint32_t result)
{
    return result / 1000 == 2 || result / 1000 == 1 ? SUCCESS : FAILURE;
}

/* Result-Code, or what is within Experimental-Result: of the vendors' results, too, 2xxx is
 * success. RFC 6733 §7.6. */
static enum grade grade(dm_bytes answer)
{
    struct dm_avp avp;
    uint32_t result;
    if (dm_avp_find(answer, 0, DM_AVP_RESULT_CODE, &avp) && dm_avp_get32(&avp, &result))
        return grade_of(result);
    if (dm_avp_find(answer, 0, DM_AVP_EXPERIMENTAL_RESULT, &avp) &&
        dm_avp_find_in(avp.data, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &avp) &&
        dm_avp_get32(&avp, &result))
        return grade_of(result);
    return NO_RESULT;
}

static bool is_ours(const struct worker *worker, const struct dm_avp *info)
{
    struct dm_avp host;
    return dm_avp_find_in(info->data, 0, DM_AVP_PROXY_HOST, &host) &&
           dm_identity_equal(host.data, worker->conf->tables.own_identity);
}

/* ANS-02: the last Proxy-Info goes, if it is ours; then the answer lies behind the room of the
 * policies. */
static void strip_proxy_info(struct worker *worker, struct rt_policy_room room, dm_bytes *answer)
{
    struct dm_avps walk = dm_avps_of(*answer);
    struct dm_avp avp;
    struct dm_avp last = {0};
    while (dm_avps_next(&walk, &avp))
        if (avp.vendor == 0 && avp.code == DM_AVP_PROXY_INFO)
            last = avp;
    if (!last.whole.at || !is_ours(worker, &last))
        return;
    struct dm_splice splice = {.offset = (size_t)(last.whole.at - answer->at),
                               .remove = dm_padded(last.whole.size)};
    uint8_t *to = room.at + RT_POLICY_WORK(room.limit);
    *answer = dm_bytes_of(to, dm_message_splice(to, room.limit, *answer, &splice, 1));
}

/* The answer with a result of ours, in the worker's scratch. */
static bool write_rejection(struct worker *worker, const struct rt_rejection *rejection,
                            dm_bytes *answer)
{
    const struct dm_self *self = agent_self(worker->agent);
    size_t size = rt_answer_reject(worker->scratch, worker->scratch_size, *answer,
                                   self->origin_host, rejection);
    *answer = dm_bytes_of(worker->scratch, size);
    return size != 0;
}

bool proxy_answer(struct worker *worker, struct rt_policies *policies, struct peer *from,
                  dm_bytes request, dm_bytes *answer)
{
    struct rt_rejection rejection = {0};
    struct rt_policy_room room = room_for(worker, answer->size);
    dm_bytes received = *answer;
    enum grade before = grade(received);
    if (policies->adds_proxy_info)
        strip_proxy_info(worker, room, answer);
    enum rt_policy_outcome outcome =
        rt_policies_apply(policies, RT_ANSWERS, answer, room, &rejection, NULL);
    if (outcome == RT_POLICY_UNCHANGED)
        return true;
    bool is_rejected = outcome == RT_POLICY_REJECTED;
    bool has_failed = before == SUCCESS &&
                      (outcome == RT_POLICY_TOO_LARGE || is_rejected || grade(*answer) == FAILURE);
    bool is_good = outcome != RT_POLICY_TOO_LARGE &&
                   (!(is_rejected || has_failed) || write_rejection(worker, &rejection, answer));
    if (has_failed && from)
        proxy_end_session(from, request, received);
    return is_good;
}

void proxy_answer_too_large(struct worker *worker, struct rt_origin origin, int32_t route,
                            dm_bytes request)
{
    struct rt_rejection rejection = {.result = DM_UNABLE_TO_COMPLY, .message = TOO_LARGE};
    local_reject(worker, origin, route, request, &rejection);
}
