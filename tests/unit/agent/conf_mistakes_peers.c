/* conf_mistakes_peers.c — what is wrong with listeners, peers and what they may send. */
#include "conf_claims.h"

Test(conf_mistakes_peers, a_listener_given_twice_is_refused)
{
    claim("version: 1\nidentity: a.b\nrealm: b\nroutes: []\nlisten:\n"
          "  - { transport: tcp, address: 127.0.0.1 }\n"
          "  - { transport: tcp, address: 127.0.0.1, port: 3868 }\n",
          "F:7:5: listen[1]: the same as listen[0]\n");
}

Test(conf_mistakes_peers, somebody_must_be_listened_to)
{
    claim("version: 1\nidentity: a.b\nrealm: b\nroutes: []\nlisten: []\n",
          "F:5:9: listen: 1 to 64 listeners are wanted here\n");
}

Test(conf_mistakes_peers, cleartext_beyond_loopback_can_be_refused)
{
    claim("version: 1\nidentity: a.b\nrealm: b\nroutes: []\ncleartext: refuse\n"
          "listen: [{ transport: tcp, address: 10.0.0.1 }]\n"
          "peers: [{ identity: h1, connect: { transport: tcp, address: 10.0.0.2 } }]\n",
          "F:6:37: listen[0].address: beyond loopback without TLS, which `cleartext: refuse` "
          "forbids\n"
          "F:7:61: peers[0].connect.address: beyond loopback without TLS, which `cleartext: "
          "refuse` forbids\n");
}

Test(conf_mistakes_peers, a_peer_given_twice_is_refused_whatever_its_case)
{
    claim(FIVE "peers:\n  - { identity: h1.example.net }\n  - { identity: H1.example.net }\n",
          "F:8:17: peers[1].identity: `h1.example.net` is given twice, first in line 7\n");
}

Test(conf_mistakes_peers, the_agent_is_not_its_own_peer)
{
    claim(FIVE "peers: [{ identity: DRA1.example.net }]\n",
          "F:6:21: peers[0].identity: is the agent's own\n");
}

Test(conf_mistakes_peers, a_pattern_cannot_be_dialled)
{
    claim(FIVE "peers:\n  - identity: \"*.example.net\"\n"
               "    connect: { transport: tcp, address: 127.0.0.1 }\n",
          "F:8:14: peers[0].connect: a pattern cannot be dialled: it names no host\n");
}

Test(conf_mistakes_peers, a_star_stands_for_whole_labels_only)
{
    claim(FIVE "peers: [{ identity: \"h*.example.net\" }]\n",
          "F:6:21: peers[0].identity: `h*.example.net` is no name of a host or realm, nor \"*.\" "
          "and such a name, nor \"*\"\n");
}

Test(conf_mistakes_peers, networks_have_a_prefix_that_fits)
{
    claim(FIVE
          "peers: [{ identity: \"*\", from: [10.0.0.0/33, \"fd00::/129\", home, \"::1/\"] }]\n",
          "F:6:33: peers[0].from[0]: `10.0.0.0/33` is no network: an IP address, or one with "
          "/prefix\n"
          "F:6:46: peers[0].from[1]: `fd00::/129` is no network: an IP address, or one with "
          "/prefix\n"
          "F:6:60: peers[0].from[2]: `home` is no network: an IP address, or one with /prefix\n"
          "F:6:66: peers[0].from[3]: `::1/` is no network: an IP address, or one with /prefix\n");
}

Test(conf_mistakes_peers, what_the_program_has_once_is_not_set_for_one_peer)
{
    claim(FIVE "peers: [{ identity: h1, limits: { memory: 1GiB } }]\n",
          "F:6:43: peers[0].limits.memory: not built yet: for one peer; it is the whole "
          "program's\n");
}

Test(conf_mistakes_peers, what_a_screen_holds_must_mean_something)
{
    claim(FIVE
          "peers:\n  - identity: h1\n    screen: { origin_realms: [], commands: [LIR, 16777216] }\n"
          "    applications: [relay]\n    rate: { burst: 5 }\n",
          "F:8:30: peers[0].screen.origin_realms: no realm at all; left out: any\n"
          "F:8:45: peers[0].screen.commands[0]: `LIR`: a name wants `applications`; its code would "
          "do\n"
          "F:8:50: peers[0].screen.commands[1]: `16777216` is no command code: they have 24 bits\n"
          "F:9:19: peers[0].applications: no request is of the application `relay`\n"
          "F:10:11: peers[0].rate.requests: is missing\n");
    claim(FIVE "peers:\n  - { identity: h1, screen: { commands: [LIR, 285] } }\n",
          "F:7:42: peers[0].screen.commands[0]: `LIR`: a name wants `applications`; its code would "
          "do\n");
}
