/* explain.c — a request, step by step. */
#include "agent/explain.h"

#include <stdlib.h>

#include "proto/dict.h"
#include "routing/reasons.h"

/* Lines of a pool's members are the most there can be: 255 of less than 200 octets. */
enum { REASONS_ROOM = 64 * 1024 };

enum explain_kind explain_kind_of(const struct explain_message *message)
{
    if (dm_command_is_base(message->header.command))
        return EXPLAIN_NEIGHBOURS;
    return dm_header_is_request(&message->header) ? EXPLAIN_REQUEST : EXPLAIN_ANSWER;
}

/* --- what it is --- */

static void write_head(const struct dm_header *header, FILE *to)
{
    const struct dm_command_info *command = dm_dict_command(header->application, header->command);
    const struct dm_application_info *application = dm_dict_application(header->application);
    fprintf(to, "request: command %u", header->command);
    if (command)
        fprintf(to, " (%s)", command->request);
    fprintf(to, ", application %u", header->application);
    if (application)
        fprintf(to, " (%s)", application->name);
    fprintf(to, ", %u octets\n", header->length);
}

/* The identity of a peer and, where that is a pattern, the row that lets it in. */
static void write_peer(const struct rehearsal *rehearsal, rt_peer peer, FILE *to)
{
    const struct conf_peer *row = rehearsal_row(rehearsal, peer);
    fputs(rehearsal->peers[peer.slot].identity, to);
    if (row == &rehearsal->stranger)
        fputs(", a stranger", to);
    else if (row->is_pattern)
        fprintf(to, ", let in by %s", row->identity);
}

static void write_origin(const struct rehearsal *rehearsal, rt_peer from, bool is_guess, FILE *to)
{
    fputs("from: ", to);
    if (from.generation)
        write_peer(rehearsal, from, to);
    else
        fputs("nobody in particular", to);
    fputs(is_guess ? " (its Origin-Host)\n" : "\n", to);
}

static void write_name(dm_bytes message, uint32_t code, const char *what, FILE *to)
{
    struct dm_avp avp;
    if (dm_avp_find(message, 0, code, &avp))
        fprintf(to, "%s%s\n", what, rt_show(avp.data).text);
}

static void write_host(struct rehearsal *rehearsal, dm_bytes message, FILE *to)
{
    struct dm_avp avp;
    rt_peer host;
    if (!dm_avp_find(message, 0, DM_AVP_DESTINATION_HOST, &avp))
        return;
    fputs("host: ", to);
    if (rehearsal_find_known(rehearsal, avp.data, &host))
        write_peer(rehearsal, host, to);
    else
        fputs(rt_show(avp.data).text, to);
    fputs("\n", to);
}

/* --- where it goes --- */

static void write_reasons(const struct rt_reasons *reasons, FILE *to)
{
    for (const char *at = reasons->text; *at; at += strcspn(at, "\n") + 1)
        fprintf(to, "  %.*s\n", (int)strcspn(at, "\n"), at);
}

static void write_result(uint32_t vendor, enum dm_result result, FILE *to)
{
    const char *name =
        vendor ? dm_experimental_name(vendor, (uint32_t)result) : dm_result_name((uint32_t)result);
    fputs("verdict: answered ", to);
    if (vendor)
        fprintf(to, "%u:", vendor);
    fprintf(to, "%d%s%s", (int)result, name ? " " : "", name ? name : "");
}

static void write_verdict(const struct rehearsal_outcome *outcome, FILE *to)
{
    if (outcome->is_forwarded)
        fprintf(to, "verdict: forwarded to %s", outcome->peer);
    else
        write_result(outcome->vendor, outcome->result, to);
    if (outcome->is_fixed)
        fputs(", its Destination-Host", to);
    else if (outcome->route)
        fprintf(to, ", route %s (%s)", outcome->route->name,
                rehearsal_action_name(outcome->route->action));
    if (outcome->pool)
        fprintf(to, ", pool %s", outcome->pool->name);
    if (!outcome->is_forwarded && outcome->peer)
        fprintf(to, ", to %s", outcome->peer);
    fputs("\n", to);
}

/* A request that was not relayed before comes from the peer that it names itself. */
static bool guess_origin(struct rehearsal *rehearsal, dm_bytes message, rt_peer *from)
{
    struct dm_avp avp;
    if (dm_avp_find(message, 0, DM_AVP_ROUTE_RECORD, &avp) ||
        !dm_avp_find(message, 0, DM_AVP_ORIGIN_HOST, &avp))
        return false;
    return rehearsal_find_known(rehearsal, avp.data, from);
}

static void decide(struct rehearsal *rehearsal, dm_bytes message, rt_peer from, FILE *to)
{
    struct rt_reasons reasons = {.text = calloc(1, REASONS_ROOM), .room = REASONS_ROOM};
    if (reasons.text == NULL)
        abort();
    struct rehearsal_outcome outcome = rehearsal_decide(rehearsal, message, from, &reasons);
    write_reasons(&reasons, to);
    write_verdict(&outcome, to);
    if (!outcome.is_forwarded && !outcome.route && outcome.result == DM_REALM_NOT_SERVED &&
        rehearsal->conf->dns.discovers_realms)
        fputs("note: DNS would be asked first, who serves this realm\n", to);
    free(reasons.text);
}

/* What a connection refuses before anything is read of the AVPs. HDR-05, RFC 6733 §7.1.5. */
static void explain_refused(enum dm_frame frame, FILE *to)
{
    bool is_version = frame == DM_FRAME_BAD_VERSION;
    fprintf(to, "  answer %d: %s\n",
            is_version ? DM_UNSUPPORTED_VERSION : DM_INVALID_MESSAGE_LENGTH,
            is_version ? "another version of Diameter"
                       : "no multiple of 4, or larger than limits.message_size");
    write_result(0, is_version ? DM_UNSUPPORTED_VERSION : DM_INVALID_MESSAGE_LENGTH, to);
    fputs(", and the connection is closed\n", to);
}

void explain_request(struct rehearsal *rehearsal, const struct explain_message *message,
                     rt_peer from, FILE *to)
{
    write_head(&message->header, to);
    if (message->frame != DM_FRAME_MESSAGE) {
        explain_refused(message->frame, to);
        return;
    }
    bool is_guess = !from.generation && guess_origin(rehearsal, message->octets, &from);
    write_origin(rehearsal, from, is_guess, to);
    write_name(message->octets, DM_AVP_DESTINATION_REALM, "realm: ", to);
    write_host(rehearsal, message->octets, to);
    decide(rehearsal, message->octets, from, to);
}
