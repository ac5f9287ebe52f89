/* load_push.c — the SIP server's side of RTR, PPR and ASR: it agrees. RFC 4740 §8.9–§8.12,
 * RFC 6733 §8.5, 29.229 §6.1.9–§6.1.12. */
#include "bench/load.h"

#include "proto/base.h"

static bool is_push(uint32_t command)
{
    return command == SIP_RTR || command == SIP_PPR || command == SIP_ASR || command == CX_RTR ||
           command == CX_PPR;
}

/* Session-Id, the application and Auth-Session-State as they came; every Proxy-Info goes back (RFC
 * 6733 §6.2). */
static void echo(struct dm_writer *writer, dm_bytes request)
{
    struct dm_avps walk = dm_avps_of(request);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if (avp.vendor == 0 &&
            (avp.code == DM_AVP_SESSION_ID || avp.code == DM_AVP_AUTH_APPLICATION_ID ||
             avp.code == DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID ||
             avp.code == DM_AVP_AUTH_SESSION_STATE || avp.code == DM_AVP_PROXY_INFO))
            dm_write_raw(writer, avp.whole);
}

static size_t agree(const struct load_port *port, uint8_t *to, size_t room,
                    const struct dm_header *header, dm_bytes request)
{
    struct dm_header answer = *header;
    struct dm_writer writer;
    answer.flags = header->flags & DM_FLAG_PROXIABLE;
    dm_writer_init(&writer, to, room);
    dm_write_header(&writer, &answer);
    echo(&writer, request);
    dm_write32(&writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, DM_SUCCESS);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, port->self.origin_host);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, port->self.origin_realm);
    return dm_writer_finish(&writer);
}

/* Whom is it about? */
static void tell_player(struct load_port *port, dm_bytes message)
{
    const struct load_world *world = port->thread->world;
    struct dm_avp avp;
    uint32_t user;
    if (world->player->pushed && dm_avp_find(message, 0, DM_AVP_USER_NAME, &avp) &&
        name_user_index(avp.data, dm_text(world->options->destination_realm), &user))
        world->player->pushed(port->thread, user);
}

void load_push(struct load_port *port, const struct dm_header *header, dm_bytes message)
{
    const struct dm_error unsupported = {.result = DM_COMMAND_UNSUPPORTED, .error_bit = true};
    size_t room = message.size + 1024;
    uint8_t *to = link_room(&port->link, room);
    size_t size = is_push(header->command)
                      ? agree(port, to, room, header, message)
                      : dm_error_write(to, room, &port->self, message, &unsupported);
    link_commit(&port->link, size);
    port->thread->tally[1].pushes++;
    if (is_push(header->command))
        tell_player(port, message);
}
