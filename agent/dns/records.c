/* records.c — reading a DNS reply, with bounds. */
#include "agent/dns/records.h"

#include <strings.h>

enum {
    HEADER = 12,
    TEXT_MAX = 255,
    POINTERS_MAX = 32, /* of one name */
    ALIASES_MAX = 8,
    CLASS_IN = 1,
    NAME_ERROR = 3,
    TTL_UNSAID = 60, /* s: there is no SOA that says how long nothing is nothing */
};
#define TTL_MAX UINT32_C(0x7fffffff) /* RFC 2181 §8: more is 0 */

/* A walk through the message. Once it is wrong it stays so, and everything reads as nothing. */
struct walk {
    dm_bytes message;
    size_t at;
    bool is_wrong;
};

static bool has(struct walk *walk, size_t size)
{
    if (walk->is_wrong || walk->message.size - walk->at < size)
        walk->is_wrong = true;
    return !walk->is_wrong;
}

static uint8_t read8(struct walk *walk)
{
    return has(walk, 1) ? walk->message.at[walk->at++] : 0;
}

static uint16_t read16(struct walk *walk)
{
    if (!has(walk, 2))
        return 0;
    walk->at += 2;
    return dm_get16(walk->message.at + walk->at - 2);
}

static uint32_t read32(struct walk *walk)
{
    if (!has(walk, 4))
        return 0;
    walk->at += 4;
    return dm_get32(walk->message.at + walk->at - 4);
}

static char lower(uint8_t octet)
{
    return (char)(octet >= 'A' && octet <= 'Z' ? octet + 'a' - 'A' : octet);
}

/* --- names --- */

/* A host name is printable and has no dots within a label: anything else is nobody's. */
static bool is_plain(uint8_t octet)
{
    return octet > ' ' && octet < 0x7f && octet != '.' && octet != '\\';
}

/* One label behind what is there, with a dot between them. */
static void add_label(struct walk *walk, char name[DNS_NAME_ROOM], size_t *size, uint8_t length)
{
    if (!has(walk, length) || *size + 1 + length >= DNS_NAME_ROOM) {
        walk->is_wrong = true;
        return;
    }
    if (*size)
        name[(*size)++] = '.';
    for (uint8_t i = 0; i < length; i++) {
        uint8_t octet = read8(walk);
        walk->is_wrong = walk->is_wrong || !is_plain(octet);
        name[(*size)++] = lower(octet);
    }
}

static void jump(struct walk *walk, uint8_t high, unsigned *pointers)
{
    size_t to = (size_t)(high & 0x3f) << 8 | read8(walk);
    if (walk->is_wrong || to >= walk->message.size || ++*pointers > POINTERS_MAX)
        walk->is_wrong = true;
    else
        walk->at = to;
}

/* RFC 1035 §4.1.4. The walk goes on behind the name, not behind what it points to. */
static void read_name(struct walk *walk, char name[DNS_NAME_ROOM])
{
    size_t size = 0;
    size_t behind = 0;
    unsigned pointers = 0;
    name[0] = '\0';
    for (uint8_t length = read8(walk); length && !walk->is_wrong; length = read8(walk)) {
        if (length < 0x40) {
            add_label(walk, name, &size, length);
            continue;
        }
        bool is_pointer = (length & 0xc0) == 0xc0;
        if (!behind)
            behind = walk->at + 1;
        if (is_pointer)
            jump(walk, length, &pointers);
        else
            walk->is_wrong = true;
    }
    name[walk->is_wrong ? 0 : size] = '\0';
    if (behind)
        walk->at = behind;
}

/* A <character-string>, RFC 1035 §3.3. Returns its length; what has no room, or is not printable,
 * is not kept. */
static uint8_t read_text(struct walk *walk, char *text, size_t room)
{
    uint8_t length = read8(walk);
    bool fits = length < room;
    size_t size = 0;
    for (uint8_t i = 0; i < length && has(walk, 1); i++) {
        uint8_t octet = read8(walk);
        fits = fits && octet >= ' ' && octet < 0x7f;
        if (fits)
            text[size++] = lower(octet);
    }
    if (!fits) { /* nobody's flag, nobody's service */
        text[0] = '?';
        size = 1;
    }
    text[size] = '\0';
    return length;
}

/* --- records --- */

struct head {
    char owner[DNS_NAME_ROOM];
    uint16_t type;
    uint16_t class;
    uint32_t ttl;
    size_t end; /* of its data */
};

static bool read_head(struct walk *walk, struct head *head)
{
    read_name(walk, head->owner);
    head->type = read16(walk);
    head->class = read16(walk);
    head->ttl = read32(walk);
    uint16_t size = read16(walk);
    if (head->ttl > TTL_MAX)
        head->ttl = 0;
    if (!has(walk, size))
        return false;
    head->end = walk->at + size;
    return true;
}

static void read_naptr(struct walk *walk, struct dns_record *record)
{
    char regexp[TEXT_MAX + 1];
    record->order = read16(walk);
    record->rank = read16(walk);
    read_text(walk, record->flags, sizeof record->flags);
    read_text(walk, record->service, sizeof record->service);
    record->has_regexp = read_text(walk, regexp, sizeof regexp) != 0;
    read_name(walk, record->name);
}

static void read_srv(struct walk *walk, struct dns_record *record)
{
    record->order = read16(walk);
    record->rank = read16(walk);
    record->port = read16(walk);
    read_name(walk, record->name);
}

static void read_address(struct walk *walk, struct dns_record *record, size_t size)
{
    if (has(walk, size))
        memcpy(&record->address, walk->message.at + walk->at, size);
    walk->at += walk->is_wrong ? 0 : size;
}

/* Its data must end where its length says. */
static bool read_data(struct walk *walk, const struct head *head, struct dns_record *record)
{
    *record = (struct dns_record){.type = head->type};
    if (head->type == DNS_NAPTR)
        read_naptr(walk, record);
    else if (head->type == DNS_SRV)
        read_srv(walk, record);
    else if (head->type == DNS_CNAME)
        read_name(walk, record->name);
    else
        read_address(walk, record, head->type == DNS_A ? 4 : 16);
    return !walk->is_wrong && walk->at == head->end;
}

/* --- the reply --- */

struct reading {
    struct dns_reply *reply;
    enum dns_type type;
    char owner[DNS_NAME_ROOM]; /* whose records are meant: the name, or what it is an alias of */
    unsigned aliases;
};

static void see_ttl(struct reading *reading, uint32_t ttl)
{
    if (ttl < reading->reply->ttl)
        reading->reply->ttl = ttl;
}

/* What is not asked for is passed over. */
static bool take(struct walk *walk, struct reading *reading, const struct head *head)
{
    struct dns_reply *reply = reading->reply;
    struct dns_record *record = &reply->records[reply->count];
    struct dns_record alias;
    bool is_alias = head->type == DNS_CNAME;
    bool is_meant = head->class == CLASS_IN && !strcasecmp(head->owner, reading->owner) &&
                    (is_alias || head->type == reading->type);
    if (!is_meant || (!is_alias && reply->count == DNS_RECORDS_MAX)) {
        walk->at = head->end;
        return true;
    }
    if (!read_data(walk, head, is_alias ? &alias : record))
        return false;
    see_ttl(reading, head->ttl);
    if (!is_alias)
        reply->count++;
    else if (++reading->aliases <= ALIASES_MAX)
        memcpy(reading->owner, alias.name, sizeof reading->owner);
    else
        return false;
    return true;
}

/* All answers once. An alias may stand behind what it is an alias of: then once more. */
static bool take_answers(struct walk *walk, struct reading *reading, uint16_t count)
{
    size_t begin = walk->at;
    unsigned aliases;
    do {
        aliases = reading->aliases;
        walk->at = begin;
        for (uint16_t i = 0; i < count; i++) {
            struct head head;
            if (!read_head(walk, &head) || !take(walk, reading, &head))
                return false;
        }
    } while (!reading->reply->count && reading->aliases != aliases);
    return true;
}

/* How long there is nothing: RFC 2308 §5. */
static uint32_t nothing_for(struct walk *walk, uint16_t count)
{
    struct head head;
    for (uint16_t i = 0; i < count && read_head(walk, &head); i++) {
        if (head.type != DNS_SOA || head.end - walk->at < 4) {
            walk->at = head.end;
            continue;
        }
        uint32_t minimum = dm_get32(walk->message.at + head.end - 4);
        return minimum < head.ttl ? minimum : head.ttl;
    }
    return TTL_UNSAID;
}

static void skip_questions(struct walk *walk, uint16_t count)
{
    char name[DNS_NAME_ROOM];
    for (uint16_t i = 0; i < count && has(walk, 1); i++) {
        read_name(walk, name);
        read32(walk);
    }
}

static bool read_all(struct walk *walk, struct reading *reading)
{
    read16(walk);
    uint16_t flags = read16(walk);
    uint16_t questions = read16(walk);
    uint16_t answers = read16(walk);
    uint16_t authorities = read16(walk);
    read16(walk);
    unsigned code = flags & 0xf;
    bool is_reply = flags & 0x8000;
    if (!is_reply || (code && code != NAME_ERROR))
        return false;
    skip_questions(walk, questions);
    if (walk->is_wrong || !take_answers(walk, reading, answers))
        return false;
    if (reading->reply->count)
        return true;
    reading->reply->outcome = DNS_NOTHING;
    see_ttl(reading, nothing_for(walk, authorities));
    return true;
}

static void fail(struct dns_reply *reply)
{
    reply->outcome = DNS_FAILED;
    reply->ttl = 0;
    reply->count = 0;
}

bool dns_reply_read(struct dns_reply *reply, dm_bytes message, const char *name, enum dns_type type)
{
    struct reading reading = {.reply = reply, .type = type};
    struct walk walk = {.message = message};
    size_t size = strlen(name);
    reply->outcome = DNS_FOUND;
    reply->ttl = TTL_MAX;
    reply->count = 0;
    if (size < DNS_NAME_ROOM)
        memcpy(reading.owner, name, size + 1);
    if (size < DNS_NAME_ROOM && has(&walk, HEADER) && read_all(&walk, &reading))
        return true;
    fail(reply);
    return false;
}

bool dns_is_within(const char *name, const char *domain)
{
    size_t size = strlen(name);
    size_t least = strlen(domain);
    if (!least || size < least || strcasecmp(name + size - least, domain) != 0)
        return false;
    return size == least || name[size - least - 1] == '.';
}
