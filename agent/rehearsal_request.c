/* rehearsal_request.c — the octets of a request that was described. */
#include "agent/rehearsal_request.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/conf/key.h"

enum { COMMAND_MAX = 0xffffff, FIXED_ROOM = 512, ROOM_OF_AVP = 256 };

static bool is_given(const struct rehearsal_request *request, uint32_t code)
{
    for (size_t i = 0; i < request->avp_count; i++)
        if (avp_text_names(request->avps[i].name, code))
            return true;
    return false;
}

static void write_text(struct dm_writer *writer, uint32_t code, const char *text)
{
    if (text)
        dm_write_text(writer, 0, code, DM_AVP_MANDATORY, text);
}

/* The realm of its row, or what stands behind the first dot of its name. */
static const char *realm_of(const struct rehearsal *rehearsal, const char *identity)
{
    int row = conf_peer_for(rehearsal->conf, dm_text(identity), NULL);
    if (row >= 0 && rehearsal->conf->peers[row].realm)
        return rehearsal->conf->peers[row].realm;
    const char *dot = strchr(identity, '.');
    return dot ? dot + 1 : identity;
}

static void write_session(struct dm_writer *writer, const struct rehearsal_request *request)
{
    char session[FIXED_ROOM / 2];
    snprintf(session, sizeof session, "%.200s;1;1", request->from ? request->from : "rehearsal");
    write_text(writer, DM_AVP_SESSION_ID, session);
}

static void write_origin(struct dm_writer *writer, const struct rehearsal *rehearsal,
                         const struct rehearsal_request *request)
{
    if (request->from && !is_given(request, DM_AVP_ORIGIN_HOST))
        write_text(writer, DM_AVP_ORIGIN_HOST, request->from);
    if (request->from && !is_given(request, DM_AVP_ORIGIN_REALM))
        write_text(writer, DM_AVP_ORIGIN_REALM, realm_of(rehearsal, request->from));
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) : 0;
}

static size_t room_for(const struct rehearsal_request *request)
{
    size_t room = 2 * FIXED_ROOM + 2 * size_of(request->from) + size_of(request->realm) +
                  size_of(request->host);
    for (size_t i = 0; i < request->avp_count; i++)
        room += ROOM_OF_AVP + strlen(request->avps[i].value);
    return room < DM_LENGTH_MAX ? room : DM_LENGTH_MAX;
}

static void write_head(struct dm_writer *writer, const struct rehearsal *rehearsal,
                       const struct rehearsal_request *request)
{
    struct dm_header header = {.version = DM_VERSION,
                               .flags = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE,
                               .command = request->command,
                               .application = request->application,
                               .hop_by_hop = 1,
                               .end_to_end = 1};
    dm_write_header(writer, &header);
    if (!is_given(request, DM_AVP_SESSION_ID))
        write_session(writer, request);
    write_origin(writer, rehearsal, request);
    write_text(writer, DM_AVP_DESTINATION_REALM, request->realm);
    write_text(writer, DM_AVP_DESTINATION_HOST, request->host);
}

uint8_t *rehearsal_request_write(const struct rehearsal *rehearsal,
                                 const struct rehearsal_request *request, size_t *size,
                                 size_t *wrong, char why[AVP_TEXT_WHY])
{
    size_t room = room_for(request);
    uint8_t *octets = malloc(room);
    if (octets == NULL)
        abort();
    struct dm_writer writer;
    dm_writer_init(&writer, octets, room);
    write_head(&writer, rehearsal, request);
    bool is_good = true;
    for (*wrong = 0; *wrong < request->avp_count && is_good; *wrong += is_good)
        is_good =
            avp_text_write(&writer, request->avps[*wrong].name, request->avps[*wrong].value, why);
    *size = is_good ? dm_writer_finish(&writer) : 0;
    if (*size)
        return octets;
    if (is_good)
        snprintf(why, AVP_TEXT_WHY, "the request is too large");
    free(octets);
    return NULL;
}

bool rehearsal_application(const char *text, uint32_t *application)
{
    const struct dm_application_info *known = dm_dict_application_named(dm_text(text));
    uint64_t number;
    if (known)
        *application = known->id;
    else if (conf_parse_number(text, &number) && number <= UINT32_MAX)
        *application = (uint32_t)number;
    else
        return false;
    return *application != DM_APPLICATION_RELAY;
}

bool rehearsal_command(uint32_t application, const char *text, uint32_t *command)
{
    const struct dm_command_info *known = dm_dict_command_named(application, dm_text(text));
    uint64_t number;
    if (known)
        *command = known->code;
    else if (conf_parse_number(text, &number) && number <= COMMAND_MAX)
        *command = (uint32_t)number;
    else
        return false;
    return true;
}
