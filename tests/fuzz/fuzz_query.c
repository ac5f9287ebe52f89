/* fuzz_query.c — any octets with a header: the query's slices lie inside them, and so does what it
 * asks of them. */
#include <assert.h>

#include "routing/identity.h"

static void assert_inside(dm_bytes slice, dm_bytes message)
{
    if (slice.at)
        assert(slice.at >= message.at && slice.at + slice.size <= message.at + message.size);
}

static void assert_consistent(const struct rt_query *query, enum dm_result result,
                              const struct dm_fault *fault)
{
    assert_inside(query->session_id, query->message);
    assert_inside(query->origin_host, query->message);
    assert_inside(query->origin_realm, query->message);
    assert_inside(query->destination_host, query->message);
    assert_inside(query->destination_realm, query->message);
    assert_inside(query->user_name, query->message);
    assert_inside(query->public_identity, query->message);
    assert_inside(query->user_identity, query->message);
    assert_inside(query->sip_method, query->message);
    assert(result == DM_OK || fault->result == result);
    assert(result != DM_OK || !query->loops);
}

static void ask(const struct rt_query *query)
{
    static const char core[] = "core.example";
    dm_bytes domain = dm_text(core);
    struct rt_domains domains = {1, &domain, NULL};
    struct rt_key key;
    rt_key_of(&key, query, &domains);
    assert(key.size <= RT_KEY_MAX && (key.size > 0 || query->session_id.size == 0));
    bool has_passed = rt_query_has_passed(query, domain);
    assert(!has_passed || query->route_records > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < DM_HEADER_SIZE)
        return 0;
    struct rt_query query;
    struct dm_fault fault = {0};
    bool refuse_reserved_bits = data[0] & 0x80;
    enum dm_result result = rt_query_read(&query, dm_bytes_of(data, size),
                                          dm_text("m.agent.example"), refuse_reserved_bits, &fault);
    assert_consistent(&query, result, &fault);
    if (result == DM_OK)
        ask(&query);
    return 0;
}
