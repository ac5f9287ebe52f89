/* fuzz_message.c — any octets as a message: walked, entered, dumped, copied and spliced, as the
 * agent does. */
#include "proto/dict.h"
#include "proto/dump.h"
#include "proto/msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { DEPTH_MAX = 16, SIZE_MAX_TRIED = 1 << 16 };

/* What is broken here is a bug, sanitizer or not. */
static void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static void read_value(const struct dm_avp *avp)
{
    uint32_t small;
    uint64_t large;
    int64_t seconds;
    uint16_t family;
    dm_bytes address;
    claim(!dm_avp_get32(avp, &small) || avp->data.size == 4);
    claim(!dm_avp_get64(avp, &large) || avp->data.size == 8);
    claim(!dm_avp_get_time(avp, &seconds) || (seconds >= -61505152 && seconds <= 4233462143));
    claim(!dm_avp_get_address(avp, &family, &address) || address.size == 4 || address.size == 16);
    if (dm_identity_is_valid(avp->data)) {
        claim(dm_identity_equal(avp->data, avp->data));
        claim(dm_identity_compare(avp->data, avp->data) == 0);
    }
}

/* Walks a chain and every group in it; all slices lie in the chain, one behind the other. */
static void walk_chain(dm_bytes chain, int depth)
{
    struct dm_avps walk = dm_avps_in(chain);
    struct dm_avp avp;
    const uint8_t *next = chain.at;
    while (dm_avps_next(&walk, &avp)) {
        claim(avp.whole.at == next && avp.data.at + avp.data.size == next + avp.whole.size);
        next += dm_padded(avp.whole.size);
        claim(next <= chain.at + chain.size);
        read_value(&avp);
        const struct dm_avp_info *info = dm_dict_avp(avp.vendor, avp.code);
        if (info && info->type == DM_TYPE_GROUPED && depth < DEPTH_MAX)
            walk_chain(avp.data, depth + 1);
    }
    claim(!walk.error || walk.failed.at == next);
    claim((walk.error ? next + walk.failed.size : next) == chain.at + chain.size);
}

static void dump(dm_bytes message)
{
    size_t length = dm_dump(NULL, 0, message);
    char *text = malloc(length + 1);
    claim(text && dm_dump(text, length + 1, message) == length && strlen(text) == length);
    claim(dm_dump(text, length / 2, message) == length);
    free(text);
}

/* Takes out each AVP in turn, and puts it in again: the message is as it was. */
static void splice(dm_bytes message, uint8_t *to, uint8_t *back)
{
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    for (int i = 0; i < 8 && dm_avps_next(&walk, &avp); i++) {
        size_t offset = (size_t)(avp.whole.at - message.at);
        dm_bytes padded = dm_bytes_of(avp.whole.at, dm_padded(avp.whole.size));
        struct dm_splice out = {offset, padded.size, dm_bytes_of("", 0)};
        struct dm_splice in = {offset, 0, padded};
        size_t less = dm_message_splice(to, message.size, message, &out, 1);
        if (less == 0)
            return; /* the length is no multiple of 4 */
        claim(less == message.size - padded.size && dm_get24(to + 1) == less);
        size_t size = dm_message_splice(back, message.size, dm_bytes_of(to, less), &in, 1);
        claim(size == message.size && memcmp(back + 4, message.at + 4, size - 4) == 0);
    }
}

/* A well-formed chain that is written again is the same, but for padding and the unused flag bits.
 */
static void write_again(dm_bytes message, uint8_t *to)
{
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    struct dm_writer writer;
    struct dm_header header;
    dm_writer_init(&writer, to, message.size);
    dm_header_read(&header, message.at);
    dm_write_header(&writer, &header);
    while (dm_avps_next(&walk, &avp))
        dm_write_avp(&writer, avp.vendor, avp.code, avp.flags, avp.data);
    dm_write_raw(&writer, walk.failed);
    claim(writer.overflow || dm_writer_finish(&writer) <= message.size);
}

static void forward(dm_bytes message, uint8_t *to)
{
    uint8_t record[DM_ROUTE_RECORD_MAX];
    dm_bytes host = dm_bytes_of(message.at, message.size < 255 ? message.size : 255);
    dm_bytes made = dm_bytes_of(record, dm_route_record_make(record, host));
    claim(dm_request_forward(to, message, 7, true, made) == message.size + made.size);
    claim(dm_get32(to + 12) == 7);
    dm_answer_forward(to, message, 9);
    claim(dm_get32(to + 12) == 9 && !(to[4] & DM_FLAG_RETRANSMIT));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    struct dm_avp avp;
    dm_bytes message = dm_bytes_of(octets, size);
    if (size > SIZE_MAX_TRIED)
        return 0;
    dump(message);
    (void)dm_avp_find(message, 0, DM_AVP_DESTINATION_HOST, &avp);
    if (size < DM_HEADER_SIZE)
        return 0;
    uint8_t *to = malloc(size + DM_ROUTE_RECORD_MAX);
    uint8_t *back = malloc(size);
    claim(to && back);
    walk_chain(dm_bytes_of(octets + DM_HEADER_SIZE, size - DM_HEADER_SIZE), 1);
    splice(message, to, back);
    write_again(message, to);
    forward(message, to);
    free(to);
    free(back);
    return 0;
}
