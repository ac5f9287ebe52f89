/* redirect_answer.c — the Redirect-Hosts of an answer: from the route, or from who serves the user.
 */
#include "agent/redirect_answer.h"

#include "agent/agent.h"
#include "agent/conf/endpoint.h"
#include "agent/local.h"
#include "proto/uri.h"

#define NS_PER_SECOND UINT64_C(1000000000)

struct hosts {
    const struct conf *conf;
    redirect_put *put;
    void *context;
    uint32_t count;
};

static void put(struct hosts *hosts, dm_bytes uri)
{
    if (hosts->count == RT_REDIRECT_HOSTS_MAX)
        return;
    hosts->put(hosts->context, uri);
    hosts->count++;
}

/* Who is never dialled by us cannot be by others: his address is not known. */
static void put_peer(struct hosts *hosts, uint32_t number)
{
    const struct conf_peer *peer = &hosts->conf->peers[number];
    enum conf_transport transport = peer->connect.transport;
    if (!peer->dials)
        return;
    struct dm_uri uri = {
        .host = dm_text(peer->identity),
        .port = peer->connect.port,
        .is_secure = conf_is_secure(transport),
        .transport = conf_is_over_sctp(transport) ? DM_TRANSPORT_SCTP : DM_TRANSPORT_TCP,
    };
    char text[DM_URI_MAX];
    put(hosts, dm_bytes_of(text, dm_uri_write(text, sizeof text, &uri)));
}

/* In the user's own order, which every agent of this configuration finds: who takes the first one
 * sends the user where a relay would. */
static void put_members(struct hosts *hosts, const struct rt_target *target, uint16_t slot)
{
    const struct rt_pool *pool = &hosts->conf->tables.pools[target->pool];
    uint8_t order[RT_MEMBERS_MAX];
    rt_pool_order(pool, slot, order);
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct rt_member *member = &pool->members[order[i]];
        if (target->kind == RT_TARGET_POOL || member->group == target->number)
            put_peer(hosts, member->peer_number);
    }
}

uint32_t redirect_hosts(const struct conf *conf, const struct rt_verdict *verdict,
                        redirect_put *put_host, void *context)
{
    struct hosts hosts = {.conf = conf, .put = put_host, .context = context};
    const struct rt_target *target = &verdict->target;
    const struct rt_redirect_rule *rule =
        &rt_route_numbered(&conf->tables, verdict->route)->redirect;
    if (target->kind == RT_TARGET_PEER)
        put_peer(&hosts, target->number);
    else if (target->kind != RT_TARGET_NONE)
        put_members(&hosts, target, verdict->slot);
    else
        for (uint32_t i = 0; i < rule->to_count; i++)
            put(&hosts, rule->to[i]);
    return hosts.count;
}

static void write_host(void *writer, dm_bytes uri)
{
    dm_write_avp(writer, 0, DM_AVP_REDIRECT_HOST, DM_AVP_MANDATORY, uri);
}

/* RDR-02: both, or neither. */
static void put_usage(struct dm_writer *writer, const struct rt_redirect_rule *rule)
{
    if (rule->usage == RT_DONT_CACHE)
        return;
    dm_write32(writer, 0, DM_AVP_REDIRECT_HOST_USAGE, DM_AVP_MANDATORY, rule->usage);
    dm_write32(writer, 0, DM_AVP_REDIRECT_MAX_CACHE_TIME, DM_AVP_MANDATORY,
               (uint32_t)(rule->cache / NS_PER_SECOND));
}

void redirect_answer(struct worker *worker, struct rt_origin origin, dm_bytes request,
                     const struct rt_verdict *verdict)
{
    uint8_t octets[REDIRECT_ANSWER_ROOM];
    const struct rt_tables *tables = &worker->conf->tables; /* those of the verdict */
    const struct rt_redirect_rule *rule = &rt_route_numbered(tables, verdict->route)->redirect;
    struct dm_writer writer;
    dm_writer_init(&writer, octets, sizeof octets);
    if (!redirect_hosts(worker->conf, verdict, write_host, &writer)) {
        local_answer(worker, origin, verdict->route, worker->now, request, DM_UNABLE_TO_DELIVER,
                     NULL);
        return;
    }
    put_usage(&writer, rule);
    struct dm_error error = {.result = DM_REDIRECT_INDICATION,
                             .more = dm_bytes_of(octets, (size_t)(writer.at - octets)),
                             .error_bit = true,
                             .echo_application = origin.wants_echo};
    local_answer_error(worker, origin, verdict->route, worker->now, request, &error);
}
