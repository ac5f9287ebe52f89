/* conf_diff.c — what would change if one configuration took the place of another. */
#include "agent/conf/diff.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "identity: dra1.example.net\n"                                                                 \
    "realm: example.net\n"                                                                         \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"
#define PEERS                                                                                      \
    "peers:\n"                                                                                     \
    "  - { identity: hss1.example.net, connect: { transport: tcp, address: 127.0.0.1 } }\n"        \
    "  - { identity: hss2.example.net, connect: { transport: tcp, address: 127.0.0.2 } }\n"        \
    "  - { identity: \"*.example.org\" }\n"
#define POOL                                                                                       \
    "pools: [{ name: hss, members: [{ peer: hss1.example.net }, { peer: hss2.example.net }] }]\n"
#define ROUTES "routes:\n  - { name: home, realm: example.net, action: relay, pool: hss }\n"
#define REST   "  - { name: rest, realm: \"*\", action: reject, result: 3003 }\n"

static struct conf *from;
static struct conf *to;
static struct conf_diff diff;

static struct conf *load(const char *text)
{
    struct conf *conf = conf_load_octets("F", text, strlen(text), stderr);
    cr_assert_not_null(conf, "%s", text);
    return conf;
}

static void compare(const char *before, const char *after)
{
    from = load(before);
    to = load(after);
    conf_diff_init(&diff, from, to);
}

static void end(void)
{
    conf_diff_fini(&diff);
    conf_free(from);
    conf_free(to);
}

TestSuite(conf_diff, .fini = end);

static void expect(enum conf_list_of list, uint32_t added, uint32_t removed, uint32_t changed)
{
    const struct conf_counts *counts = &diff.lists[list];
    cr_expect_eq(counts->added, added, "%s added: %u", conf_list_name(list), counts->added);
    cr_expect_eq(counts->removed, removed, "%s removed: %u", conf_list_name(list), counts->removed);
    cr_expect_eq(counts->changed, changed, "%s changed: %u", conf_list_name(list), counts->changed);
}

Test(conf_diff, the_same_in_other_words_is_no_change)
{
    compare(
        HEAD PEERS POOL ROUTES REST, HEAD
        "# a comment\n" PEERS POOL
        "routes:\n  - name: home\n    realm: example.net\n    action: relay\n    pool: hss\n" REST);
    cr_assert_str_eq(diff.text, "");
}

Test(conf_diff, peers_are_matched_by_identity_whatever_their_order)
{
    compare(HEAD PEERS POOL ROUTES, HEAD
            "peers:\n"
            "  - { identity: \"*.example.org\" }\n"
            "  - { identity: HSS2.example.net, connect: { transport: tcp, address: 127.0.0.9 } }\n"
            "  - { identity: hss1.example.net, connect: { transport: tcp, address: 127.0.0.1 } }\n"
            "  - { identity: sip1.example.com }\n" POOL ROUTES);
    expect(CONF_LIST_PEERS, 1, 0, 1);
    cr_assert_eq(diff.reconnected, 1);
    cr_assert_str_eq(diff.text, "peers: hss2.example.net is changed, its connection is made anew\n"
                                "peers: sip1.example.com is added\n");
}

Test(conf_diff, what_peers_have_from_the_whole_program_changes_them_without_a_new_connection)
{
    compare(HEAD PEERS POOL ROUTES, HEAD "timers: { request: 9s }\n" PEERS POOL ROUTES);
    expect(CONF_LIST_PEERS, 0, 0, 3);
    cr_assert_eq(diff.reconnected, 0);
    cr_assert(strstr(diff.text, "timers: is given\n"));
}

Test(conf_diff, routes_and_pools_are_added_removed_and_changed)
{
    compare(HEAD PEERS POOL ROUTES REST, HEAD PEERS
            "pools:\n  - { name: two, members: [{ peer: hss2.example.net }] }\n"
            "  - { name: hss, select: round_robin, members: [{ peer: hss1.example.net }] }\n"
            "routes:\n  - { name: rest, realm: \"*\", action: reject, result: 3002 }\n"
            "  - { name: new, realm: a.example, action: relay, pool: two }\n"
            "  - { name: home, realm: example.net, action: relay, pool: hss }\n");
    expect(CONF_LIST_POOLS, 1, 0, 1);
    expect(CONF_LIST_ROUTES, 1, 0, 1);
    cr_assert(strstr(diff.text, "routes: their order is changed\n"));
    expect(CONF_LIST_PEERS, 0, 0, 0);
}

Test(conf_diff, keys_that_are_not_given_any_more_are_named)
{
    compare(HEAD "log: { level: debug }\n" PEERS POOL ROUTES, HEAD PEERS POOL ROUTES);
    cr_assert_str_eq(diff.text, "log: is not given any more\n");
}

/* --- users: issue 4, what it must show, 5 --- */

static const char *file_of(unsigned members, unsigned heavy)
{
    static char text[16384];
    size_t size = (size_t)snprintf(text, sizeof text, HEAD "peers:\n");
    for (unsigned i = 0; i < members; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "  - { identity: hss%u.example.net }\n", i);
    size +=
        (size_t)snprintf(text + size, sizeof text - size, "pools:\n  - name: hss\n    members:\n");
    for (unsigned i = 0; i < members; i++)
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "      - { peer: hss%u.example.net, weight: %u }\n", i,
                                 i == heavy ? 200 : 100);
    snprintf(text + size, sizeof text - size, ROUTES);
    return text;
}

static void compare_pools(unsigned members, unsigned heavy, unsigned now, unsigned heavy_now)
{
    from = load(file_of(members, heavy));
    to = load(file_of(now, heavy_now));
    conf_diff_init(&diff, from, to);
}

enum { NOBODY = 999 };

static uint32_t slots_of(const struct conf *conf, uint8_t member)
{
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < RT_SLOTS; slot++)
        count += conf->tables.pools[0].ranks[slot] == member;
    return count;
}

Test(conf_diff, removing_one_of_four_members_moves_its_users_and_nobody_else)
{
    compare_pools(4, NOBODY, 3, NOBODY);
    cr_assert_eq(diff.moved_count, 1);
    cr_assert_eq(diff.moved[0].slots, slots_of(from, 3), "%u of its %u", diff.moved[0].slots,
                 slots_of(from, 3));
    for (uint32_t slot = 0; slot < RT_SLOTS; slot++)
        if (from->tables.pools[0].ranks[slot] != 3)
            cr_assert_eq(to->tables.pools[0].ranks[slot], from->tables.pools[0].ranks[slot]);
    fprintf(stderr, "1 of 4 members removed: %u of 65536 slots move\n", diff.moved[0].slots);
}

Test(conf_diff, a_pool_that_grows_from_32_to_33_moves_one_part_in_33_all_to_the_new_one)
{
    compare_pools(32, NOBODY, 33, NOBODY);
    cr_assert_eq(diff.moved[0].slots, slots_of(to, 32));
    cr_assert_float_eq(diff.moved[0].slots * 33.0 / RT_SLOTS, 1, 0.1);
    fprintf(stderr, "from 32 to 33 members: %u of 65536 slots move, 1 in %.1f\n",
            diff.moved[0].slots, RT_SLOTS * 1.0 / diff.moved[0].slots);
}

Test(conf_diff, a_weight_that_doubles_draws_users_to_its_member_only)
{
    compare_pools(4, NOBODY, 4, 1);
    cr_assert_eq(diff.moved[0].slots, slots_of(to, 1) - slots_of(from, 1));
    cr_assert_float_eq(diff.moved[0].slots / (double)RT_SLOTS, 0.4 - 0.25, 0.01);
}

Test(conf_diff, nobody_moves_where_members_only_change_their_places)
{
    compare(HEAD PEERS POOL ROUTES,
            HEAD PEERS "pools: [{ name: hss, members: [{ peer: hss2.example.net }, { peer: "
                       "hss1.example.net }] }]\n" ROUTES);
    cr_assert_eq(diff.moved_count, 0);
    expect(CONF_LIST_POOLS, 0, 0, 1);
}

Test(conf_diff, with_another_hash_seed_half_of_the_users_of_two_members_move)
{
    compare(HEAD PEERS POOL ROUTES, HEAD "users: { hash_seed: other }\n" PEERS POOL ROUTES);
    cr_assert_float_eq(diff.moved[0].slots / (double)RT_SLOTS, 0.5, 0.01);
}

Test(conf_diff, a_realm_that_any_peer_had_and_is_now_asked_for_makes_connections_anew)
{
    compare(HEAD PEERS POOL ROUTES, HEAD
            "peers:\n"
            "  - { identity: hss1.example.net, realm: example.net, connect: { transport: tcp, "
            "address: 127.0.0.1 } }\n"
            "  - { identity: hss2.example.net, connect: { transport: tcp, address: 127.0.0.2 } }\n"
            "  - { identity: \"*.example.org\" }\n" POOL ROUTES);
    cr_assert_eq(diff.reconnected, 1);
    cr_assert(conf_peer_reconnects(&from->peers[0], &to->peers[0]));
    cr_assert_not(conf_peer_reconnects(&to->peers[0], &from->peers[0]));
}
