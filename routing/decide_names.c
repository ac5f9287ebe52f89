/* decide_names.c — the names that a request bears of its user, read once.
 *
 * What was learnt of them lies in a table far larger than the caches. So it is said at the door who
 * will be asked for, and their places are on their way while the route is being looked for: a
 * look-up that waits for memory costs as much as all the rest of a decision. */
#include "routing/deciding.h"
#include "routing/learn.h"

enum { RAR = 258, ACR = 271, ASR = 274, STR = 275, SIP_MAR = 286 };

/* The identity beside the one that counts; one from which that is derived is the same. */
static void read_second(struct names *names, const struct deciding *it)
{
    names->second.size = 0;
    if (names->key.octets[0] == RT_KIND_PRIVATE)
        return;
    rt_key_second(&names->second, it->query, &it->tables->domains);
    if (names->second.size == names->key.size &&
        memcmp(names->second.octets, names->key.octets, names->key.size) == 0)
        names->second.size = 0;
    if (names->second.size)
        names->second_hash = rt_key_hash(&names->second);
}

void names_read(struct deciding *it)
{
    struct names *names = &it->names;
    if (names->is_read)
        return;
    names->is_read = true;
    rt_key_of(&names->key, it->query, &it->tables->domains);
    if (names->key.size == 0 && it->query->origin_host.size > 0)
        rt_key_session(&names->key, it->query->origin_host);
    names->second.size = 0;
    names->is_user = names->key.size > 0 && names->key.octets[0] != RT_KIND_SESSION;
    if (!names->is_user)
        return;
    names->hash = rt_key_hash(&names->key);
    read_second(names, it);
}

/* Of RFC 4740 alone sessions are learnt (learn.c): others are not looked up. Cx and Sh have a
 * Session-Id for each request. 29.229 §5.3; sip-app.md §10. */
static bool has_session(const struct rt_query *query)
{
    if (query->header.application != RT_APPLICATION_SIP)
        return false;
    switch (query->header.command) {
    case RAR:
    case ACR:
    case ASR:
    case STR:
    case SIP_MAR:
        return query->session_id.size > 0;
    default:
        return false;
    }
}

bool names_session(struct deciding *it)
{
    struct names *names = &it->names;
    if (names->is_session_read)
        return names->has_session;
    names->is_session_read = true;
    names->has_session = !it->world->is_without_sessions && has_session(it->query);
    if (names->has_session) {
        struct rt_key key;
        rt_key_session(&key, it->query->session_id);
        names->session_hash = rt_key_hash(&key);
    }
    return names->has_session;
}

void names_expect(struct deciding *it)
{
    const struct rt_world *world = it->world;
    if (!world->bound || !world->expect)
        return;
    if (it->tables->is_user_asked_for)
        names_read(it);
    if (it->names.is_user)
        world->expect(world->context, it->names.hash);
    if (it->names.second.size)
        world->expect(world->context, it->names.second_hash);
    if (names_session(it))
        world->expect(world->context, it->names.session_hash);
}
