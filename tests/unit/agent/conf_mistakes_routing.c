/* conf_mistakes_routing.c — what is wrong with pools, routes and redirects. */
#include "conf_claims.h"

/* Pools. */

Test(conf_mistakes_routing, a_member_must_be_a_peer)
{
    claim(FIVE PEERS "pools: [{ name: east, members: [{ peer: h2.example.net }] }]\n",
          "F:7:41: pools[0].members[0].peer: `h2.example.net` is not in `peers`; did you mean "
          "`h1.example.net`?\n");
}

Test(conf_mistakes_routing, a_member_is_no_pattern)
{
    claim(FIVE PEERS "pools: [{ name: east, members: [{ peer: \"*.sip.example.net\" }] }]\n",
          "F:7:41: pools[0].members[0].peer: a member is one peer, not a pattern\n");
}

Test(conf_mistakes_routing, a_member_stands_once_in_a_pool)
{
    claim(FIVE PEERS "pools:\n  - name: east\n    members:\n      - { peer: h1.example.net }\n"
                     "      - { peer: H1.example.net, weight: 1 }\n",
          "F:11:17: pools[0].members[1].peer: is a member already, members[0]\n");
}

Test(conf_mistakes_routing, a_pool_has_members)
{
    claim(FIVE "pools: [{ name: east, members: [] }]\n",
          "F:6:32: pools[0].members: 1 to 255 members are wanted here\n");
    claim(FIVE "pools: [{ name: east }]\n", "F:6:9: pools[0].members: is missing\n");
}

Test(conf_mistakes_routing, pools_have_different_names)
{
    claim(FIVE PEERS POOL "pools2: []\n", "F:8:1: pools2: no such key; did you mean `pools`?\n");
    claim(FIVE PEERS "pools:\n  - { name: east, members: [{ peer: h1.example.net }] }\n"
                     "  - { name: east, members: [{ peer: h1.example.net }] }\n",
          "F:9:13: pools[1].name: `east` is given twice, first in line 8\n");
}

Test(conf_mistakes_routing, a_weight_is_at_least_one)
{
    claim(FIVE PEERS "pools: [{ name: east, members: [{ peer: h1.example.net, weight: 0 }] }]\n",
          "F:7:65: pools[0].members[0].weight: 0 is outside of 1 to 65535\n");
}

Test(conf_mistakes_routing, results_that_are_tried_again_are_errors)
{
    claim(FIVE PEERS "pools:\n  - name: east\n    retry: { results: [2001, timeout, busy] }\n"
                     "    members: [{ peer: h1.example.net }]\n",
          "F:9:24: pools[0].retry.results[0]: 2001 is outside of 3000 to 5999\n"
          "F:9:39: pools[0].retry.results[2]: a number is wanted here, not `busy`\n");
}

/* Pools of groups. */

#define MEMBERS(members)                                                                           \
    "pools:\n  - name: east\n    data: partitioned\n    members: [" members "]\n"

Test(conf_mistakes_routing,
     every_member_of_a_partitioned_pool_has_a_group_and_of_a_mirrored_one_none)
{
    claim(FIVE PEERS MEMBERS("{ peer: h1.example.net, group: a }"), "");
    claim(FIVE PEERS MEMBERS("{ peer: h1.example.net }"),
          "F:10:15: pools[0].members[0].group: is missing: `data: partitioned` needs one\n");
    claim(FIVE PEERS "pools:\n  - { name: east, members: [{ peer: h1.example.net, group: a }] }\n",
          "F:8:60: pools[0].members[0].group: `data: mirrored` has no groups\n");
}

Test(conf_mistakes_routing, only_a_proxy_searches_and_only_groups)
{
    claim(
        FIVE PEERS "pools:\n  - { name: east, unknown_user: search, members: [{ peer: "
                   "h1.example.net }] }\n",
        "F:8:33: pools[0].unknown_user: `search` is for `data: partitioned`: mirrors all know the "
        "same users\n");
    claim(FOUR PEERS "pools:\n  - { name: east, unknown_user: search, data: partitioned,\n"
                     "      members: [{ peer: h1.example.net, group: a }] }\n"
                     "routes:\n  - { name: r, realm: a, action: relay, pool: east }\n"
                     "  - { name: s, realm: b, action: proxy, pool: east }\n",
          "F:10:47: routes[0].pool: `east` searches for unknown users, which only `action: proxy` "
          "does\n");
}

/* Routes. */

#define ROUTE(text) FOUR PEERS POOL "routes:\n  - { name: r, realm: example.net, " text " }\n"

Test(conf_mistakes_routing, a_relay_needs_a_pool_and_has_no_result)
{
    claim(ROUTE("action: relay, result: 3003"),
          "F:8:5: routes[0].pool: is missing: `action: relay` needs one\n"
          "F:8:59: routes[0].result: `action: relay` has no use for a result\n");
}

Test(conf_mistakes_routing, a_rejection_needs_a_result_and_has_no_pool)
{
    claim(ROUTE("action: reject, pool: east"),
          "F:8:5: routes[0].result: is missing: `action: reject` needs one\n"
          "F:8:58: routes[0].pool: `action: reject` has no use for a pool\n");
}

Test(conf_mistakes_routing, a_rejection_is_an_error)
{
    claim(ROUTE("action: reject, result: 2001"),
          "F:8:60: routes[0].result: 2001 is outside of 3000 to 5999\n");
}

Test(conf_mistakes_routing, a_command_is_known_in_its_application)
{
    claim(ROUTE("application: sip, commands: [UAR, ULR], action: relay, pool: east"),
          "F:8:70: routes[0].commands[1]: `ULR` is no command of application 6; its code would "
          "do\n");
    claim(ROUTE("commands: [UAR], action: relay, pool: east"),
          "F:8:47: routes[0].commands[0]: `UAR`: a name wants an `application`; its code would "
          "do\n");
    claim(ROUTE("commands: [16777216], action: relay, pool: east"),
          "F:8:47: routes[0].commands[0]: `16777216` is no command code: they have 24 bits\n");
}

Test(conf_mistakes_routing, an_unreadable_application_is_complained_about_once)
{
    claim(ROUTE("application: sipp, commands: [UAR], action: relay, pool: east"),
          "F:8:49: routes[0].application: `sipp` is no application known by name; its number "
          "would do\n");
}

Test(conf_mistakes_routing, routes_have_different_names)
{
    claim(FOUR "routes:\n  - { name: r, realm: a, action: reject, result: 3003 }\n"
               "  - { name: r, realm: b, action: reject, result: 3003 }\n",
          "F:7:13: routes[1].name: `r` is given twice, first in line 6\n");
}

/* Redirects. */

Test(conf_mistakes_routing, a_redirect_says_to_whom)
{
    claim(ROUTE("action: redirect"), "F:8:5: routes[0].redirect: is missing: `action: redirect` "
                                     "needs one\n");
    claim(ROUTE("action: redirect, redirect: {}"),
          "F:8:64: routes[0].redirect: either `to` or `subscribers` is wanted here\n");
    claim(ROUTE("action: redirect, redirect: { to: [] }"),
          "F:8:70: routes[0].redirect.to: 1 to 32 hosts are wanted here\n");
}

Test(conf_mistakes_routing, AVP_23_a_redirect_is_to_diameter_uris)
{
    claim(ROUTE("action: redirect, redirect: { to: [h1, \"aaa://h;transport=udp\"] }"),
          "F:8:75: routes[0].redirect.to[1]: `aaa://h;transport=udp` is no DiameterURI, like "
          "aaa://host.example:3868;transport=tcp\n");
}

Test(conf_mistakes_routing, RDR_02_a_usage_goes_with_a_time)
{
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: ALL_USER }"),
          "F:8:64: routes[0].redirect.cache: is missing: a `usage` that is cached needs one\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], cache: 5s }"),
          "F:8:83: routes[0].redirect.cache: `usage: DONT_CACHE` has no use for it\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: ALL_USER, cache: 1500ms }"),
          "F:8:100: routes[0].redirect.cache: whole seconds are wanted here\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: 7 }"),
          "F:8:83: routes[0].redirect.usage: `7` is none of: DONT_CACHE, ALL_SESSION, ALL_REALM, "
          "REALM_AND_APPLICATION, ALL_APPLICATION, ALL_HOST, ALL_USER\n");
    claim(ROUTE("action: redirect, redirect: { to: [h1], usage: ALL, cache: 5s }"),
          "F:8:83: routes[0].redirect.usage: `ALL` is none of: DONT_CACHE, ALL_SESSION, ALL_REALM, "
          "REALM_AND_APPLICATION, ALL_APPLICATION, ALL_HOST, ALL_USER\n");
}

Test(conf_mistakes_routing, a_redirect_has_no_use_for_a_pool_or_a_result_and_others_none_for_it)
{
    claim(ROUTE("action: redirect, redirect: { to: [h1] }, pool: east, result: 3003"),
          "F:8:84: routes[0].pool: `action: redirect` has no use for a pool\n"
          "F:8:98: routes[0].result: `action: redirect` has no use for a result\n");
    claim(ROUTE("action: relay, pool: east, redirect: { to: [h1] }"),
          "F:8:73: routes[0].redirect: is for `action: redirect` only\n");
}

Test(conf_mistakes_routing, redirects_are_followed_so_far_and_by_these_applications)
{
    claim(FIVE "redirects: { hops: 0 }\n", "F:6:20: redirects.hops: 0 is outside of 1 to 7\n");
    claim(FIVE "redirects: { realm_redirect: [relay], hosts: [\"a..b\"] }\n",
          "F:6:31: redirects.realm_redirect[0]: no request is of the application `relay`\n"
          "F:6:47: redirects.hosts[0]: `a..b` is no name of a host or realm, nor \"*.\" and such a "
          "name, nor \"*\"\n");
}
