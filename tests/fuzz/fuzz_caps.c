/* fuzz_caps.c — a stranger's first message, and answers to whatever it was.
 *
 * The octets are taken as they are and as a CER and a CEA: dm_check and dm_caps_read must stay
 * inside them, and what dm_check and dm_caps_read show of a fault must make an answer that can be
 * read. */
#include <assert.h>
#include <stdlib.h>

#include "proto/base.h"

static const struct dm_self self = {
    .origin_host = {(const uint8_t *)"m.agent.example", 15},
    .origin_realm = {(const uint8_t *)"agent.example", 13},
    .product_name = "Antipode",
    .firmware_revision = 1,
    .origin_state_id = 42,
};

static void read_answer(const uint8_t *answer, size_t size, size_t room)
{
    if (size == 0)
        return;
    assert(size <= room && size % 4 == 0 && dm_get24(answer + 1) == size);
    assert(answer[0] == DM_VERSION && !(answer[4] & (DM_FLAG_REQUEST | DM_FLAG_RETRANSMIT)));
    struct dm_avps walk = dm_avps_of(dm_bytes_of(answer, size));
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp)) {
        struct dm_avps inner = dm_avps_in(avp.data);
        struct dm_avp offender;
        while (avp.code == DM_AVP_FAILED_AVP && dm_avps_next(&inner, &offender))
            ;
        assert(!inner.error);
    }
    assert(!walk.error);
}

static void answer(dm_bytes message, enum dm_result result, const struct dm_fault *fault)
{
    static const struct dm_addresses addresses = {1, {{(const uint8_t *)"\177\0\0\1", 4}}};
    struct dm_applications advertise = {.relay = true};
    dm_applications_add(&advertise, 16777216);
    struct dm_header header;
    dm_header_read(&header, message.at);
    size_t room = message.size + 1024;
    uint8_t *to = malloc(room);
    assert(to);
    size_t size = dm_cea_write(to, room, &self, &advertise, &addresses, &header, result, fault);
    assert(size);
    read_answer(to, size, room);
    size = dm_base_answer_write(to, 640, &self, &header, result, fault);
    assert(size);
    read_answer(to, size, room);
    struct dm_error error = {.result = result,
                             .experimental_vendor = message.size % 3 ? 0 : 10415,
                             .fault = fault,
                             .message = "wrong",
                             .error_bit = true,
                             .echo_application = message.size % 2};
    size = dm_error_write(to, room, &self, message, &error);
    assert(size);
    read_answer(to, size, room);
    free(to);
}

static void examine(dm_bytes message)
{
    struct dm_strictness strictness[] = {{0}, {true, true, true, true}};
    for (size_t i = 0; i < 2; i++) {
        struct dm_fault fault = {0};
        struct dm_caps caps;
        enum dm_result wrong = dm_check(message, strictness[i], &fault);
        if (wrong == DM_OK)
            wrong = dm_caps_read(&caps, message, &fault);
        answer(message, wrong ? wrong : DM_SUCCESS, wrong ? &fault : NULL);
        struct dm_fault again = {0};
        (void)dm_caps_read(&caps, message, &again);
    }
}

/* The message in memory of its own size, so that a sanitizer sees any octet too far. */
static void examine_as(const uint8_t *data, size_t size, uint32_t command, uint8_t flags)
{
    uint8_t *copy = malloc(size);
    assert(copy);
    memcpy(copy, data, size);
    if (command) {
        copy[4] = flags;
        dm_put24(copy + 5, command);
    }
    examine(dm_bytes_of(copy, size));
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < DM_HEADER_SIZE || size > 65536)
        return 0;
    examine_as(data, size, 0, 0);
    examine_as(data, size, DM_CAPABILITIES_EXCHANGE, DM_FLAG_REQUEST);
    examine_as(data, size, DM_CAPABILITIES_EXCHANGE, 0);
    return 0;
}
