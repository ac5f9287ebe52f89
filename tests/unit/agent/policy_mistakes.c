/* policy_mistakes.c — every mistake in policies is named with its place. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "agent/conf/conf.h"

#define BEFORE                                                                                     \
    "version: 1\nidentity: m.agent.example\nrealm: agent.example\n"                                \
    "listen: [{ transport: tcp, address: 127.0.0.1 }]\n"                                           \
    "peers: [{ identity: s1.core.example }]\n"                                                     \
    "pools: [{ name: core, members: [{ peer: s1.core.example }] }]\n"

static void claim_file(const char *file, const char *expected)
{
    char *complaints = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&complaints, &length);
    conf_free(conf_load_octets("F", file, strlen(file), to));
    fclose(to);
    cr_assert_str_eq(complaints, expected);
    free(complaints);
}

/* Line 8; the policy begins in column 12. */
static void claim(const char *policy, const char *expected)
{
    char file[2048];
    snprintf(file, sizeof file,
             BEFORE "routes: [{ name: r, realm: \"*\", action: proxy, pool: core }]\n"
                    "policies: [{ name: p, %s }]\n",
             policy);
    claim_file(file, expected);
}

static void claim_route(const char *route, const char *expected)
{
    char file[2048];
    snprintf(file, sizeof file,
             BEFORE "policies: [{ name: tidy, do: [{ remove: DRMP }] }]\n"
                    "routes: [{ name: r, realm: \"*\", %s }]\n",
             route);
    claim_file(file, expected);
}

Test(policy_mistakes, a_policy_has_a_name_of_its_own_and_does_something)
{
    claim("do: [] }, { name: p, do: [{ remove: DRMP }]",
          "F:8:27: policies[0].do: at least one action is wanted here\n"
          "F:8:41: policies[1].name: `p` is given twice, first in line 8\n");
    claim("apply_to: request", "F:8:12: policies[0].do: is missing\n");
    claim("apply_to: requests, do: [{ remove: DRMP }]",
          "F:8:33: policies[0].apply_to: `requests` is none of: request, answer, both\n");
}

Test(policy_mistakes, an_AVP_that_is_not_known_is_named_with_the_nearest)
{
    claim("do: [{ remove: Destination-Hots }]",
          "F:8:38: policies[0].do[0].remove: `Destination-Hots` is no AVP known by name; did you "
          "mean `Destination-Host`?\n");
    claim("do: [{ remove: Q }]",
          "F:8:38: policies[0].do[0].remove: `Q` is no AVP known by name; \"CODE\" or "
          "\"VENDOR:CODE\" would do\n");
    claim("do: [{ remove: \"1:x\" }]",
          "F:8:38: policies[0].do[0].remove: `1:x` is neither CODE nor VENDOR:CODE\n");
}

Test(policy_mistakes, only_groups_have_AVPs_in_them)
{
    claim("do: [{ remove: User-Name/SIP-AOR }]",
          "F:8:38: policies[0].do[0].remove: `User-Name` is no group\n");
    claim("do: [{ remove: \"9:9/9:9/9:9/9:9/9:9/9:9/9:9/9:9/9:9\" }]",
          "F:8:38: policies[0].do[0].remove: more than 8 deep\n");
}

Test(policy_mistakes, a_condition_asks_one_thing)
{
    claim("when: [{ avp: DRMP }], do: [{ remove: DRMP }]",
          "F:8:30: policies[0].when[0]: one of `present`, `matches` and `not` is wanted here\n");
    claim("when: [{ avp: DRMP, matches: \"1*\", not: /2/ }], do: [{ remove: DRMP }]",
          "F:8:30: policies[0].when[0]: one of `present`, `matches` and `not` is wanted here\n");
    claim("when: [{ present: true }], do: [{ remove: DRMP }]",
          "F:8:30: policies[0].when[0].avp: is missing\n");
    claim("when: [{ avp: DRMP, present: maybe }], do: [{ remove: DRMP }]",
          "F:8:52: policies[0].when[0].present: true or false is wanted here, not `maybe`\n");
}

Test(policy_mistakes, patterns_are_compiled_when_they_are_read)
{
    claim("when: [{ avp: DRMP, matches: \"/(/\" }], do: [{ remove: DRMP }]",
          "F:8:52: policies[0].when[0].matches: `/(/`: a \"(\" without its \")\"\n");
    claim("when: [{ avp: DRMP, not: /x }], do: [{ remove: DRMP }]",
          "F:8:48: policies[0].when[0].not: `/x` begins as an expression, but does not end with a "
          "slash\n");
}

Test(policy_mistakes, values_fit_the_type_of_their_AVP)
{
    claim("do: [{ set: DRMP, to: ten }]",
          "F:8:45: policies[0].do[0].to: DRMP wants a whole number, not `ten`\n");
    claim("do: [{ set: Origin-Host, to: a b }]",
          "F:8:52: policies[0].do[0].to: `a b` is no name of a host or realm\n");
    claim("do: [{ set: Host-IP-Address, to: 10.0.0 }]",
          "F:8:56: policies[0].do[0].to: Host-IP-Address wants an IP address, not `10.0.0`\n");
    claim("do: [{ set: Redirect-Host, to: h1 }]",
          "F:8:54: policies[0].do[0].to: `h1` is no DiameterURI: aaa://… or aaas://…\n");
    claim("do: [{ set: Failed-AVP, to: 0x00 }]",
          "F:8:51: policies[0].do[0].to: `0x00` are no AVPs\n");
    claim("do: [{ set: \"1:2\", to: 0x0 }]",
          "F:8:46: policies[0].do[0].to: it wants pairs of hexadecimal digits behind 0x, not "
          "`0x0`\n");
}

Test(policy_mistakes, an_action_is_one_of_five_with_what_belongs_to_it)
{
    claim("do: [{ to: 1 }]", "F:8:28: policies[0].do[0]: one of `set`, `add`, `remove`, `replace` "
                             "and `reject` is wanted here\n");
    claim("do: [{ remove: DRMP, add: SIP-AOR, to: 1 }]",
          "F:8:28: policies[0].do[0]: one of `set`, `add`, `remove`, `replace` and `reject` is "
          "wanted here\n");
    claim("do: [{ add: DRMP }]", "F:8:28: policies[0].do[0].to: is missing: `add` needs it\n");
    claim("do: [{ remove: DRMP, to: 5 }]",
          "F:8:48: policies[0].do[0].to: `remove` has no use for it\n");
    claim("do: [{ add: DRMP, to: 5, message: x }]",
          "F:8:57: policies[0].do[0].message: `add` has no use for it\n");
}

Test(policy_mistakes, a_type_is_for_AVPs_that_have_none)
{
    claim("do: [{ add: DRMP, type: octets, to: x }]",
          "F:8:47: policies[0].do[0].type: `type` is for AVPs that are not known: `DRMP` has its "
          "own\n");
    claim("do: [{ add: \"1:2\", type: text, to: x }]",
          "F:8:48: policies[0].do[0].type: `text` is none of: octets, utf8, identity, uri, "
          "integer32, integer64, unsigned32, unsigned64, float32, float64, enumerated, time, "
          "address, grouped\n");
}

Test(policy_mistakes, only_text_is_replaced_and_by_groups_that_there_are)
{
    claim("do: [{ replace: DRMP, matches: /1/, by: x }]",
          "F:8:39: policies[0].do[0].replace: only text can be replaced\n");
    claim("do: [{ replace: \"1:2\", matches: /1/, by: x }]",
          "F:8:28: policies[0].do[0].type: is missing: nothing is known of this AVP\n");
    claim("do: [{ replace: SIP-AOR, matches: x, by: x }]",
          "F:8:57: policies[0].do[0].matches: an expression between slashes is wanted here, not "
          "`x`\n");
    claim("do: [{ replace: SIP-AOR, matches: /(a)/, by: '\\2' }]",
          "F:8:68: policies[0].do[0].by: `\\2`: refers to a group that the pattern does not "
          "have\n");
    claim("do: [{ replace: SIP-AOR, matches: /a/ }]",
          "F:8:28: policies[0].do[0].by: is missing: `replace` needs it\n");
}

Test(policy_mistakes, a_rejection_is_a_failure_and_the_last_action)
{
    static const char wanted[] = "F:8:38: policies[0].do[0].reject: a Result-Code from 3000 to "
                                 "5999 is wanted here, or \"VENDOR:CODE\", not `%s`\n";
    static const char *const codes[] = {"2001",       "6000",           "\"0:5004\"",
                                        "\"10415:\"", "\"10415:2001\"", "x"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char policy[64];
        char expected[256];
        char bare[32];
        snprintf(bare, sizeof bare, "%s", codes[i] + (*codes[i] == '"'));
        bare[strcspn(bare, "\"")] = '\0';
        snprintf(policy, sizeof policy, "do: [{ reject: %s }]", codes[i]);
        snprintf(expected, sizeof expected, wanted, bare);
        claim(policy, expected);
    }
    claim("do: [{ reject: 5003 }, { remove: DRMP }]",
          "F:8:46: policies[0].do: what follows a `reject` is never done\n");
}

Test(policy_mistakes, an_answer_is_not_rejected_with_a_protocol_error)
{
    claim("apply_to: both, do: [{ reject: 3004 }]",
          "F:8:43: policies[0].do: an answer is not rejected with a protocol error (3xxx): 4xxx, "
          "5xxx or \"VENDOR:CODE\"\n");
    claim("apply_to: answer, do: [{ reject: \"10415:3001\" }]", "");
}

Test(policy_mistakes, a_route_names_policies_that_there_are_and_is_a_proxy)
{
    claim_route("action: proxy, pool: core, policies: [tidy]", "");
    claim_route("action: proxy, pool: core, policies: [tdiy]",
                "F:8:71: routes[0].policies[0]: there is no policy `tdiy`; did you mean `tidy`?\n");
    claim_route("action: relay, pool: core, policies: [tidy]",
                "F:8:70: routes[0].policies: only a route with `action: proxy` has any\n");
    claim_route("action: reject, result: 3003, policies: [tidy]",
                "F:8:73: routes[0].policies: only a route with `action: proxy` has any\n");
    claim_route("action: proxy", "F:8:10: routes[0].pool: is missing: `action: proxy` needs one\n");
}

Test(policy_mistakes, PXY_01_a_proxy_that_would_advertise_nothing_is_a_mistake)
{
    claim_route("application: 4, action: proxy, pool: core",
                "F:1:1: advertise: is missing: the routes are for other applications than sip, cx "
                "and sh\n");
    claim_file("advertise: [sip]\n" BEFORE
               "routes: [{ name: r, realm: \"*\", application: cx, action: proxy, pool: core }]\n",
               "F:1:12: advertise: nothing is left: no route is for any of them\n");
    claim_file("advertise: [sip, 4]\n" BEFORE
               "routes: [{ name: r, realm: \"*\", application: 4, action: proxy, pool: core }]\n",
               "");
}
