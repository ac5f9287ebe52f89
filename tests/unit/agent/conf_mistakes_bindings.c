/* conf_mistakes_bindings.c — what is wrong with `users.bindings`. */
#include "conf_claims.h"

Test(conf_mistakes_bindings, bindings_have_room_and_a_time_to_live)
{
    claim(FIVE "users: { bindings: { lifetime: 10ms, capacity: 1 } }\n",
          "F:6:32: users.bindings.lifetime: 10ms is outside of 1s to 365d\n"
          "F:6:48: users.bindings.capacity: 1 is outside of 16 to 100000000\n");
}

#define REDIS(keys) FIVE "users: { bindings: { store: redis, " keys " } }\n"

Test(conf_mistakes_bindings, bindings_in_redis_need_to_know_where)
{
    claim(REDIS("nodes: [ '127.0.0.1:6379' ]"), "");
    claim(REDIS("nodes: [ '10.0.0.1:6379', '[fd00::1]:6380' ], cluster: true, timeout: 5ms"), "");
    claim(FIVE "users: { bindings: { store: redis } }\n",
          "F:6:20: users.bindings.nodes: is missing: `store: redis` needs to know where\n");
    claim(REDIS("nodes: []"), "F:6:43: users.bindings.nodes: 1 to 32 nodes are wanted here\n");
    claim(REDIS("nodes: [ '10.0.0.1:1', '10.0.0.2:1' ]"),
          "F:6:43: users.bindings.nodes: several nodes are a cluster: say `cluster: true`\n");
    claim(REDIS("nodes: [ '10.0.0.1:1' ], timeout: 0ms"),
          "F:6:70: users.bindings.timeout: 0ms is outside of 1ms to 10s\n");
}

Test(conf_mistakes_bindings, a_node_is_an_address_with_a_port)
{
    static const char *const bad[] = {
        "redis.example:6379", "10.0.0.1",        "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536",
        "::1:6379",           "[10.0.0.1]:6379", "[]:1",      ":1"};
    char text[300], wrong[300];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, REDIS("nodes: [ '%s' ]"), bad[i]);
        snprintf(wrong, sizeof wrong,
                 "F:6:45: users.bindings.nodes[0]: `%s` is no IP address with a port, like "
                 "192.0.2.1:6379\n",
                 bad[i]);
        claim(text, wrong);
    }
}

Test(conf_mistakes_bindings, a_password_is_the_first_line_of_its_file)
{
    claim(REDIS("nodes: [ '127.0.0.1:1' ], password_file: none"), "");
    claim(
        REDIS("nodes: [ '127.0.0.1:1' ], password_file: /dev/null"),
        "F:6:77: users.bindings.password_file: /dev/null: a line of 1 to 512 characters is wanted "
        "there\n");
    claim(REDIS("nodes: [ '127.0.0.1:1' ], password_file: /no/where"),
          "F:6:77: users.bindings.password_file: /no/where: No such file or directory\n");
}

Test(conf_mistakes_bindings, keys_of_redis_say_nothing_of_a_memory)
{
    claim(FIVE "users: { bindings: { timeout: 20ms } }\n",
          "F:6:31: users.bindings.timeout: is for `store: redis`\n");
}
