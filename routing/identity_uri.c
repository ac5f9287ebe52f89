/* identity_uri.c — public identities as keys: sip:, sips:, tel:.
 *
 *     "Alice" <SIP:%61lice:pw@Core.Example.:5060;user=ip?subject=x>;tag=1
 *              sip     user        host     port  parameters headers
 *     P alice·core.example
 *
 * Parts that do not name the user are cut; what may be written in two ways is written in one. What
 * is no URI of these schemes keeps its octets, as kind X. RFC 3261 §10.3, §19.1.4; sip-app §9.5. */
#include "routing/uri.h"

#include <arpa/inet.h>

static bool has_control_characters(dm_bytes text)
{
    bool found = false;
    for (size_t i = 0; i < text.size; i++)
        found |= text.at[i] < 0x20 || text.at[i] == 0x7f;
    return found;
}

static dm_bytes trim(dm_bytes text)
{
    while (text.size > 0 && text.at[0] == ' ')
        text = rt_after(text, 1);
    while (text.size > 0 && text.at[text.size - 1] == ' ')
        text = rt_before(text, text.size - 1);
    return text;
}

/* What follows a quoted string at the start of `text`, or all of it. */
static dm_bytes skip_quoted(dm_bytes text)
{
    if (text.size == 0 || text.at[0] != '"')
        return text;
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            return rt_after(text, i + 1);
    }
    return text;
}

/* The addr-spec of a name-addr; of anything else, itself. */
static dm_bytes bare_uri(dm_bytes text)
{
    dm_bytes rest = skip_quoted(trim(text));
    size_t open = rt_index(rest, '<');
    if (open == rest.size)
        return rest;
    rest = rt_after(rest, open + 1);
    return trim(rt_before(rest, rt_index(rest, '>')));
}

/* The places of a SIP URI, after its scheme. */
struct sip_uri {
    dm_bytes user; /* without password, still escaped */
    dm_bytes host; /* without port and trailing dot */
    bool is_phone;
};

static const uint8_t *last_at_sign(dm_bytes text)
{
    return text.size > 0 ? memrchr(text.at, '@', text.size) : NULL;
}

static dm_bytes host_of(dm_bytes host_port)
{
    bool is_literal = host_port.size > 0 && host_port.at[0] == '[';
    size_t bracket = is_literal ? rt_index(host_port, ']') : host_port.size;
    if (bracket < host_port.size)
        return rt_before(host_port, bracket + 1);
    return rt_without_dots(rt_before(host_port, rt_index(host_port, ':')));
}

/* Letters, digits, '-', '_', '.', what IPv6 needs, and what is not ASCII. */
static bool is_host_octet(uint8_t octet)
{
    uint8_t letter = rt_lower(octet);
    return (letter >= 'a' && letter <= 'z') || (octet >= '-' && octet <= ':' && octet != '/') ||
           octet == '_' || octet == '[' || octet == ']' || octet >= 0x80;
}

static bool is_host(dm_bytes host)
{
    for (size_t i = 0; i < host.size; i++) {
        if (!is_host_octet(host.at[i]))
            return false;
    }
    return host.size > 0;
}

/* The user part may hold ';' and '?' itself, so the last '@' is looked for first. */
static struct sip_uri sip_split(dm_bytes rest)
{
    struct sip_uri uri = {.user = rt_before(rest, 0)};
    const uint8_t *at_sign = last_at_sign(rest);
    if (at_sign) {
        size_t size = (size_t)(at_sign - rest.at);
        uri.user = rt_before(rest, size);
        uri.user = rt_before(uri.user, rt_index(uri.user, ':'));
        rest = rt_after(rest, size + 1);
    }
    rest = rt_before(rest, rt_index(rest, '?'));
    size_t host_port = rt_index(rest, ';');
    uri.host = host_of(rt_before(rest, host_port));
    uri.is_phone = rt_is_word(rt_uri_parameter(rt_after(rest, host_port), "user"), "phone");
    return uri;
}

static bool is_plus_digits(dm_bytes user)
{
    if (user.size < 2 || rt_unescape(&user) != '+')
        return false;
    while (user.size > 0) {
        uint8_t octet = rt_unescape(&user);
        if (octet < '0' || octet > '9')
            return false;
    }
    return true;
}

static bool is_among(const struct rt_domains *domains, dm_bytes host)
{
    for (size_t i = 0; domains && i < domains->count; i++) {
        if (dm_identity_equal(domains->at[i], host))
            return true;
    }
    return false;
}

/* A telephone number of a domain whose numbers are those of the world. */
static bool sip_key_number(struct rt_key *key, const struct sip_uri *uri,
                           const struct rt_domains *domains)
{
    return (uri->is_phone || is_plus_digits(uri->user)) && is_among(domains, uri->host) &&
           rt_key_number(key, uri->user, true);
}

static bool put_user(struct rt_key_writer *writer, dm_bytes user)
{
    if (rt_index(user, '%') == user.size) {
        rt_key_put_bytes(writer, user);
        return true;
    }
    while (user.size > 0) {
        uint8_t octet = rt_unescape(&user);
        if (octet == 0)
            return false;
        rt_key_put(writer, octet);
    }
    return true;
}

/* An IPv6 address has many spellings; false for anything else. */
static bool put_ipv6(struct rt_key_writer *writer, dm_bytes host)
{
    char text[INET6_ADDRSTRLEN];
    if (host.size < 3 || host.at[0] != '[' || host.size - 2 >= sizeof text)
        return false;
    memcpy(text, host.at + 1, host.size - 2);
    text[host.size - 2] = '\0';
    struct in6_addr address;
    if (inet_pton(AF_INET6, text, &address) != 1)
        return false;
    inet_ntop(AF_INET6, &address, text, sizeof text);
    rt_key_put(writer, '[');
    rt_key_put_bytes(writer, dm_text(text));
    rt_key_put(writer, ']');
    return true;
}

static bool sip_key(struct rt_key *key, dm_bytes rest, const struct rt_domains *domains)
{
    struct sip_uri uri = sip_split(rest);
    if (!is_host(uri.host))
        return false;
    if (sip_key_number(key, &uri, domains))
        return true;
    struct rt_key_writer writer;
    rt_key_open(&writer, key, RT_KIND_PUBLIC);
    if (!put_user(&writer, uri.user))
        return false;
    rt_key_put(&writer, 0);
    if (!put_ipv6(&writer, uri.host))
        rt_key_put_lower(&writer, uri.host);
    rt_key_close(&writer);
    return true;
}

static bool uri_key(struct rt_key *key, dm_bytes uri, const struct rt_domains *domains)
{
    size_t colon = rt_index(uri, ':');
    if (colon == uri.size)
        return false;
    dm_bytes scheme = rt_before(uri, colon);
    dm_bytes rest = rt_after(uri, colon + 1);
    if (rt_is_word(scheme, "sip") || rt_is_word(scheme, "sips"))
        return sip_key(key, rest, domains);
    return rt_is_word(scheme, "tel") && rt_key_number(key, rest, false);
}

/* Octets that mean nothing but themselves in user and host, in lower case; no more than a blank:
 * all others. */
static const char plain[256] = "                                "
                               "             -. 0123456789       abcdefghijklmnopqrstuvwxyz    _ "
                               "abcdefghijklmnopqrstuvwxyz";

#define ONES UINT64_C(0x0101010101010101)
#define TOPS (ONES << 7)

/* The top bit of each octet of `low` (all below 0x80) that is `first` to `last`. */
static uint64_t within(uint64_t low, unsigned first, unsigned last)
{
    return (low + ONES * (0x80 - first)) & ~(low + ONES * (0x7f - last)) & TOPS;
}

/* Eight octets at a time: which of them are letters, and which are not plain. */
struct eight {
    uint64_t letters;
    uint64_t others;
};

static struct eight eight_of(uint64_t word)
{
    uint64_t low = word & ~TOPS;
    uint64_t letters = within(low | ONES * 0x20, 'a', 'z') & ~word;
    uint64_t figures = within(low, '-', '9') & ~within(low, '/', '/');
    uint64_t plains = (letters | figures | within(low, '_', '_')) & ~word;
    return (struct eight){letters, plains ^ TOPS};
}

/* How many octets of the word come before the first that is marked by its top bit. */
static size_t before_first(uint64_t marks)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)__builtin_ctzll(marks) / 8;
#else
    return (size_t)__builtin_clzll(marks) / 8;
#endif
}

/* Copies plain octets, in lower case where `folds`, up to the first other one; returns how many.
 * Writes no more octets than there are in `from`. */
static inline size_t copy_plain(uint8_t *to, dm_bytes from, bool folds)
{
    size_t at = 0;
    for (; from.size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, from.at + at, 8);
        struct eight eight = eight_of(word);
        word |= folds ? eight.letters >> 2 : 0; /* 0x20 */
        memcpy(to + at, &word, 8);
        if (eight.others)
            return at + before_first(eight.others);
    }
    for (; at < from.size && plain[from.at[at]] > ' '; at++)
        to[at] = folds ? (uint8_t)plain[from.at[at]] : from.at[at];
    return at;
}

/* The way of nearly all, "sip:user@host" and no more, in one pass: 20 ns instead of 150. False: go
 * the long way. */
static bool plain_key(struct rt_key *key, dm_bytes identity)
{
    if (identity.size < 4 || identity.size > RT_KEY_MAX || memcmp(identity.at, "sip:", 4) != 0)
        return false;
    dm_bytes rest = rt_after(identity, 4);
    uint8_t *to = key->octets;
    *to++ = RT_KIND_PUBLIC;
    size_t user = copy_plain(to, rest, false);
    if (rest.size - user < 2 || rest.at[user] != '@' || rest.at[rest.size - 1] == '.')
        return false;
    to += user;
    *to++ = 0;
    rest = rt_after(rest, user + 1);
    if (copy_plain(to, rest, true) != rest.size)
        return false;
    to += rest.size;
    key->size = (uint16_t)(to - key->octets);
    return true;
}

void rt_key_public(struct rt_key *key, dm_bytes identity, const struct rt_domains *domains)
{
    if (plain_key(key, identity))
        return;
    if (has_control_characters(identity) || !uri_key(key, bare_uri(identity), domains))
        rt_key_other(key, identity);
}
