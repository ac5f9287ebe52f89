/* hss_push.c — requests that an HSS begins: RTR ends registrations, PPR brings profiles, ASR asks
 * to end a session. RFC 4740 §8.9, §8.11, §6.7; RFC 6733 §8.5.
 *
 * They go to SIP servers that were heard of: each request teaches its Origin-Host and the
 * connection it came by. */
#include "bench/hss_station.h"

#include "bench/names.h"

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

enum { PUSH_INTERVAL_MS = 10, PUSH_ROOM = 8192, PUSH_DRAWS = 16, PUSH_STEPS = 4096 };

/* ---- whom to push to ---- */

static struct push_target *target_of(struct pusher *pusher, uint32_t host)
{
    for (uint32_t i = 0; i < 8; i++) {
        struct push_target *target = &pusher->targets[(host + i) % PUSH_TARGETS];
        if (target->host == host || target->host == 0)
            return target;
    }
    return NULL;
}

static bool begins_session(const struct dm_header *header, dm_bytes request)
{
    struct dm_avp state, type;
    return header->application == SIP_APPLICATION && header->command == SIP_SAR &&
           dm_avp_find(request, 0, DM_AVP_AUTH_SESSION_STATE, &state) && state.data.size == 4 &&
           dm_get32(state.data.at) == 0 &&
           dm_avp_find(request, 0, SIP_SERVER_ASSIGNMENT_TYPE, &type) && type.data.size == 4 &&
           dm_get32(type.data.at) <= SIP_UNREGISTERED_USER;
}

/* Kept in order: the oldest is asked to end first. */
static void learn_session(struct station *station, const struct dm_header *header, dm_bytes request,
                          uint32_t host)
{
    struct pusher *pusher = &station->pusher;
    struct dm_avp id, name;
    uint32_t user;
    if (pusher->session_count == PUSH_SESSIONS || !begins_session(header, request) ||
        !dm_avp_find(request, 0, DM_AVP_SESSION_ID, &id) ||
        id.data.size > sizeof(pusher->sessions->id) ||
        !dm_avp_find(request, 0, DM_AVP_USER_NAME, &name) ||
        !name_user_index(name.data, station->hss->users.realm, &user) ||
        user >= station->hss->users.count)
        return;
    uint32_t at = (pusher->first_session + pusher->session_count++) % PUSH_SESSIONS;
    struct push_session *session = &pusher->sessions[at];
    *session = (struct push_session){.user = user, .host = host, .size = (uint16_t)id.data.size};
    memcpy(session->id, id.data.at, id.data.size);
}

static const struct push_session *take_session(struct pusher *pusher)
{
    if (pusher->session_count == 0)
        return NULL;
    const struct push_session *session = &pusher->sessions[pusher->first_session];
    pusher->first_session = (pusher->first_session + 1) % PUSH_SESSIONS;
    pusher->session_count--;
    return session;
}

void push_learn(struct station_link *link, const struct dm_header *header, dm_bytes request)
{
    struct hss_texts *texts = &link->station->hss->texts;
    struct dm_avp host, realm;
    if (!dm_avp_find(request, 0, DM_AVP_ORIGIN_HOST, &host) ||
        !dm_avp_find(request, 0, DM_AVP_ORIGIN_REALM, &realm))
        return;
    uint32_t number = hss_texts_number(texts, host.data);
    struct push_target *target = number ? target_of(&link->station->pusher, number) : NULL;
    if (target)
        *target = (struct push_target){.host = number,
                                       .realm = hss_texts_number(texts, realm.data),
                                       .application = header->application,
                                       .whither = station_whither(link)};
    if (target && link->station->pusher.kind == HSS_PUSH_ASR)
        learn_session(link->station, header, request, number);
}

/* Who serves the user, or whoever is next. */
static const struct push_target *choose_target(struct pusher *pusher, uint32_t host)
{
    struct push_target *target = host ? target_of(pusher, host) : NULL;
    if (target && target->host)
        return target;
    for (uint32_t i = 0; i < PUSH_TARGETS; i++) {
        target = &pusher->targets[pusher->next_target++ % PUSH_TARGETS];
        if (target->host)
            return target;
    }
    return NULL;
}

/* Somebody registered: by a few draws, else the next one from the last draw on. False where there
 * is none among thousands: who pushes shows that the user is his, so nobody else is named. */
static bool choose_user(struct station *station, uint32_t *index)
{
    const struct hss_users *users = &station->hss->users;
    for (size_t i = 0; i < PUSH_DRAWS + PUSH_STEPS; i++) {
        uint64_t to = i < PUSH_DRAWS ? hss_random(&station->worker) : *index + UINT64_C(1);
        *index = (uint32_t)(to % users->count);
        if (hss_user_read(users, *index).registered)
            return true;
    }
    return false;
}

/* ---- the requests ---- */

static void write_session_id(struct dm_writer *writer, const struct station *station)
{
    char text[400];
    int size = snprintf(text, sizeof(text), "%.*s;%u;%u", (int)station->hss->self.origin_host.size,
                        (const char *)station->hss->self.origin_host.at,
                        (unsigned)station->hss->self.origin_state_id, station->pusher.identifier);
    dm_write_avp(writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY, dm_bytes_of(text, (size_t)size));
}

static void write_application(struct dm_writer *writer, bool is_cx)
{
    if (!is_cx) {
        dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, SIP_APPLICATION);
        return;
    }
    size_t group =
        dm_write_group(writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, DM_AVP_MANDATORY);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, CX_VENDOR);
    dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, CX_APPLICATION);
    dm_write_group_end(writer, group);
}

static void write_routing(struct dm_writer *writer, const struct station *station,
                          const struct push_target *target)
{
    const struct hss *hss = station->hss;
    dm_write32(writer, 0, DM_AVP_AUTH_SESSION_STATE, DM_AVP_MANDATORY,
               station->pusher.kind != HSS_PUSH_ASR);
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, hss->self.origin_host);
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, hss->self.origin_realm);
    dm_write_avp(writer, 0, DM_AVP_DESTINATION_REALM, DM_AVP_MANDATORY,
                 hss_texts_at(&hss->texts, target->realm));
    dm_write_avp(writer, 0, DM_AVP_DESTINATION_HOST, DM_AVP_MANDATORY,
                 hss_texts_at(&hss->texts, target->host));
}

/* PERMANENT_TERMINATION: the registration is gone. */
static void write_termination(struct dm_writer *writer, bool is_cx, dm_bytes aor)
{
    uint32_t vendor = is_cx ? CX_VENDOR : 0;
    dm_write_avp(writer, vendor, is_cx ? CX_PUBLIC_IDENTITY : SIP_AOR, DM_AVP_MANDATORY, aor);
    size_t group =
        dm_write_group(writer, vendor, is_cx ? CX_DEREGISTRATION_REASON : SIP_DEREGISTRATION_REASON,
                       DM_AVP_MANDATORY);
    dm_write32(writer, vendor, is_cx ? CX_REASON_CODE : SIP_REASON_CODE, DM_AVP_MANDATORY, 0);
    dm_write_group_end(writer, group);
}

static void write_profile(struct dm_writer *writer, bool is_cx)
{
    static const char profile[] = "<IMSSubscription/>";
    if (is_cx) {
        dm_write_text(writer, CX_VENDOR, CX_USER_DATA, DM_AVP_MANDATORY, profile);
        return;
    }
    size_t group = dm_write_group(writer, 0, SIP_USER_DATA, DM_AVP_MANDATORY);
    dm_write_text(writer, 0, SIP_USER_DATA_TYPE, DM_AVP_MANDATORY, "application/3gpp-ims+xml");
    dm_write_text(writer, 0, SIP_USER_DATA_CONTENTS, DM_AVP_MANDATORY, profile);
    dm_write_group_end(writer, group);
}

static uint32_t command_of(enum hss_push kind, bool is_cx)
{
    if (kind == HSS_PUSH_ASR)
        return SIP_ASR;
    if (kind == HSS_PUSH_RTR)
        return is_cx ? CX_RTR : SIP_RTR;
    return is_cx ? CX_PPR : SIP_PPR;
}

/* What is said beside User-Name. */
static void write_what(struct dm_writer *writer, const struct station *station, uint32_t user,
                       bool is_cx)
{
    char aor[NAME_SIZE_MAX];
    if (station->pusher.kind == HSS_PUSH_RTR)
        write_termination(writer, is_cx,
                          dm_bytes_of(aor, name_aor(aor, user, station->hss->users.realm)));
    if (station->pusher.kind == HSS_PUSH_PPR)
        write_profile(writer, is_cx);
}

/* `session`: the one that an ASR is about; NULL: one of our own. */
static size_t write_push(struct station *station, const struct push_target *target, uint32_t user,
                         const struct push_session *session, uint8_t *to)
{
    struct dm_writer writer;
    char name[NAME_SIZE_MAX];
    bool is_cx = target->application == CX_APPLICATION;
    uint32_t identifier = ++station->pusher.identifier;
    const struct dm_header header = {.version = DM_VERSION,
                                     .flags = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE,
                                     .command = command_of(station->pusher.kind, is_cx),
                                     .application = is_cx ? CX_APPLICATION : SIP_APPLICATION,
                                     .hop_by_hop = identifier,
                                     .end_to_end = identifier};
    dm_writer_init(&writer, to, PUSH_ROOM);
    dm_write_header(&writer, &header);
    if (session)
        dm_write_avp(&writer, 0, DM_AVP_SESSION_ID, DM_AVP_MANDATORY,
                     dm_bytes_of(session->id, session->size));
    else
        write_session_id(&writer, station);
    write_application(&writer, is_cx);
    write_routing(&writer, station, target);
    dm_write_avp(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY,
                 dm_bytes_of(name, name_user(name, user, station->hss->users.realm)));
    write_what(&writer, station, user, is_cx);
    return dm_writer_finish(&writer);
}

/* The registration ends when the RTR is sent, whatever the SIP server says to it. */
static void forget(struct hss *hss, uint32_t user)
{
    struct hss_user was = hss_user_read(&hss->users, user);
    while (!hss_user_write(&hss->users, user, &was, (struct hss_user){0}))
        continue;
    if (hss->on_change)
        hss->on_change(hss->change_context, user);
}

static bool push_to(struct station *station, uint32_t host, uint32_t user,
                    const struct push_session *session)
{
    const struct push_target *target = choose_target(&station->pusher, host);
    struct station_link *link = target ? station_find(station, target->whither) : NULL;
    if (!link)
        return false;
    uint8_t *to = link_room(&link->link, PUSH_ROOM);
    link_commit(&link->link, write_push(station, target, user, session, to));
    station->pusher.sent++;
    return true;
}

static bool push_one(struct station *station)
{
    uint32_t user;
    if (station->pusher.kind == HSS_PUSH_ASR) {
        const struct push_session *session = take_session(&station->pusher);
        return session && push_to(station, session->host, session->user, session);
    }
    if (!choose_user(station, &user) ||
        !push_to(station, hss_user_read(&station->hss->users, user).host, user, NULL))
        return false;
    if (station->pusher.kind == HSS_PUSH_RTR)
        forget(station->hss, user);
    return true;
}

static void on_push(struct loop_timer *timer)
{
    struct station *station = OWNER(struct station, pusher.timer, timer);
    struct pusher *pusher = &station->pusher;
    uint64_t now = station->loop.now;
    double due = (double)(now - pusher->since) * pusher->rate / 1e9;
    uint64_t sent = 0;
    while ((double)sent + 1 <= due && push_one(station))
        sent++;
    /* What could not be sent is not made up for: nobody was there to take it. */
    bool all = (double)sent + 1 > due;
    pusher->since = all && pusher->rate > 0
                        ? pusher->since + (uint64_t)((double)sent * 1e9 / pusher->rate)
                        : now;
    loop_timer_at(&station->loop, timer, now + PUSH_INTERVAL_MS * LOOP_MS);
}

void push_answered(struct station *station, dm_bytes answer)
{
    struct pusher *pusher = &station->pusher;
    struct dm_avp avp;
    uint32_t code = 0;
    pusher->answered++;
    if (dm_avp_find(answer, 0, DM_AVP_RESULT_CODE, &avp) && dm_avp_get32(&avp, &code) &&
        code < HSS_CODES)
        pusher->by_result[code]++;
}

void push_init(struct station *station)
{
    const struct hss_options *options = station->options;
    struct pusher *pusher = &station->pusher;
    if (!options->push || station->hss->users.count == 0)
        return;
    pusher->kind = options->push;
    pusher->rate = options->push_rate / options->threads;
    pusher->identifier = (uint32_t)hss_random(&station->worker);
    pusher->since = loop_clock();
    pusher->timer.fire = on_push;
    loop_timer_at(&station->loop, &pusher->timer, pusher->since + PUSH_INTERVAL_MS * LOOP_MS);
}
