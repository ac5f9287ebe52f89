/* hss.c — the front door: a request is read, judged, perhaps maltreated, and handed to its handler.
 */
#include "bench/hss_turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void hss_init(struct hss *hss, uint32_t users, bool registered)
{
    char server[300];
    hss_texts_init(&hss->texts);
    hss_users_init(&hss->users, users, hss->self.origin_realm);
    if (getrandom(&hss->nonce_secret, sizeof(hss->nonce_secret), 0) < 0)
        abort();
    if (!registered)
        return;
    snprintf(server, sizeof(server), "sip:server.%.*s", (int)hss->self.origin_realm.size,
             (const char *)hss->self.origin_realm.at);
    hss_users_register_all(&hss->users, hss_texts_number(&hss->texts, dm_text(server)));
}

void hss_fini(struct hss *hss)
{
    hss_users_fini(&hss->users);
    hss_texts_fini(&hss->texts);
}

/* ---- what every answer has behind its Session-Id, made once ---- */

enum { HEAD_SIP, HEAD_CX, HEAD_NONE };

static void write_application(struct dm_writer *writer, size_t application)
{
    if (application == HEAD_SIP)
        dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, SIP_APPLICATION);
    if (application != HEAD_CX)
        return;
    size_t group =
        dm_write_group(writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, DM_AVP_MANDATORY);
    dm_write32(writer, 0, DM_AVP_VENDOR_ID, DM_AVP_MANDATORY, CX_VENDOR);
    dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, DM_AVP_MANDATORY, CX_APPLICATION);
    dm_write_group_end(writer, group);
}

/* `kept`: the client wants session state (0 STATE_MAINTAINED), and is promised it. */
static void make_head(struct hss_worker *worker, size_t application, size_t kept)
{
    const struct dm_self *self = &worker->hss->self;
    struct dm_writer writer;
    dm_writer_init(&writer, worker->heads[application][kept], sizeof(worker->heads[0][0]));
    write_application(&writer, application);
    if (application != HEAD_NONE)
        dm_write32(&writer, 0, DM_AVP_AUTH_SESSION_STATE, DM_AVP_MANDATORY, kept ? 0 : 1);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, self->origin_host);
    dm_write_avp(&writer, 0, DM_AVP_ORIGIN_REALM, DM_AVP_MANDATORY, self->origin_realm);
    worker->head_sizes[application][kept] = (size_t)(writer.at - writer.start);
}

bool hss_worker_init(struct hss_worker *worker, struct hss *hss, uint64_t seed)
{
    *worker = (struct hss_worker){.hss = hss, .random = hss->nonce_secret ^ seed << 48};
    for (size_t application = 0; application < 3; application++) {
        make_head(worker, application, 0);
        make_head(worker, application, 1);
    }
    return digest_init(&worker->digest);
}

void hss_worker_fini(struct hss_worker *worker)
{
    digest_fini(&worker->digest);
}

/* ---- one request ---- */

static void (*const handlers[])(struct hss_turn *) = {
#define COMMAND(application, code, name, handler, required) handler,
#include "bench/hss_commands.def"
#undef COMMAND
};

static bool chance(struct hss_worker *worker, double percent)
{
    return percent > 0 && (double)(hss_random(worker) >> 11) * 0x1p-53 * 100 < percent;
}

/* Most spell us as we do; only others pay for the comparison that ignores case. */
static bool is_same(dm_bytes identity, dm_bytes ours)
{
    return dm_bytes_equal(identity, ours) || dm_identity_equal(identity, ours);
}

/* Is it meant for us? RFC 6733 §6.1.4: a server delivers to nobody else. */
static enum dm_result check_destination(const struct hss_turn *turn)
{
    const struct hss_request *request = turn->request;
    const struct dm_self *self = &turn->hss->self;
    if (hss_has(request, HSS_DESTINATION_HOST) &&
        !is_same(request->data[HSS_DESTINATION_HOST], self->origin_host))
        return DM_UNABLE_TO_DELIVER;
    if (!is_same(request->data[HSS_DESTINATION_REALM], self->origin_realm))
        return DM_REALM_NOT_SERVED;
    return DM_OK;
}

static void answer_bad(struct hss_turn *turn, enum dm_result wrong)
{
    turn->worker->counts.bad++;
    hss_turn_fault(turn, wrong);
}

static void answer_ours(struct hss_turn *turn)
{
    const struct hss_policy *policy = &turn->hss->policy;
    enum dm_result wrong = check_destination(turn);
    turn->worker->fault.avp = (dm_bytes){0};
    if (wrong)
        answer_bad(turn, wrong);
    else if (chance(turn->worker, policy->busy))
        hss_turn_code(turn, 0, DM_TOO_BUSY);
    else if (chance(turn->worker, policy->fail))
        hss_turn_code(turn, policy->fail_vendor, policy->fail_code);
    else if (policy->redirects)
        hss_redirect(turn);
    else
        handlers[turn->request->command](turn);
}

/* RFC 6733 §6.2: every Proxy-Info, in order. */
static void echo_proxy_info(struct hss_turn *turn)
{
    struct dm_avps walk = dm_avps_of(turn->request->message);
    struct dm_avp avp;
    if (!hss_has(turn->request, HSS_PROXY_INFO))
        return;
    while (dm_avps_next(&walk, &avp))
        if (avp.code == DM_AVP_PROXY_INFO && avp.vendor == 0)
            dm_write_raw(&turn->out, avp.whole);
}

size_t hss_answer(struct hss_worker *worker, const struct dm_header *header, dm_bytes message,
                  uint8_t *to)
{
    struct hss_request request;
    struct hss_turn turn = {.worker = worker, .hss = worker->hss, .request = &request};
    enum dm_result wrong = hss_request_read(&request, header, message, &worker->fault);
    worker->counts.requests++;
    worker->counts.retransmitted += (header->flags & DM_FLAG_RETRANSMIT) != 0;
    worker->counts.by_command[request.command]++;
    if (chance(worker, worker->hss->policy.silent)) {
        worker->counts.silent++;
        return 0;
    }
    dm_writer_init(&turn.out, to, hss_answer_room(message.size));
    if (wrong)
        answer_bad(&turn, wrong);
    else
        answer_ours(&turn);
    echo_proxy_info(&turn);
    return dm_writer_finish(&turn.out);
}
