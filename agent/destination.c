/* destination.c — one AVP is cut out, another put in. */
#include "agent/destination.h"

#include <assert.h>

#include "proto/avp.h"

enum { NAME_ROOM = 8 + 256 };

/* An AVP that holds a name, with its padding. */
static dm_bytes make(uint8_t room[NAME_ROOM], uint32_t code, dm_bytes name)
{
    struct dm_writer writer;
    dm_writer_init(&writer, room, NAME_ROOM);
    dm_write_avp(&writer, 0, code, DM_AVP_MANDATORY, name);
    assert(!writer.overflow);
    return dm_bytes_of(room, (size_t)(writer.at - room));
}

/* Puts `insert` in the place of the AVP, or at the end where there is none; false: there is none.
 */
static bool cut(struct dm_splice *splice, dm_bytes message, uint32_t code, dm_bytes insert)
{
    struct dm_avp avp;
    bool is_there = dm_avp_find(message, 0, code, &avp);
    *splice = (struct dm_splice){.offset = message.size, .insert = insert};
    if (is_there) {
        splice->offset = (size_t)(avp.whole.at - message.at);
        splice->remove = dm_padded(avp.whole.size);
    }
    return is_there;
}

static struct image *carry_out(struct memory *memory, dm_bytes message,
                               const struct dm_splice *splices, size_t count)
{
    size_t room = message.size + NAME_ROOM;
    struct image *image = memory_image_room(memory, room);
    image->size = (uint32_t)dm_message_splice(image->octets, room, message, splices, count);
    if (image->size)
        return image;
    image->size = (uint32_t)room; /* longer than a message may be */
    memory_image_free(memory, image);
    return NULL;
}

struct image *destination_with_host(struct memory *memory, dm_bytes message, dm_bytes host)
{
    uint8_t room[NAME_ROOM];
    struct dm_splice splice;
    (void)cut(&splice, message, DM_AVP_DESTINATION_HOST, make(room, DM_AVP_DESTINATION_HOST, host));
    return carry_out(memory, message, &splice, 1);
}

struct image *destination_with_realm(struct memory *memory, dm_bytes message, dm_bytes realm)
{
    uint8_t room[NAME_ROOM];
    struct dm_splice splices[2];
    dm_bytes avp = make(room, DM_AVP_DESTINATION_REALM, realm);
    if (!cut(&splices[0], message, DM_AVP_DESTINATION_REALM, avp))
        return NULL;
    if (!cut(&splices[1], message, DM_AVP_DESTINATION_HOST, dm_bytes_of(NULL, 0)))
        return carry_out(memory, message, splices, 1);
    if (splices[0].offset > splices[1].offset) {
        struct dm_splice later = splices[0];
        splices[0] = splices[1];
        splices[1] = later;
    }
    return carry_out(memory, message, splices, 2);
}
