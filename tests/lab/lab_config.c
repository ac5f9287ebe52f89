/* lab_config.c — the plan of a test becomes the agent's configuration file.
 *
 * Usual bed: the agent dials the servers, clients are admitted by a pattern, and core.example is
 * relayed to a pool of the servers of that realm, the first preferred. */
#include "tests/lab/lab_assoc.h"

#include <stdio.h>
#include <string.h>

static void write_section(FILE *out, const char *name, const char *usual, const char *text)
{
    if (text || usual)
        fprintf(out, "%s: { %s%s%s }\n", name, usual ? usual : "", usual && text ? ", " : "",
                text ? text : "");
}

/* Quick reconnects and a short drain, where the test does not say otherwise. */
static void write_timers(FILE *out, const char *text)
{
    bool own_reconnect = text && strstr(text, "reconnect:");
    bool own_drain = text && strstr(text, "drain:");
    fprintf(out, "timers: { %s%s%s }\n",
            own_reconnect ? "" : "reconnect: { minimum: 100ms, maximum: 1s }, ",
            own_drain ? "" : "drain: 2s, ", text ? text : "connect: 5s");
}

static const char *loopback(const struct lab *lab)
{
    return lab->plan.ipv6 ? "::1" : "127.0.0.1";
}

/* A reload may leave a server out. */
static bool is_planned(const struct lab *lab, const char *identity)
{
    for (size_t i = 0; i < LAB_SERVERS_MAX && lab->plan.servers[i]; i++)
        if (strcmp(lab->plan.servers[i], identity) == 0)
            return true;
    return false;
}

static void write_peer(FILE *out, const struct lab *lab, const struct lab_server *server)
{
    fprintf(out, "  - { identity: %s, connect: { transport: %s, address: \"%s\", port: %u",
            server->identity, lab->kind->name, loopback(lab), server->port);
    if (lab->stack)
        fprintf(out, ", udp_port: %u", lab->stack->udp_port);
    fprintf(out, " } }\n");
}

static void write_peers(FILE *out, const struct lab *lab)
{
    fprintf(out, "peers:\n");
    for (size_t i = 0; i < lab->server_count; i++)
        if (is_planned(lab, lab->servers[i].identity))
            write_peer(out, lab, &lab->servers[i]);
    fprintf(out, "%s\n",
            lab->plan.clients ? lab->plan.clients
                              : "  - { identity: \"*.edge.example\", realm: edge.example }");
    if (lab->plan.peers)
        fprintf(out, "%s\n", lab->plan.peers);
}

static bool is_core(const char *identity)
{
    const char *dot = strchr(identity, '.');
    return dot && strcmp(dot, ".core.example") == 0;
}

static void write_pool(FILE *out, const struct lab *lab)
{
    int priority = 0;
    bool own = lab->plan.pool && strstr(lab->plan.pool, "select:");
    fprintf(out, "  - name: core\n    members:\n");
    for (size_t i = 0; i < lab->server_count; i++) {
        if (is_core(lab->servers[i].identity) && is_planned(lab, lab->servers[i].identity))
            fprintf(out, "      - { peer: %s, priority: %d }\n", lab->servers[i].identity,
                    own ? 1 : ++priority);
    }
    if (lab->plan.pool)
        fprintf(out, "    %s\n", lab->plan.pool);
}

static void write_pools_and_routes(FILE *out, const struct lab *lab)
{
    bool has_core = false;
    for (size_t i = 0; i < lab->server_count; i++)
        has_core = has_core ||
                   (is_core(lab->servers[i].identity) && is_planned(lab, lab->servers[i].identity));
    if (has_core || lab->plan.pools)
        fprintf(out, "pools:\n");
    if (has_core)
        write_pool(out, lab);
    if (lab->plan.pools)
        fprintf(out, "%s\n", lab->plan.pools);
    fprintf(out, "routes:\n%s\n",
            lab->plan.routes ? lab->plan.routes
            : has_core       ? "  - { name: core, realm: core.example, action: relay, pool: core }"
                             : "  - { name: rest, realm: \"*\", action: reject, result: 3003 }");
}

static void write_security(FILE *out, const struct lab *lab)
{
    const char *folder = lab_certificates();
    if (lab->kind->is_secure)
        fprintf(out, "tls: { certificate: %s/%s.pem, private_key: %s/%s.key, ca: %s/ca.pem }\n",
                folder, A_HOST, folder, A_HOST, folder);
    if (lab->kind->is_sctp)
        fprintf(out, "sctp: { udp_port: %u, rto: { minimum: 50ms } }\n", lab->udp_port);
}

bool lab_write_config(const struct lab *lab)
{
    const struct lab_plan *plan = &lab->plan;
    FILE *out = fopen(lab->config, "w");
    if (!out)
        return false;
    fprintf(out, "version: 1\nidentity: %s\nrealm: " A_REALM "\n",
            plan->identity ? plan->identity : A_HOST);
    fprintf(out, "workers: %u\nplacement: %s\n", plan->workers ? plan->workers : 2,
            plan->packed ? "packed" : "spread");
    if (plan->advertise)
        fprintf(out, "advertise: [%s]\n", plan->advertise);
    fprintf(out, "listen:\n  - { transport: %s, address: \"%s\", port: %u }\n", lab->kind->name,
            loopback(lab), lab->port);
    write_security(out, lab);
    fprintf(out, "admin:\n  http: { address: 127.0.0.1, port: %u }\n  socket: %s\n", lab->http_port,
            lab->socket);
    write_timers(out, plan->timers);
    write_section(out, "limits", NULL, plan->limits);
    write_section(out, "compatibility", NULL, plan->compatibility);
    write_peers(out, lab);
    write_pools_and_routes(out, lab);
    if (plan->more)
        fprintf(out, "%s\n", plan->more);
    return fclose(out) == 0;
}
