/* link_base.c — capabilities as client and as server, DWR, DPR and their answers. RFC 6733
 * §5.3–§5.5.
 *
 * No watchdog of RFC 3539 in full: a generator needs to answer one, and to notice a peer that is
 * gone. */
#include "bench/link_base.h"

#include <netinet/in.h>
#include <stdio.h>

#include "bench/link_kind.h"

#include "proto/base.h"

enum { BASE_ROOM = 4096 };

uint64_t link_patience(const struct link *link)
{
    return link->setup->handshake ? link->setup->handshake : 5 * LOOP_SECOND;
}

static void wait_for(struct link *link, uint64_t time)
{
    loop_timer_at(link->loop, &link->timer, link->loop->now + time);
}

static void link_opened(struct link *link)
{
    link->state = LINK_OPEN;
    link->heard = true;
    if (link->setup->watchdog)
        wait_for(link, link->setup->watchdog);
    else
        loop_timer_stop(link->loop, &link->timer);
    link->setup->events.on_open(link);
}

/* ---- capabilities ---- */

static struct dm_addresses local_addresses(const struct link *link,
                                           struct sockaddr_storage local[LINK_ADDRESSES_MAX])
{
    struct dm_addresses addresses = {.count = link->kind->local(link, local)};
    for (size_t i = 0; i < addresses.count; i++) {
        const void *at = &local[i];
        addresses.at[i] = local[i].ss_family == AF_INET6
                              ? dm_bytes_of(&((const struct sockaddr_in6 *)at)->sin6_addr, 16)
                              : dm_bytes_of(&((const struct sockaddr_in *)at)->sin_addr, 4);
    }
    return addresses;
}

void link_send_cer(struct link *link)
{
    struct sockaddr_storage local[LINK_ADDRESSES_MAX];
    struct dm_addresses addresses = local_addresses(link, local);
    uint8_t *to = link_room(link, BASE_ROOM);
    uint32_t id = ++link->common;
    link_commit(link, dm_cer_write(to, BASE_ROOM, link->self, &link->setup->applications,
                                   &addresses, id, id));
}

static void link_know(struct link *link, const struct dm_caps *caps)
{
    snprintf(link->peer_host, sizeof(link->peer_host), "%.*s", (int)caps->origin_host.size,
             (const char *)caps->origin_host.at);
    snprintf(link->peer_realm, sizeof(link->peer_realm), "%.*s", (int)caps->origin_realm.size,
             (const char *)caps->origin_realm.at);
}

/* RFC 6733 §5.2: has the peer shown a certificate, it is for who he says he is. */
static bool is_impostor(const struct link *link, const struct dm_caps *caps)
{
    return link->kind->denies && link->kind->denies(link, caps->origin_host);
}

static enum dm_result caps_accept(const struct link *link, struct dm_caps *caps, dm_bytes message,
                                  struct dm_fault *fault)
{
    enum dm_result wrong = dm_check(message, (struct dm_strictness){false}, fault);
    if (!wrong)
        wrong = dm_caps_read(caps, message, fault);
    if (!wrong && !dm_applications_common(&caps->applications, &link->setup->applications))
        wrong = DM_NO_COMMON_APPLICATION;
    if (!wrong && is_impostor(link, caps))
        wrong = DM_UNKNOWN_PEER;
    return wrong;
}

static void take_cer(struct link *link, const struct dm_header *header, dm_bytes message)
{
    struct dm_caps caps = {.result_code = 0};
    struct dm_fault fault = {.result = DM_OK};
    struct sockaddr_storage local[LINK_ADDRESSES_MAX];
    struct dm_addresses addresses = local_addresses(link, local);
    enum dm_result wrong = caps_accept(link, &caps, message, &fault);
    uint8_t *to = link_room(link, BASE_ROOM);
    link_commit(link, dm_cea_write(to, BASE_ROOM, link->self, &link->setup->applications,
                                   &addresses, header, wrong ? wrong : DM_SUCCESS, &fault));
    if (!wrong) {
        link_know(link, &caps);
        link_opened(link);
        return;
    }
    snprintf(link->why, sizeof(link->why), "CER refused with %u", (unsigned)wrong);
    link->state = LINK_CLOSING; /* the CEA leaves, then the peer or the timer closes */
    wait_for(link, LOOP_SECOND);
}

static void take_cea(struct link *link, dm_bytes message)
{
    struct dm_caps caps = {.result_code = 0};
    struct dm_fault fault;
    struct dm_avp avp;
    char why[160];
    if (dm_avp_find(message, 0, DM_AVP_RESULT_CODE, &avp))
        (void)dm_avp_get32(&avp, &link->refused); /* stays 0, which is not 2001 */
    if (link->refused != DM_SUCCESS) {
        const char *name = dm_result_name(link->refused);
        snprintf(why, sizeof(why), "CEA with Result-Code %u %s", link->refused, name ? name : "");
        link_close(link, why);
        return;
    }
    link->refused = 0;
    enum dm_result wrong = dm_caps_read(&caps, message, &fault);
    if (wrong) {
        snprintf(why, sizeof(why), "a CEA that cannot be read (%u)", (unsigned)wrong);
        link_close(link, why);
        return;
    }
    link_know(link, &caps);
    if (is_impostor(link, &caps)) {
        snprintf(why, sizeof(why), "its certificate does not speak for %.100s", link->peer_host);
        link_close(link, why);
        return;
    }
    link_opened(link);
}

/* ---- watchdog and disconnect ---- */

static void base_answer(struct link *link, const struct dm_header *header, enum dm_result result)
{
    uint8_t *to = link_room(link, BASE_ROOM);
    link_commit(link, dm_base_answer_write(to, BASE_ROOM, link->self, header, result, NULL));
}

void link_disconnect(struct link *link, uint32_t cause)
{
    if (link->state != LINK_OPEN) {
        if (link->state != LINK_CLOSING)
            link_close(link, "given up");
        return;
    }
    uint8_t *to = link_room(link, BASE_ROOM);
    uint32_t id = ++link->common;
    link_commit(link,
                dm_dpr_write(to, BASE_ROOM, link->self, (enum dm_disconnect_cause)cause, id, id));
    link->state = LINK_CLOSING;
    wait_for(link, 2 * LOOP_SECOND); /* some close without a DPA, some say nothing */
}

static void take_dpr(struct link *link, const struct dm_header *header)
{
    base_answer(link, header, DM_SUCCESS);
    link->state = LINK_CLOSING; /* who asked closes; the timer is for one that does not */
    wait_for(link, LOOP_SECOND);
}

static void take_base(struct link *link, const struct dm_header *header)
{
    bool request = dm_header_is_request(header);
    if (header->command == DM_DISCONNECT_PEER && request)
        take_dpr(link, header);
    else if (header->command == DM_DISCONNECT_PEER && link->state == LINK_CLOSING)
        link_close(link, "disconnected");
    else if (header->command == DM_DEVICE_WATCHDOG && request)
        base_answer(link, header, DM_SUCCESS);
}

/* While closing, what was asked before is still answered to the owner: he may have waited for it.
 */
void link_base_message(struct link *link, const struct dm_header *header, dm_bytes message)
{
    bool request = dm_header_is_request(header);
    bool capabilities = header->command == DM_CAPABILITIES_EXCHANGE;
    if (link->state == LINK_WAIT_CER && capabilities && request)
        take_cer(link, header, message);
    else if (link->state == LINK_WAIT_CEA && capabilities && !request)
        take_cea(link, message);
    else if (link->state == LINK_WAIT_CER || link->state == LINK_WAIT_CEA)
        link_close(link, "a message before the capabilities were exchanged");
    else if (dm_command_is_base(header->command))
        take_base(link, header);
    else if (link->state == LINK_CLOSING)
        link->setup->events.on_message(link, header, message);
}

void link_tick(struct link *link)
{
    if (link->state == LINK_CLOSING) {
        link_close(link, "disconnected");
        return;
    }
    if (link->state != LINK_OPEN) {
        link_close(link, link->state == LINK_CONNECTING
                             ? "no connection in time"
                             : "no answer to the capabilities exchange in time");
        return;
    }
    if (!link->heard && link->asked) {
        link_close(link, "no answer to the watchdog");
        return;
    }
    link->asked = !link->heard;
    if (link->asked) {
        uint8_t *to = link_room(link, BASE_ROOM);
        uint32_t id = ++link->common;
        link_commit(link, dm_dwr_write(to, BASE_ROOM, link->self, id, id));
    }
    link->heard = false;
    wait_for(link, link->setup->watchdog);
}
