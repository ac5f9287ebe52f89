/* load_template.c — UAR, MAR, SAR and LIR of RFC 4740 §8 and of 29.229 §6.1, and
 * STR of RFC 6733 §8.4.1, as templates.
 *
 * The users' AVPs come last so that their varying length moves nothing; the order of AVPs is free
 * but for Session-Id. */
#include "bench/load_template.h"

#include <stdlib.h>

enum { TEMPLATE_ROOM = 4096, M = DM_AVP_MANDATORY };

/* ---- what every request bears ---- */

static void write_session(struct dm_writer *writer, const struct load_names *names, uint32_t *at)
{
    char session[320];
    size_t size = strlen(names->session);
    memcpy(session, names->session, size);
    memset(session + size, '0', SESSION_DIGITS);
    *at = (uint32_t)(writer->at - writer->start + 8 + (ptrdiff_t)size);
    dm_write_avp(writer, 0, DM_AVP_SESSION_ID, M, dm_bytes_of(session, size + SESSION_DIGITS));
}

static void write_application(struct dm_writer *writer, const struct load_names *names)
{
    if (!names->cx) {
        dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, M, SIP_APPLICATION);
    } else {
        size_t group = dm_write_group(writer, 0, DM_AVP_VENDOR_SPECIFIC_APPLICATION_ID, M);
        dm_write32(writer, 0, DM_AVP_VENDOR_ID, M, CX_VENDOR);
        dm_write32(writer, 0, DM_AVP_AUTH_APPLICATION_ID, M, CX_APPLICATION);
        dm_write_group_end(writer, group);
    }
    dm_write32(writer, 0, DM_AVP_AUTH_SESSION_STATE, M, !names->keeps_sessions);
}

static void write_names(struct dm_writer *writer, const struct load_names *names)
{
    dm_write_text(writer, 0, DM_AVP_ORIGIN_HOST, M, names->origin_host);
    dm_write_text(writer, 0, DM_AVP_ORIGIN_REALM, M, names->origin_realm);
    dm_write_text(writer, 0, DM_AVP_DESTINATION_REALM, M, names->destination_realm);
    if (names->destination_host)
        dm_write_text(writer, 0, DM_AVP_DESTINATION_HOST, M, names->destination_host);
}

/* ---- RFC 4740 §8.1, §8.3, §8.7 ---- */

static void write_sip_mar(struct dm_writer *writer, const struct load_names *names,
                          enum load_kind kind)
{
    dm_write_text(writer, 0, SIP_METHOD, M, kind == KIND_MAR_INVITE ? "INVITE" : "REGISTER");
    if (kind != KIND_MAR_INVITE)
        dm_write_text(writer, 0, SIP_SERVER_URI, M, names->server_uri);
    dm_write32(writer, 0, SIP_NUMBER_AUTH_ITEMS, M, 1);
    if (kind >= KIND_BARE)
        return;
    size_t item = dm_write_group(writer, 0, SIP_AUTH_DATA_ITEM, M);
    dm_write32(writer, 0, SIP_AUTHENTICATION_SCHEME, M, 0); /* DIGEST */
    dm_write_group_end(writer, item);
}

static void write_sip_sar(struct dm_writer *writer, const struct load_names *names,
                          enum load_kind kind)
{
    dm_write_text(writer, 0, SIP_SERVER_URI, M, names->server_uri);
    if (kind < KIND_BARE) {
        dm_write32(writer, 0, SIP_SERVER_ASSIGNMENT_TYPE, M, SIP_REGISTRATION);
        dm_write32(writer, 0, SIP_USER_DATA_ALREADY_AVAILABLE, M, 0);
    }
    dm_write_text(writer, 0, SIP_SUPPORTED_USER_DATA_TYPE, M, "type1.dsa.core.example");
}

static void write_sip(struct dm_writer *writer, const struct load_names *names, uint32_t command,
                      enum load_kind kind)
{
    if (command == SIP_UAR) {
        dm_write_text(writer, 0, SIP_VISITED_NETWORK_ID, M, names->origin_realm);
        dm_write32(writer, 0, SIP_USER_AUTHORIZATION_TYPE, M, SIP_AUTHORIZE_REGISTRATION);
    }
    if (command == SIP_MAR)
        write_sip_mar(writer, names, kind);
    if (command == SIP_SAR)
        write_sip_sar(writer, names, kind);
    if (command == SIP_STR)
        dm_write32(writer, 0, SIP_TERMINATION_CAUSE, M, 1); /* DIAMETER_LOGOUT */
}

/* ---- 29.229 §6.1.1, §6.1.3, §6.1.7 ---- */

static void write_cx_sar(struct dm_writer *writer, const struct load_names *names,
                         enum load_kind kind)
{
    dm_write_text(writer, CX_VENDOR, CX_SERVER_NAME, M, names->server_uri);
    if (kind >= KIND_BARE)
        return;
    dm_write32(writer, CX_VENDOR, CX_SERVER_ASSIGNMENT_TYPE, M, SIP_REGISTRATION);
    dm_write32(writer, CX_VENDOR, CX_USER_DATA_ALREADY_AVAILABLE, M, 0);
}

static void write_cx(struct dm_writer *writer, const struct load_names *names, uint32_t command,
                     enum load_kind kind)
{
    if (command == CX_UAR)
        dm_write_text(writer, CX_VENDOR, CX_VISITED_NETWORK_IDENTIFIER, M, names->origin_realm);
    if (command == CX_MAR) {
        dm_write_text(writer, CX_VENDOR, CX_SERVER_NAME, M, names->server_uri);
        dm_write32(writer, CX_VENDOR, CX_NUMBER_AUTH_ITEMS, M, 1);
        size_t item = dm_write_group(writer, CX_VENDOR, CX_AUTH_DATA_ITEM, M);
        dm_write_text(writer, CX_VENDOR, CX_AUTHENTICATION_SCHEME, M, "SIP Digest");
        dm_write_group_end(writer, item);
    }
    if (command == CX_SAR)
        write_cx_sar(writer, names, kind);
}

/* ---- users ---- */

static void add_user(struct load_template *template, uint32_t vendor, uint32_t code,
                     const char *start)
{
    uint8_t *head = template->user[template->users].head;
    uint8_t header = vendor ? 12 : 8;
    dm_put32(head, code);
    head[4] = (uint8_t)(M | (vendor ? DM_AVP_VENDOR : 0));
    if (vendor)
        dm_put32(head + 8, vendor);
    dm_bytes text = dm_text(start);
    memcpy(head + header, text.at, text.size);
    template->user[template->users++].size = (uint8_t)(header + text.size);
}

static void add_users(struct load_template *template, bool cx, enum load_kind kind)
{
    if (kind >= KIND_BARE)
        return;
    if (cx)
        add_user(template, CX_VENDOR, CX_PUBLIC_IDENTITY, "sip:user");
    else
        add_user(template, 0, SIP_AOR, "sip:user");
    bool anonymous = kind == KIND_UAR_ANONYMOUS || kind == KIND_MAR_ANONYMOUS;
    if (kind != KIND_LIR && (cx || !anonymous)) /* Cx: mandatory, made from the AOR if need be */
        add_user(template, 0, DM_AVP_USER_NAME, "user");
}

static void set_tail(struct load_template *template, const char *realm)
{
    dm_bytes domain = dm_text(realm);
    template->tail_size = (uint32_t)domain.size + 1;
    template->tail = calloc(1, domain.size + 4);
    if (!template->tail)
        abort();
    template->tail[0] = '@';
    memcpy(template->tail + 1, domain.at, domain.size);
}

/* ---- the template ---- */

static uint32_t command_of(bool cx, enum load_kind kind)
{
    static const uint16_t commands[KIND_COUNT][2] = {
        [KIND_UAR] = {SIP_UAR, CX_UAR},           [KIND_MAR] = {SIP_MAR, CX_MAR},
        [KIND_SAR] = {SIP_SAR, CX_SAR},           [KIND_LIR] = {SIP_LIR, CX_LIR},
        [KIND_UAR_ANONYMOUS] = {SIP_UAR, CX_UAR}, [KIND_MAR_ANONYMOUS] = {SIP_MAR, CX_MAR},
        [KIND_MAR_REGISTER] = {SIP_MAR, CX_MAR},  [KIND_MAR_INVITE] = {SIP_MAR, CX_MAR},
        [KIND_SAR_OTHER] = {SIP_SAR, CX_SAR},     [KIND_STR] = {SIP_STR, SIP_STR},
    };
    return commands[kind][cx];
}

void template_init(struct load_template *template, const struct load_names *names,
                   enum load_kind kind)
{
    *template = (struct load_template){.command = command_of(names->cx, kind),
                                       .octets = malloc(TEMPLATE_ROOM)};
    if (!template->octets)
        abort();
    struct dm_writer writer;
    dm_writer_init(&writer, template->octets, TEMPLATE_ROOM);
    dm_write_header(&writer, &(struct dm_header){
                                 .version = DM_VERSION,
                                 .flags = DM_FLAG_REQUEST | DM_FLAG_PROXIABLE,
                                 .command = template->command,
                                 .application = names->cx ? CX_APPLICATION : SIP_APPLICATION,
                             });
    write_session(&writer, names, &template->session_at);
    write_application(&writer, names);
    write_names(&writer, names);
    (names->cx ? write_cx : write_sip)(&writer, names, template->command, kind);
    template->size = (uint32_t)dm_writer_finish(&writer);
    if (!template->size)
        abort(); /* all its names together are shorter */
    template->octets = realloc(template->octets, template->size);
    add_users(template, names->cx, kind);
    set_tail(template, names->destination_realm);
}

void template_fini(struct load_template *template)
{
    free(template->octets);
    free(template->tail);
}

static uint8_t *write_user(const struct load_template *template, uint32_t which, uint8_t *to,
                           const char digits[10], size_t count)
{
    size_t head = template->user[which].size;
    size_t size = head + count + template->tail_size;
    memcpy(to, template->user[which].head, sizeof(template->user[which].head));
    dm_put24(to + 5, (uint32_t)size);
    memcpy(to + head, digits, 10);
    memcpy(to + head + count, template->tail, template->tail_size + 3);
    return to + dm_padded(size);
}

size_t template_write(const struct load_template *template, uint8_t *to,
                      const struct load_stamp *stamp)
{
    char digits[10] = {0};
    size_t count = name_digits(digits, stamp->user);
    memcpy(to, template->octets, template->size);
    dm_put32(to + 12, stamp->hop_by_hop);
    dm_put32(to + 16, stamp->end_to_end);
    memcpy(to + template->session_at, stamp->session, SESSION_DIGITS);
    uint8_t *end = to + template->size;
    for (uint32_t i = 0; i < template->users; i++)
        end = write_user(template, i, end, digits, count);
    size_t size = (size_t)(end - to);
    dm_put24(to + 1, (uint32_t)size);
    return size;
}
