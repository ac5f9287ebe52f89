/* learn.c — an answer and its request become a lesson. */
#include "routing/learn.h"

#include "routing/derive.h"

enum {
    USER_UNKNOWN_SIP = 5032,  /* RFC 4740 §10.1.3 */
    USER_UNKNOWN_3GPP = 5001, /* 29.229 §6.2.2 */
    MULTI_ROUND = 1001,
    STATE_MAINTAINED = 0,
    SIP_SAR = 284,
    SIP_MAR = 286,
    CX_SAR = 301,
    AVP_ASSOCIATED_IDENTITIES = 632,
    AVP_ASSOCIATED_REGISTERED_IDENTITIES = 647,
};

enum method { ANY, REGISTER, OTHER, MISSING };
enum what { LINK, ALONE, SESSION };

static const struct row {
    uint32_t application;
    uint32_t command;
    enum method method;
    enum what what;
    enum rt_teacher teacher;
    uint16_t results[4];
    uint16_t experimental[3];
} rows[] = {
#define TEACHES(application, command, name, method, what, teacher, a, b, c, d, x, y, z)            \
    {application, command, method, what, RT_TEACHER_##teacher, {a, b, c, d}, {x, y, z}},
#include "routing/learn.def"
#undef TEACHES
};

static enum method method_of(const struct rt_query *query)
{
    if (query->header.application != RT_APPLICATION_SIP || query->header.command != SIP_MAR)
        return ANY;
    if (query->sip_method.size == 0)
        return MISSING;
    return dm_bytes_equal(query->sip_method, dm_text("REGISTER")) ? REGISTER : OTHER;
}

static const struct row *row_of(uint32_t command, uint32_t application, enum method method)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].command == command && rows[i].application == application &&
            rows[i].method == method)
            return &rows[i];
    return NULL;
}

static bool is_among(uint32_t code, const uint16_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code && codes[i] == code)
            return true;
    return false;
}

/* The two spaces of codes do not mix: Experimental 2003 is not 2003. sip-app.md §10. */
static bool is_success(const struct row *row, const struct rt_result *result)
{
    return !result->is_error && (is_among(result->code, row->results, 4) ||
                                 is_among(result->experimental, row->experimental, 3));
}

static bool is_unknown(const struct rt_query *query, const struct rt_result *result)
{
    if (result->is_error)
        return false;
    if (query->header.application == RT_APPLICATION_SIP)
        return result->code == USER_UNKNOWN_SIP;
    return result->experimental == USER_UNKNOWN_3GPP;
}

/* --- before: is it worth it? --- */

bool rt_learn_is_news(const struct rt_result *result)
{
    return result->code == MULTI_ROUND || result->code == USER_UNKNOWN_SIP ||
           result->experimental == USER_UNKNOWN_3GPP;
}

/* A switch, since every request asks. */
bool rt_learn_is_pushed(uint32_t application, uint32_t command)
{
    switch ((uint64_t)application << 32 | command) {
#define PUSHED_BY_SERVER(application, command)
#define PUSHED_BY_INGRESS(application, command) case (uint64_t)(application) << 32 | (command):
#define TEACHES(application, command, name, method, what, teacher, a, b, c, d, x, y, z)            \
    PUSHED_BY_##teacher(application, command)
#include "routing/learn.def"
#undef TEACHES
        return true;
    default:
        return false;
    }
}

/* A SAR may name several, and its answer may, too. */
static enum rt_teaches expects_of_registration(const struct rt_query *query, bool is_settled)
{
    bool is_plain = !query->names_several && query->wildcard.size == 0;
    return is_settled && is_plain ? RT_TEACHES_NAMES : RT_TEACHES;
}

enum rt_teaches rt_learn_expects(const struct rt_query *query, bool is_settled)
{
    uint32_t application = query->header.application;
    if (application != RT_APPLICATION_SIP && application != RT_APPLICATION_CX &&
        application != RT_APPLICATION_SH)
        return RT_TEACHES_NOTHING;
    uint32_t command = query->header.command;
    if (command == SIP_SAR || command == CX_SAR)
        return expects_of_registration(query, is_settled);
    return !is_settled || rt_learn_is_pushed(application, command) ? RT_TEACHES
                                                                   : RT_TEACHES_NOTHING;
}

static bool is_in_request(dm_bytes request, dm_bytes asked, dm_bytes user_name)
{
    struct dm_avp avp;
    if (asked.at)
        return dm_bytes_equal(asked, user_name);
    return dm_avp_find(request, 0, DM_AVP_USER_NAME, &avp) && dm_bytes_equal(avp.data, user_name);
}

static bool is_named_by_3gpp(uint32_t code)
{
    return code == RT_AVP_PUBLIC_IDENTITY || code == AVP_ASSOCIATED_IDENTITIES ||
           code == AVP_ASSOCIATED_REGISTERED_IDENTITIES;
}

bool rt_learn_names_others(dm_bytes request, dm_bytes asked, dm_bytes answer)
{
    struct dm_avps walk = dm_avps_of(answer);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp)) {
        if (avp.vendor == RT_VENDOR_3GPP && is_named_by_3gpp(avp.code))
            return true;
        if (avp.vendor != 0)
            continue;
        if (avp.code == DM_AVP_SIP_AOR ||
            (avp.code == DM_AVP_USER_NAME && !is_in_request(request, asked, avp.data)))
            return true;
    }
    return false;
}

/* --- the identities --- */

/* Request and answer while they are read. */
struct reading {
    struct rt_taught *taught;
    const struct rt_tables *tables;
    const struct rt_query *query;
    const struct row *row;
    bool wants_users;
};

static void add_key(struct reading *it, const struct rt_key *key)
{
    struct rt_lesson *lesson = &it->taught->lesson;
    if (key->size == 0 || lesson->count == RT_LESSON_KEYS)
        return;
    uint64_t hash = rt_key_hash(key);
    for (uint8_t i = 0; i < lesson->count; i++)
        if (lesson->keys[i] == hash)
            return;
    bool is_public = key->octets[0] == RT_KIND_PUBLIC || key->octets[0] == RT_KIND_NUMBER;
    lesson->is_public |= (uint16_t)(is_public << lesson->count);
    lesson->slots[lesson->count] = rt_slot(key, it->tables->seed);
    lesson->keys[lesson->count++] = hash;
}

static void add_private(struct reading *it, dm_bytes user_name)
{
    struct rt_key key;
    rt_key_private(&key, user_name, it->query->destination_realm);
    (void)rt_derive_public(&key, &it->tables->domains); /* as routing does: identity.c */
    add_key(it, &key);
}

static void add_public(struct reading *it, dm_bytes identity)
{
    struct rt_key key;
    rt_key_public(&key, identity, &it->tables->domains);
    add_key(it, &key);
}

/* 632, 647: User-Names of the same subscription. Damage in them teaches nothing. */
static void add_associated(struct reading *it, dm_bytes group)
{
    struct dm_avps walk = dm_avps_in(group);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp))
        if (avp.vendor == 0 && avp.code == DM_AVP_USER_NAME)
            add_private(it, avp.data);
}

static void add_ietf(struct reading *it, const struct dm_avp *avp)
{
    if (avp->code == DM_AVP_USER_NAME)
        add_private(it, avp->data);
    else if (avp->code == DM_AVP_SIP_AOR && it->query->header.application == RT_APPLICATION_SIP)
        add_public(it, avp->data);
}

static void add_3gpp(struct reading *it, const struct dm_avp *avp)
{
    switch (avp->code) {
    case RT_AVP_PUBLIC_IDENTITY:
        if (it->query->header.application == RT_APPLICATION_CX)
            add_public(it, avp->data);
        break;
    case AVP_ASSOCIATED_IDENTITIES:
    case AVP_ASSOCIATED_REGISTERED_IDENTITIES:
        add_associated(it, avp->data);
        break;
    }
}

static void add_all(struct reading *it, dm_bytes message)
{
    struct dm_avps walk = dm_avps_of(message);
    struct dm_avp avp;
    while (dm_avps_next(&walk, &avp)) {
        if (avp.vendor == 0)
            add_ietf(it, &avp);
        else if (avp.vendor == RT_VENDOR_3GPP)
            add_3gpp(it, &avp);
    }
}

/* The first key is the one that the request was routed by. */
static void read_keys(struct reading *it, dm_bytes request, dm_bytes answer)
{
    struct rt_key key;
    rt_key_of(&key, it->query, &it->tables->domains);
    if (key.size > 0 && key.octets[0] != RT_KIND_SESSION)
        add_key(it, &key);
    if (it->row->what != LINK)
        return;
    add_all(it, request);
    add_all(it, answer);
}

/* --- sessions, clients, patterns --- */

static bool keeps_state(dm_bytes answer)
{
    struct dm_avp avp;
    uint32_t state;
    return dm_avp_find(answer, 0, DM_AVP_AUTH_SESSION_STATE, &avp) && dm_avp_get32(&avp, &state) &&
           state == STATE_MAINTAINED;
}

/* More is to come with this Session-Id: the next round of a MAR, or a session that the server
 * keeps. Not in Cx and Sh, where every transaction has its own. */
static void read_session(struct reading *it, dm_bytes answer, const struct rt_result *result)
{
    if (it->query->header.application != RT_APPLICATION_SIP || it->query->session_id.size == 0)
        return;
    struct rt_key key;
    it->taught->is_session_certain = result->code == MULTI_ROUND || keeps_state(answer);
    if (it->row->what != SESSION && !it->taught->is_session_certain)
        return;
    rt_key_session(&key, it->query->session_id);
    it->taught->session = rt_key_hash(&key);
}

/* SRV-03: a PPR of RFC 4740 may lack its Destination-Host. */
static void read_client(struct rt_client *client, dm_bytes user_name, dm_bytes realm, dm_bytes host)
{
    struct rt_key key;
    client->key = 0;
    if (user_name.size == 0 || host.size == 0)
        return;
    rt_key_private(&key, user_name, realm);
    key.octets[0] = RT_KIND_CLIENT;
    client->key = rt_key_hash(&key);
    client->host = host;
}

static bool is_registration(const struct dm_header *header)
{
    return header->application == RT_APPLICATION_SIP && header->command == SIP_SAR;
}

bool rt_learn_client_of(struct rt_client *client, const struct rt_query *query)
{
    client->key = 0;
    if (is_registration(&query->header))
        read_client(client, query->user_name, query->destination_realm, query->origin_host);
    return client->key != 0;
}

bool rt_learn_is_registered(const struct rt_result *result)
{
    return is_success(row_of(SIP_SAR, RT_APPLICATION_SIP, ANY), result);
}

/* Who registers a user is his client, where the server agrees. */
static bool registers(dm_bytes request, const struct rt_result *result)
{
    struct dm_header header;
    dm_header_read(&header, request.at);
    return is_registration(&header) && rt_learn_is_registered(result);
}

/* One walk for the three: this is once for each registration. */
bool rt_learn_client(struct rt_client *client, dm_bytes request, const struct rt_result *result)
{
    dm_bytes user_name = {0}, realm = {0}, host = {0};
    struct dm_avps walk = dm_avps_of(request);
    struct dm_avp avp;
    if (!registers(request, result))
        return false;
    while (dm_avps_next(&walk, &avp)) {
        if (avp.vendor != 0)
            continue;
        if (avp.code == DM_AVP_USER_NAME && !user_name.at)
            user_name = avp.data;
        else if (avp.code == DM_AVP_DESTINATION_REALM && !realm.at)
            realm = avp.data;
        else if (avp.code == DM_AVP_ORIGIN_HOST && !host.at)
            host = avp.data;
    }
    read_client(client, user_name, realm, host);
    return client->key != 0;
}

static void read_wildcard(struct reading *it, dm_bytes request, dm_bytes answer)
{
    struct dm_avp avp;
    if (it->query->header.application == RT_APPLICATION_SIP ||
        it->row->teacher != RT_TEACHER_SERVER)
        return;
    if (dm_avp_find(answer, RT_VENDOR_3GPP, RT_AVP_WILDCARDED_PUBLIC_IDENTITY, &avp) ||
        dm_avp_find(request, RT_VENDOR_3GPP, RT_AVP_WILDCARDED_PUBLIC_IDENTITY, &avp))
        it->taught->wildcard = avp.data;
}

/* --- all together --- */

/* A distinct identity that a pattern stands for is one of many: it is bound with its pattern, or
 * not at all. */
static void read_success(struct reading *it, dm_bytes request, dm_bytes answer,
                         const struct rt_result *result)
{
    it->taught->teacher = it->row->teacher;
    read_wildcard(it, request, answer);
    if (it->wants_users && it->row->what != SESSION && !it->taught->wildcard.at)
        read_keys(it, request, answer);
    read_session(it, answer, result);
    if (is_registration(&it->query->header))
        read_client(&it->taught->client, it->query->user_name, it->query->destination_realm,
                    it->query->origin_host);
}

/* The key that was asked for, and no more. */
static void read_unknown(struct reading *it)
{
    struct rt_key key;
    rt_key_of(&key, it->query, &it->tables->domains);
    it->taught->is_unknown = true;
    if (key.size > 0 && key.octets[0] != RT_KIND_SESSION)
        add_key(it, &key);
}

void rt_learn_read(struct rt_taught *taught, dm_bytes request, dm_bytes answer,
                   const struct rt_result *result, const struct rt_tables *tables, bool users)
{
    struct rt_query query;
    struct dm_fault fault;
    memset(taught, 0, sizeof *taught);
    if (rt_query_read(&query, request, tables->own_identity, false, &fault) != DM_OK)
        return;
    const struct row *row =
        row_of(query.header.command, query.header.application, method_of(&query));
    struct reading it = {taught, tables, &query, row, users};
    if (row && is_success(row, result))
        read_success(&it, request, answer, result);
    else if (row && row->teacher == RT_TEACHER_SERVER && is_unknown(&query, result))
        read_unknown(&it);
}
