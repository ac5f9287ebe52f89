/* admit.c — what is asked of a finished snapshot: which row admits a peer, and what travels in
 * clear text. */
#include <ctype.h>
#include <string.h>

#include "agent/conf/endpoint.h"
#include "agent/conf/snapshot.h"

enum { ADMIT_NOBODY = -1, ADMIT_NOT_FROM_THERE = -2, IDENTITY_MAX = 255 };

bool conf_peer_takes(const struct conf_peer *peer, const union conf_socket *source)
{
    if (source == NULL || peer->from_count == 0)
        return true;
    for (size_t i = 0; i < peer->from_count; i++)
        if (conf_network_has(&peer->from[i], source))
            return true;
    return false;
}

bool conf_peer_takes_transport(const struct conf_peer *peer, enum conf_transport transport)
{
    return peer->transports == 0 || peer->transports & CONF_TRANSPORT_BIT(transport);
}

/* Asks the row with this name whether it takes the source; false: there is no such row. */
static bool ask_row(const struct conf_snapshot *snapshot, const char *name, size_t size,
                    const union conf_socket *source, int *answer)
{
    const struct conf_name *found = conf_names_find(&snapshot->peers, name, size);
    if (found == NULL)
        return false;
    bool fits = conf_peer_takes(&snapshot->conf.peers[found->number], source);
    *answer = fits ? (int)found->number : ADMIT_NOT_FROM_THERE;
    return true;
}

/* "a.b.c" is asked as itself, "*.b.c", "*.c" and "*": each suffix gets its star where the label
 * before it ended. The first row there is decides: were a source that it refuses passed on to a
 * wider row, anybody could take the name of a server that is expected from elsewhere. */
int conf_peer_for(const struct conf *conf, dm_bytes identity, const union conf_socket *source)
{
    const struct conf_snapshot *snapshot = (const struct conf_snapshot *)conf;
    char name[IDENTITY_MAX];
    int row = ADMIT_NOBODY;
    if (!dm_identity_is_valid(identity))
        return ADMIT_NOBODY;
    for (size_t i = 0; i < identity.size; i++)
        name[i] = (char)tolower(identity.at[i]);
    bool is_known = ask_row(snapshot, name, identity.size, source, &row);
    for (size_t i = 1; i < identity.size && !is_known; i++) {
        if (name[i] != '.')
            continue;
        name[i - 1] = '*';
        is_known = ask_row(snapshot, name + i - 1, identity.size - i + 1, source, &row);
    }
    if (!is_known)
        ask_row(snapshot, "*", 1, source, &row);
    return row;
}

bool conf_means_peer(const struct conf *conf, dm_bytes identity)
{
    int row = conf_peer_for(conf, identity, NULL);
    return row >= 0 && strcmp(conf->peers[row].identity, "*") != 0;
}

/* "*.example.net" is any name below; patterns are in lower case. */
static bool fits(dm_bytes pattern, dm_bytes host)
{
    if (pattern.at[0] != '*')
        return dm_identity_equal(pattern, host);
    dm_bytes suffix = dm_bytes_of(pattern.at + 1, pattern.size - 1);
    return host.size > suffix.size &&
           dm_identity_equal(suffix, dm_bytes_of(host.at + host.size - suffix.size, suffix.size));
}

bool conf_redirect_allows(const struct conf *conf, dm_bytes host)
{
    for (uint32_t i = 0; i < conf->redirects.host_count; i++)
        if (fits(conf->redirects.hosts[i], host))
            return true;
    return false;
}

size_t conf_cleartext_beyond_loopback(const struct conf *conf)
{
    size_t count = 0;
    for (size_t i = 0; i < conf->listen_count; i++)
        count += conf_is_cleartext(&conf->listen[i]);
    for (size_t i = 0; i < conf->peer_count; i++)
        count += conf->peers[i].dials && conf_is_cleartext(&conf->peers[i].connect);
    return count;
}
