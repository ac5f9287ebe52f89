/* conf.c — a file becomes a snapshot: every key lands in its field, and what is left out has the
 * default of the contract. */
#include "agent/conf/conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#include "agent/clock.h"

#define DATA TEST_DATA "/conf/"

static struct conf *load(const char *path)
{
    char *complaints = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&complaints, &size);
    struct conf *conf = conf_load(path, to);
    fclose(to);
    cr_assert_not_null(conf, "%s", complaints);
    cr_assert_str_eq(complaints, "");
    free(complaints);
    return conf;
}

static const char *address_of(const union conf_socket *socket)
{
    static char text[INET6_ADDRSTRLEN + 8];
    char address[INET6_ADDRSTRLEN];
    bool is_v4 = socket->any.sa_family == AF_INET;
    const void *at = is_v4 ? (const void *)&socket->v4.sin_addr : &socket->v6.sin6_addr;
    inet_ntop(socket->any.sa_family, at, address, sizeof address);
    snprintf(text, sizeof text, "%s %u", address,
             ntohs(is_v4 ? socket->v4.sin_port : socket->v6.sin6_port));
    return text;
}

static bool is_text(dm_bytes octets, const char *text)
{
    return dm_bytes_equal(octets, dm_text(text));
}

Test(conf, the_agent_is_named_in_lower_case)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_str_eq(conf->identity, "dra1.example.net");
    cr_assert_str_eq(conf->realm, "example.net");
    cr_assert_str_eq(conf->file, DATA "full.yaml");
    cr_assert(is_text(conf->tables.own_identity, "dra1.example.net"));
    cr_assert_eq(strlen(conf->hash), 16);
    conf_free(conf);
}

Test(conf, the_program_runs_as_the_file_says)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->workers, 3);
    cr_assert(conf->spread);
    cr_assert_eq(conf->cleartext, CONF_CLEARTEXT_ALLOW);
    cr_assert_eq(conf->log_level, 3);
    cr_assert(conf->log_json);
    cr_assert(conf->has_http);
    cr_assert_str_eq(address_of(&conf->http), "::1 9869");
    conf_free(conf);
}

Test(conf, listeners_have_an_address_and_a_port_or_3868)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->listen_count, 4);
    cr_assert_str_eq(address_of(conf->listen[0].addresses.at), "0.0.0.0 3870");
    cr_assert_str_eq(address_of(conf->listen[1].addresses.at), ":: 3868");
    conf_free(conf);
}

Test(conf, applications_are_names_or_numbers)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert(conf->advertise.relay);
    cr_assert_eq(conf->advertise.count, 3);
    cr_assert_eq(conf->advertise.id[0], 6);
    cr_assert_eq(conf->advertise.id[1], 16777216);
    cr_assert_eq(conf->advertise.id[2], 16777217);
    conf_free(conf);
}

Test(conf, timers_are_nanoseconds)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->timers.connect, 1 * NS_PER_S);
    cr_assert_eq(conf->timers.capabilities, 2 * NS_PER_S);
    cr_assert_eq(conf->timers.watchdog, 6 * NS_PER_S);
    cr_assert_eq(conf->timers.reconnect_minimum, 100 * NS_PER_MS);
    cr_assert_eq(conf->timers.reconnect_maximum, 60 * NS_PER_S);
    cr_assert_eq(conf->timers.request, 1500 * NS_PER_MS);
    cr_assert_eq(conf->timers.disconnect, 3 * NS_PER_S);
    cr_assert_eq(conf->timers.drain, 0);
    conf_free(conf);
}

Test(conf, limits_are_octets_and_counts)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->limits.memory, 1024u * 1024 * 1024);
    cr_assert_eq(conf->limits.message_size, 1024 * 1024);
    cr_assert_eq(conf->limits.pending_per_peer, 1000);
    cr_assert_eq(conf->limits.in_flight_per_peer, 2000);
    cr_assert_eq(conf->limits.outbound_per_peer, 512 * 1024);
    cr_assert_eq(conf->limits.connections, 100);
    cr_assert_eq(conf->limits.half_open, 10);
    conf_free(conf);
}

Test(conf, compatibility_is_read_key_by_key)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct conf_compatibility *compatibility = &conf->compatibility;
    cr_assert(compatibility->strictness.refuse_reserved_bits);
    cr_assert_not(compatibility->strictness.refuse_unknown_mandatory);
    cr_assert_not(compatibility->strictness.refuse_unexpected);
    cr_assert(compatibility->strictness.refuse_avp_flags);
    cr_assert_eq(compatibility->unknown_peer, CONF_PEER_CLOSE);
    cr_assert_not(compatibility->reopen_last_resort);
    cr_assert(compatibility->error_echo);
    conf_free(conf);
}

Test(conf, a_peer_with_connect_is_dialled)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->peer_count, 6);
    const struct conf_peer *peer = &conf->peers[0];
    cr_assert_str_eq(peer->identity, "hss1.example.net");
    cr_assert_str_eq(peer->realm, "example.net");
    cr_assert(peer->dials);
    cr_assert(peer->in_pool);
    cr_assert_eq(peer->role, CONF_SERVER);
    cr_assert_str_eq(address_of(peer->connect.addresses.at), "10.0.1.11 3869");
    cr_assert_str_eq(address_of(conf->peers[1].connect.addresses.at), "fd00::2 3868");
    conf_free(conf);
}

Test(conf, a_peer_has_the_programs_timers_limits_and_compatibility_but_those_it_names)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct conf_peer *peer = &conf->peers[0];
    cr_assert_eq(peer->timers.watchdog, 7 * NS_PER_S);
    cr_assert_eq(peer->timers.reconnect_minimum, 5 * NS_PER_S);
    cr_assert_eq(peer->timers.reconnect_maximum, 60 * NS_PER_S);
    cr_assert_eq(peer->timers.request, 1500 * NS_PER_MS);
    cr_assert_eq(peer->limits.pending_per_peer, 2000);
    cr_assert_eq(peer->limits.in_flight_per_peer, 2000);
    cr_assert(peer->compatibility.strictness.refuse_unexpected);
    cr_assert(peer->compatibility.error_echo);
    conf_free(conf);
}

Test(conf, CEX_07_a_peer_may_be_told_other_applications)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->peers[0].advertise.count, 1);
    cr_assert_eq(conf->peers[0].advertise.id[0], 16777216);
    cr_assert_not(conf->peers[0].advertise.relay);
    cr_assert_eq(conf->peers[1].advertise.count, 3);
    cr_assert(conf->peers[1].advertise.relay);
    conf_free(conf);
}

Test(conf, a_pattern_dials_us_and_may_be_bound_to_networks)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct conf_peer *peer = &conf->peers[3];
    cr_assert_str_eq(peer->identity, "*.sip.example.net");
    cr_assert(peer->is_pattern);
    cr_assert_not(peer->dials);
    cr_assert_not(peer->in_pool);
    cr_assert_null(peer->realm);
    cr_assert_eq(peer->from_count, 2);
    cr_assert_eq(peer->from[0].prefix, 96 + 16);
    cr_assert_eq(peer->from[1].prefix, 32);
    cr_assert_eq(conf->peers[1].role, CONF_ROLE_BY_CAPABILITIES);
    conf_free(conf);
}

Test(conf, a_pool_has_members_that_are_peers)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->tables.pool_count, 4);
    const struct rt_pool *pool = &conf->tables.pools[0];
    cr_assert_str_eq(pool->name, "hss-east");
    cr_assert_eq(pool->count, 3);
    cr_assert(is_text(pool->members[1].identity, "hss2.example.net"));
    cr_assert_eq(pool->members[1].peer_number, 1);
    cr_assert_eq(pool->members[0].weight, 200);
    cr_assert_eq(pool->members[1].weight, 100);
    cr_assert_eq(pool->members[1].priority, 1);
    cr_assert_eq(pool->members[2].priority, 2);
    cr_assert_not_null(pool->ranks);
    conf_free(conf);
}

Test(conf, a_pool_says_how_to_choose_and_when_to_try_again)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct rt_pool *pool = &conf->tables.pools[0];
    cr_assert_eq(pool->select, RT_STICKY);
    cr_assert_eq(pool->retry.attempts, 3);
    cr_assert_eq(pool->retry.result_count, 2);
    cr_assert_eq(pool->retry.results[1], 3004);
    cr_assert(pool->retry.on_timeout);
    cr_assert_eq(pool->hold, 5 * NS_PER_S);
    cr_assert_not(pool->ready_required);
    cr_assert_eq(conf->tables.pools[1].select, RT_LEAST_PENDING);
    cr_assert_eq(conf->tables.pools[2].select, RT_ROUND_ROBIN);
    conf_free(conf);
}

Test(conf, a_pool_without_words_is_sticky_tries_two_and_must_be_ready)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct rt_pool *pool = &conf->tables.pools[1];
    cr_assert_eq(pool->retry.attempts, 2);
    cr_assert_eq(pool->retry.result_count, 2);
    cr_assert_eq(pool->retry.results[0], 3002);
    cr_assert_eq(pool->retry.results[1], 3004);
    cr_assert_not(pool->retry.on_timeout);
    cr_assert_eq(pool->hold, 0);
    cr_assert(pool->ready_required);
    conf_free(conf);
}

Test(conf, the_seed_of_all_pools_comes_from_hash_seed)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->tables.seed, rt_seed(dm_text("other")));
    cr_assert_eq(conf->tables.domains.count, 2);
    cr_assert(is_text(conf->tables.domains.at[0], "example.net"));
    conf_free(conf);
}

Test(conf, a_route_matches_by_realm_application_commands_and_origin)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->tables.route_count, 7);
    const struct rt_route *route = &conf->tables.routes[1];
    cr_assert_str_eq(route->name, "sip-from-partner");
    cr_assert_eq(route->number, 1);
    cr_assert(is_text(route->realm, "example.net"));
    cr_assert_not(route->any_application);
    cr_assert_eq(route->application, 6);
    cr_assert_eq(route->command_count, 3);
    cr_assert_eq(route->commands[0], 283);
    cr_assert_eq(route->commands[1], 285);
    cr_assert_eq(route->commands[2], 284);
    cr_assert(is_text(route->origin_host, "*.sip.partner.example"));
    cr_assert(is_text(route->origin_realm, "*.partner.example"));
    cr_assert_eq(route->action, RT_RELAY);
    cr_assert_eq(route->pool, 1);
    conf_free(conf);
}

Test(conf, names_of_commands_are_those_of_the_routes_application)
{
    struct conf *conf = load(DATA "full.yaml");
    cr_assert_eq(conf->tables.routes[2].application, 16777216);
    cr_assert_eq(conf->tables.routes[2].commands[0], 300);
    conf_free(conf);
}

Test(conf, a_route_may_reject)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct rt_route *route = &conf->tables.routes[3];
    cr_assert_eq(route->action, RT_REJECT);
    cr_assert_eq(route->result, 3003);
    cr_assert(route->any_application);
    cr_assert_eq(route->command_count, 0);
    cr_assert_eq(route->origin_host.size, 0);
    conf_free(conf);
}

Test(conf, RDR_01_RDR_02_a_route_may_redirect)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct rt_route *route = &conf->tables.routes[4];
    cr_assert_eq(route->action, RT_REDIRECT);
    cr_assert_eq(route->redirect.to_count, 2);
    cr_assert(dm_bytes_equal(route->redirect.to[0],
                             dm_text("aaas://Dra.partner.example:5868;transport=tcp")));
    cr_assert(dm_bytes_equal(route->redirect.to[1],
                             dm_text("aaa://dra2.partner.example:3868;transport=tcp")));
    cr_assert_eq(route->redirect.usage, RT_REALM_AND_APPLICATION);
    cr_assert_eq(route->redirect.cache, UINT64_C(3600000000000));
    conf_free(conf);
}

Test(conf, what_is_done_with_redirects_of_others)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct conf_redirects *redirects = &conf->redirects;
    cr_assert(redirects->follow);
    cr_assert_eq(redirects->hops, 2);
    cr_assert_eq(redirects->cache, 1000);
    cr_assert_eq(redirects->host_count, 1);
    cr_assert(dm_bytes_equal(redirects->hosts[0], dm_text("*.partner.example")));
    cr_assert_eq(redirects->realm_redirect_count, 2);
    cr_assert_eq(redirects->realm_redirect[0], 6);
    cr_assert_eq(redirects->realm_redirect[1], 4);
    conf_free(conf);
}

/* Defaults. */

Test(conf, WDG_02_timers_left_out_are_those_of_the_contract)
{
    struct conf *conf = load(DATA "least.yaml");
    cr_assert_eq(conf->timers.connect, 5 * NS_PER_S);
    cr_assert_eq(conf->timers.capabilities, 10 * NS_PER_S);
    cr_assert_eq(conf->timers.watchdog, 30 * NS_PER_S);
    cr_assert_eq(conf->timers.reconnect_minimum, 1 * NS_PER_S);
    cr_assert_eq(conf->timers.reconnect_maximum, 30 * NS_PER_S);
    cr_assert_eq(conf->timers.request, 4 * NS_PER_S);
    cr_assert_eq(conf->timers.disconnect, 5 * NS_PER_S);
    cr_assert_eq(conf->timers.drain, 10 * NS_PER_S);
    conf_free(conf);
}

Test(conf, limits_left_out_are_those_of_the_contract)
{
    struct conf *conf = load(DATA "least.yaml");
    cr_assert_eq(conf->limits.memory, 512u * 1024 * 1024);
    cr_assert_eq(conf->limits.message_size, 64 * 1024);
    cr_assert_eq(conf->limits.pending_per_peer, 65536);
    cr_assert_eq(conf->limits.in_flight_per_peer, 16384);
    cr_assert_eq(conf->limits.outbound_per_peer, 4 * 1024 * 1024);
    cr_assert_eq(conf->limits.connections, 20000);
    cr_assert_eq(conf->limits.half_open, 1000);
    conf_free(conf);
}

Test(conf, a_program_left_alone_packs_warns_and_shows_its_page_on_loopback)
{
    struct conf *conf = load(DATA "least.yaml");
    cr_assert_eq(conf->workers, 0);
    cr_assert_not(conf->spread);
    cr_assert_eq(conf->cleartext, CONF_CLEARTEXT_WARN);
    cr_assert(conf->has_http);
    cr_assert_str_eq(address_of(&conf->http), "127.0.0.1 9868");
    cr_assert_eq(conf->log_level, 2);
    cr_assert_not(conf->log_json);
    cr_assert_eq(conf->tables.seed, rt_seed(dm_text("antipode")));
    conf_free(conf);
}

Test(conf, compatibility_left_out_is_that_of_the_contract)
{
    struct conf *conf = load(DATA "least.yaml");
    cr_assert_not(conf->compatibility.strictness.refuse_reserved_bits);
    cr_assert(conf->compatibility.strictness.refuse_unknown_mandatory);
    cr_assert(conf->compatibility.strictness.refuse_unexpected);
    cr_assert_not(conf->compatibility.strictness.refuse_avp_flags);
    cr_assert_eq(conf->compatibility.unknown_peer, CONF_PEER_REFUSE);
    cr_assert(conf->compatibility.reopen_last_resort);
    cr_assert_not(conf->compatibility.error_echo);
    conf_free(conf);
}

Test(conf, CEX_06_relay_is_not_advertised_where_no_route_relays)
{
    struct conf *conf = load(DATA "least.yaml");
    cr_assert_not(conf->advertise.relay);
    cr_assert_eq(conf->advertise.count, 3);
    conf_free(conf);
}

/* Speed. */

static char *many_routes(unsigned count, size_t *size)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, size);
    fputs("version: 1\nidentity: a.b\nrealm: b\nlisten: [{transport: tcp, address: 127.0.0.1}]\n"
          "peers: [{identity: h.b}]\npools: [{name: p, members: [{peer: h.b}]}]\nroutes:\n",
          to);
    for (unsigned i = 0; i < count; i++)
        fprintf(to,
                "  - name: route-%u\n    realm: realm%u.example\n    application: sip\n"
                "    commands: [UAR, LIR]\n    action: relay\n    pool: p\n",
                i, i);
    fclose(to);
    return text;
}

Test(conf, ten_thousand_routes_take_less_than_a_second)
{
    size_t size;
    char *text = many_routes(10000, &size);
    clock_t start = clock();
    struct conf *conf = conf_load_octets("many", text, size, stderr);
    clock_t took = clock() - start;
    cr_assert_not_null(conf);
    cr_assert_eq(conf->tables.route_count, 10000);
    cr_assert_lt(took, CLOCKS_PER_SEC);
    conf_free(conf);
    free(text);
}

Test(conf, members_of_a_partitioned_pool_are_of_groups)
{
    struct conf *conf = load(DATA "full.yaml");
    const struct rt_pool *pool = &conf->tables.pools[3];
    cr_assert(pool->is_partitioned && pool->searches);
    cr_assert_not(conf->tables.pools[0].is_partitioned || conf->tables.pools[0].searches);
    cr_assert_eq(pool->group_count, 2);
    cr_assert_str_eq(pool->groups[0].name, "a");
    cr_assert_str_eq(pool->groups[1].name, "b");
    cr_assert_eq(pool->members[0].group, 0);
    cr_assert_eq(pool->members[1].group, 1);
    cr_assert_eq(pool->members[2].group, 0);
    conf_free(conf);
}
