/* load_push.c — the SIP server's side of RTR, PPR and ASR: it agrees, unless a flow refuses. RFC
 * 4740 §8.9–§8.12, RFC 6733 §8.5, 29.229 §6.1.9–§6.1.12. */
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

static void write_result(struct dm_writer *writer, const struct dm_header *header,
                         struct load_reply reply)
{
    if (header->application != CX_APPLICATION || !reply.experimental) {
        dm_write32(writer, 0, DM_AVP_RESULT_CODE, DM_AVP_MANDATORY, reply.result);
        return;
    }
    size_t group = dm_write_group(writer, 0, DM_AVP_EXPERIMENTAL_RESULT, DM_AVP_MANDATORY);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, CX_VENDOR);
    dm_write32(writer, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, DM_AVP_MANDATORY, reply.experimental);
    dm_write_group_end(writer, group);
}

static size_t write_reply(const struct load_port *port, uint8_t *to, size_t room,
                          const struct load_pushed *push, struct load_reply reply)
{
    struct dm_header answer = *push->header;
    struct dm_writer writer;
    answer.flags = push->header->flags & DM_FLAG_PROXIABLE;
    dm_writer_init(&writer, to, room);
    dm_write_header(&writer, &answer);
    echo(&writer, push->message);
    write_result(&writer, push->header, reply);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, port->self.origin_host);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, port->self.origin_realm);
    return dm_writer_finish(&writer);
}

/* Whom is it about, and who has waited for it? */
static uint32_t ask_player(struct load_port *port, const struct load_pushed *push,
                           struct load_reply *reply)
{
    const struct load_world *world = port->thread->world;
    struct dm_avp avp;
    uint32_t user;
    if (!world->player->pushed || !dm_avp_find(push->message, 0, DM_AVP_USER_NAME, &avp) ||
        !name_user_index(avp.data, dm_text(world->options->destination_realm), &user))
        return LOAD_NOBODY;
    return world->player->pushed(port->thread, user, push, reply);
}

static void refuse(struct load_port *port, dm_bytes message)
{
    const struct dm_error unsupported = {.result = DM_COMMAND_UNSUPPORTED, .error_bit = true};
    size_t room = message.size + 1024;
    uint8_t *to = link_room(&port->link, room);
    link_commit(&port->link, dm_error_write(to, room, &port->self, message, &unsupported));
}

void load_push(struct load_port *port, const struct dm_header *header, dm_bytes message)
{
    const struct load_pushed push = {header, message};
    struct load_reply reply = {.result = DM_SUCCESS};
    port->thread->tally[1].pushes++;
    if (!is_push(header->command)) {
        refuse(port, message);
        return;
    }
    uint32_t unit = ask_player(port, &push, &reply);
    size_t room = message.size + 1024;
    uint8_t *to = link_room(&port->link, room);
    link_commit(&port->link, write_reply(port, to, room, &push, reply));
    if (unit != LOAD_NOBODY)
        port->thread->world->player->replied(port->thread, unit);
}
