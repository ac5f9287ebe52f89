/* hss_push.c — requests that an HSS begins: to whom, when, and what their answers mean. RFC 4740
 * §8.9–§8.12, §6.7; RFC 6733 §8.5.
 *
 * They go to SIP servers that were heard of: each request teaches its Origin-Host and the
 * connection it came by. A SIP server that refuses a profile is left with RTR. */
#include "bench/hss_station.h"

#include "bench/names.h"

#define OWNER(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

enum { PUSH_INTERVAL_MS = 10, PUSH_DRAWS = 16, PUSH_STEPS = 4096 };

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

/* ---- sending ---- */

/* False where it did: somebody was quicker. */
static bool forget(struct hss *hss, uint32_t user)
{
    struct hss_user was = hss_user_read(&hss->users, user);
    do
        if (!was.registered)
            return false;
    while (!hss_user_write(&hss->users, user, &was, (struct hss_user){0}));
    if (hss->on_change)
        hss->on_change(hss->change_context, user);
    return true;
}

static void await_answer(struct pusher *pusher, const struct push_request *request)
{
    pusher->pending[request->identifier % PUSH_PENDING] =
        (struct push_pending){request->kind, request->identifier, request->user};
}

/* The registration ends when the RTR is sent, whatever the SIP server says to it. */
static bool push_to(struct station *station, uint32_t host, struct push_request request)
{
    const struct push_target *target = choose_target(&station->pusher, host);
    struct station_link *link = target ? station_find(station, target->whither) : NULL;
    const struct hss *hss = station->hss;
    if (!link || (request.kind == HSS_PUSH_RTR && !forget(station->hss, request.user)))
        return false;
    request.hss = hss;
    request.is_cx = target->application == CX_APPLICATION;
    request.host = hss_texts_at(&hss->texts, target->host);
    request.realm = hss_texts_at(&hss->texts, target->realm);
    request.by_realm = station->options->push_by_realm;
    request.identifier = ++station->pusher.identifier;
    uint8_t *to = link_room(&link->link, PUSH_ROOM);
    link_commit(&link->link, push_request_write(&request, to));
    await_answer(&station->pusher, &request);
    station->pusher.sent++;
    return true;
}

static bool push_one(struct station *station)
{
    struct push_request request = {.kind = station->pusher.kind};
    if (request.kind == HSS_PUSH_ASR) {
        request.session = take_session(&station->pusher);
        if (!request.session)
            return false;
        request.user = request.session->user;
        return push_to(station, request.session->host, request);
    }
    return choose_user(station, &request.user) &&
           push_to(station, hss_user_read(&station->hss->users, request.user).host, request);
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

/* ---- answers ---- */

/* The result, of vendor 10415 where `experimental` is set; 0 where there is none. */
static uint32_t result_of(dm_bytes answer, bool *experimental)
{
    struct dm_avp avp, code;
    uint32_t result = 0;
    bool plain = dm_avp_find(answer, 0, DM_AVP_RESULT_CODE, &code);
    *experimental = !plain && dm_avp_find(answer, 0, DM_AVP_EXPERIMENTAL_RESULT, &avp) &&
                    dm_avp_find_in(avp.data, 0, DM_AVP_EXPERIMENTAL_RESULT_CODE, &code);
    if (!plain && !*experimental)
        return 0;
    return dm_avp_get32(&code, &result) && result < HSS_CODES ? result : 0;
}

static bool is_refusal(uint32_t result, bool experimental)
{
    return experimental
               ? result == 5008 || result == 5009
               : result == DM_ERROR_TOO_MUCH_DATA || result == DM_ERROR_NOT_SUPPORTED_USER_DATA;
}

/* RFC 4740 §8.12: a SIP server that cannot hold the profile is replaced. RFC 6733 §8.5.2: one that
 * does not know the session does not serve its user. */
static void push_consequence(struct station *station, const struct push_pending *push,
                             uint32_t result, bool experimental)
{
    if (push->kind == HSS_PUSH_PPR && is_refusal(result, experimental))
        (void)push_to(station, hss_user_read(&station->hss->users, push->user).host,
                      (struct push_request){.kind = HSS_PUSH_RTR,
                                            .user = push->user,
                                            .reason = SIP_SERVER_CHANGE}); /* unless he is gone */
    else if (push->kind == HSS_PUSH_ASR && !experimental && result == DM_UNKNOWN_SESSION_ID)
        (void)forget(station->hss, push->user); /* he may have gone by himself */
}

void push_answered(struct station *station, const struct dm_header *header, dm_bytes answer)
{
    struct pusher *pusher = &station->pusher;
    bool experimental;
    uint32_t result = result_of(answer, &experimental);
    struct push_pending *at = &pusher->pending[header->hop_by_hop % PUSH_PENDING];
    const struct push_pending push = *at;
    pusher->answered++;
    (experimental ? pusher->by_experimental : pusher->by_result)[result]++;
    if (push.kind == HSS_PUSH_NONE || push.identifier != header->hop_by_hop)
        return;
    at->kind = HSS_PUSH_NONE;
    push_consequence(station, &push, result, experimental);
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
