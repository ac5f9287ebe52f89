/* decide_push.c — profiles that a server pushes to a client whom it does not name.
 *
 * The Destination-Host of a PPR of RFC 4740 is optional (§8.11): then it goes to the client that
 * last confirmed the registration of its User-Name, else by realm to clients only, and to a server
 * never. SRV-03. */
#include "routing/bindings.h"
#include "routing/deciding.h"

enum { SIP_PPR = 288 };

bool deciding_is_push(const struct deciding *it)
{
    return it->query->header.command == SIP_PPR &&
           it->query->header.application == RT_APPLICATION_SIP && !deciding_has_host(it);
}

/* A User-Name without a realm has that of its servers: the destination of the request that taught
 * it, the origin of this one. */
static uint64_t key_of_client(const struct deciding *it)
{
    struct rt_key key;
    rt_key_private(&key, it->query->user_name, it->query->origin_realm);
    return rt_key_hash_as(&key, RT_KIND_CLIENT);
}

static const char *objection_to_client(const struct deciding *it, dm_bytes name,
                                       const struct rt_seen *seen)
{
    if (seen->reach != RT_UNREACHABLE && !seen->is_client && !seen->is_agent)
        return "is a server";
    return deciding_objection(it, name, seen);
}

static bool forward_to_client(struct deciding *it, uint32_t target, struct rt_verdict *verdict)
{
    struct rt_seen seen = {0};
    dm_bytes name;
    const struct rt_world *world = it->world;
    if (!world->named ||
        !world->named(world->context, target, it->query->header.application, &seen, &name))
        return false;
    const char *why_not = objection_to_client(it, name, &seen);
    deciding_say_peer(it, "client of the user", name, why_not ? why_not : "forward to");
    *verdict = (struct rt_verdict){.kind = RT_FORWARD,
                                   .route = -1,
                                   .pool = -1,
                                   .member = -1,
                                   .peer = seen.peer,
                                   .why = RT_BY_BINDING,
                                   .teaches = RT_TEACHES,
                                   .is_fixed = true};
    return why_not == NULL;
}

bool deciding_push(struct deciding *it, struct rt_verdict *verdict)
{
    struct rt_bound bound;
    if (!it->world->bound || it->query->user_name.size == 0)
        return false;
    uint64_t key_hash = key_of_client(it);
    switch (deciding_look_up(it, key_hash, &bound)) {
    case RT_ASKING:
        *verdict = (struct rt_verdict){
            .kind = RT_WAIT, .route = -1, .pool = -1, .member = -1, .key_hash = key_hash};
        return true;
    case RT_KNOWN:
        return bound.target && forward_to_client(it, bound.target, verdict);
    case RT_UNKNOWN:
        break;
    }
    return false;
}
