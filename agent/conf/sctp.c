/* sctp.c — reader of `sctp`: one stack for the program. SCT-09, SCT-10. */
#include "agent/conf/endpoint.h"
#include "agent/conf/key.h"

void conf_read_rto(struct conf_reading *reading, const struct conf_key *key,
                   const struct conf_node *node, void *field)
{
    struct conf_sctp *sctp = conf_record_of(key, field);
    conf_read_map(reading, node, CONF_RTO, sctp);
    if (sctp->rto_maximum && sctp->rto_minimum > sctp->rto_maximum)
        conf_complain(reading, node, "the minimum is above the maximum");
}

void conf_read_sctp(struct conf_reading *reading, const struct conf_key *key,
                    const struct conf_node *node, void *field)
{
    (void)key;
    conf_read_map(reading, node, CONF_SCTP_MAP, field);
}

/* --- retransmissions: RFC 9260 §8.2 --- */

static unsigned paths_of(const struct conf_endpoint *endpoint)
{
    return conf_is_over_sctp(endpoint->transport) ? endpoint->addresses.count : 0;
}

/* Of the association that has most; those who dial us are taken to have as many as we have. */
static unsigned most_paths(const struct conf *conf)
{
    unsigned most = 0;
    for (size_t i = 0; i < conf->listen_count; i++)
        most = paths_of(&conf->listen[i]) > most ? paths_of(&conf->listen[i]) : most;
    for (size_t i = 0; i < conf->peer_count; i++)
        most = paths_of(&conf->peers[i].connect) > most ? paths_of(&conf->peers[i].connect) : most;
    return most;
}

/* An association that is given up later than its last path is neither alive nor dead in between.
 * What is not given adapts to each association. */
void conf_check_sctp(struct conf_reading *reading, const struct conf_node *root)
{
    const struct conf_sctp *sctp = &reading->conf->sctp;
    const struct conf_node *node = conf_node_find(root, "sctp");
    unsigned paths = most_paths(reading->conf);
    if (!node || !conf_node_find(node, "association_retransmissions") || !paths)
        return;
    if (sctp->association_retransmissions <= sctp->path_retransmissions * paths)
        return;
    struct conf_path path = {NULL, "sctp", 0};
    reading->path = &path;
    conf_complain_key(reading, node, "association_retransmissions",
                      "%u is more than %u retransmissions on each of %u path%s",
                      sctp->association_retransmissions, sctp->path_retransmissions, paths,
                      paths > 1 ? "s" : "");
    reading->path = NULL;
}
