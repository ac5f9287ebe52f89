/* hss_mirror.c — notes, and the message in which a user's state travels:
 *
 *     User-Name, SIP-Server-Assignment-Type 1 registered | 3 server known | 5 nothing known,
 * [SIP-Server-URI], [SIP-Server-Capabilities { SIP-Server-URI }] a challenge is pending,
 * [Destination-Host] his Diameter client, SIP-User-Data-Already-Available 1 for what was there when
 * the connection began */
#include "bench/hss_mirror.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/names.h"

bool hss_mirror_init(struct hss_mirror *mirror, size_t users)
{
    *mirror = (struct hss_mirror){.users = users};
    mirror->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    mirror->noted = calloc(users + 1, sizeof(*mirror->noted));
    mirror->changed = calloc(users + 1, sizeof(*mirror->changed));
    mirror->taken = calloc(users + 1, sizeof(*mirror->taken));
    if (!mirror->noted || !mirror->changed || !mirror->taken)
        abort();
    pthread_mutex_init(&mirror->lock, NULL);
    return mirror->wake >= 0;
}

void hss_mirror_fini(struct hss_mirror *mirror)
{
    if (mirror->wake >= 0)
        close(mirror->wake);
    free(mirror->noted);
    free(mirror->changed);
    free(mirror->taken);
    pthread_mutex_destroy(&mirror->lock);
}

void hss_mirror_note(void *context, uint32_t index)
{
    struct hss_mirror *mirror = context;
    if (!atomic_load(&mirror->attached) || atomic_exchange(&mirror->noted[index], 1))
        return;
    pthread_mutex_lock(&mirror->lock);
    mirror->changed[mirror->count++] = index;
    bool first = mirror->count == 1;
    pthread_mutex_unlock(&mirror->lock);
    if (first)
        (void)eventfd_write(mirror->wake, 1); /* fails only where it is readable already */
}

bool hss_mirror_attach(struct hss_mirror *mirror)
{
    bool nobody = false;
    return atomic_compare_exchange_strong(&mirror->attached, &nobody, true);
}

void hss_mirror_detach(struct hss_mirror *mirror)
{
    const uint32_t *unsent;
    (void)hss_mirror_take(mirror, &unsent); /* the next connection begins with everybody */
    atomic_store(&mirror->attached, false);
}

size_t hss_mirror_take(struct hss_mirror *mirror, const uint32_t **indexes)
{
    eventfd_t ignored;
    (void)eventfd_read(mirror->wake, &ignored);
    pthread_mutex_lock(&mirror->lock);
    uint32_t *taken = mirror->changed;
    size_t count = mirror->count;
    mirror->changed = mirror->taken;
    mirror->taken = taken;
    mirror->count = 0;
    pthread_mutex_unlock(&mirror->lock);
    for (size_t i = 0; i < count; i++) /* before the words are read: a later change notes again */
        atomic_store(&mirror->noted[taken[i]], 0);
    *indexes = taken;
    return count;
}

/* ---- messages ---- */

static void begin(const struct hss *hss, struct dm_writer *writer, uint8_t *to)
{
    const struct dm_header header = {.version = DM_VERSION,
                                     .flags = DM_FLAG_REQUEST,
                                     .command = HSS_MIRROR_COMMAND,
                                     .application = SIP_APPLICATION};
    dm_writer_init(writer, to, HSS_MIRROR_ROOM);
    dm_write_header(writer, &header);
    dm_write_avp(writer, 0, DM_AVP_ORIGIN_HOST, DM_AVP_MANDATORY, hss->self.origin_host);
}

size_t hss_mirror_hello(const struct hss *hss, uint8_t *to)
{
    struct dm_writer writer;
    begin(hss, &writer, to);
    return dm_writer_finish(&writer);
}

static void write_state(const struct hss *hss, struct hss_user user, struct dm_writer *writer)
{
    uint32_t type = user.registered ? SIP_REGISTRATION
                    : user.server   ? SIP_UNREGISTERED_USER
                                    : SIP_USER_DEREGISTRATION;
    dm_write32(writer, 0, SIP_SERVER_ASSIGNMENT_TYPE, DM_AVP_MANDATORY, type);
    if (user.server)
        dm_write_avp(writer, 0, SIP_SERVER_URI, DM_AVP_MANDATORY,
                     hss_texts_at(&hss->texts, user.server));
    if (user.pending) {
        size_t group = dm_write_group(writer, 0, SIP_SERVER_CAPABILITIES, DM_AVP_MANDATORY);
        dm_write_avp(writer, 0, SIP_SERVER_URI, DM_AVP_MANDATORY,
                     hss_texts_at(&hss->texts, user.pending));
        dm_write_group_end(writer, group);
    }
    if (user.host)
        dm_write_avp(writer, 0, DM_AVP_DESTINATION_HOST, DM_AVP_MANDATORY,
                     hss_texts_at(&hss->texts, user.host));
}

size_t hss_mirror_write(const struct hss *hss, uint32_t index, bool first, uint8_t *to)
{
    struct dm_writer writer;
    char name[NAME_SIZE_MAX];
    size_t size = name_user(name, index, hss->users.realm);
    begin(hss, &writer, to);
    dm_write_avp(&writer, 0, DM_AVP_USER_NAME, DM_AVP_MANDATORY, dm_bytes_of(name, size));
    write_state(hss, hss_user_read(&hss->users, index), &writer);
    if (first)
        dm_write32(&writer, 0, SIP_USER_DATA_ALREADY_AVAILABLE, DM_AVP_MANDATORY, 1);
    return dm_writer_finish(&writer);
}

/* ---- reading ---- */

static uint32_t number_of(struct hss *hss, dm_bytes chain, uint32_t code)
{
    struct dm_avp avp;
    return dm_avp_find_in(chain, 0, code, &avp) ? hss_texts_number(&hss->texts, avp.data) : 0;
}

static bool read_state(struct hss *hss, dm_bytes chain, struct hss_user *user)
{
    struct dm_avp avp;
    uint32_t type;
    if (!dm_avp_find_in(chain, 0, SIP_SERVER_ASSIGNMENT_TYPE, &avp) || !dm_avp_get32(&avp, &type))
        return false;
    *user = (struct hss_user){.server = number_of(hss, chain, SIP_SERVER_URI),
                              .host = number_of(hss, chain, DM_AVP_DESTINATION_HOST),
                              .registered = type == SIP_REGISTRATION};
    if (dm_avp_find_in(chain, 0, SIP_SERVER_CAPABILITIES, &avp))
        user->pending = number_of(hss, avp.data, SIP_SERVER_URI);
    return true;
}

bool hss_mirror_apply(struct hss *hss, dm_bytes message)
{
    const dm_bytes chain = dm_bytes_of(message.at + DM_HEADER_SIZE, message.size - DM_HEADER_SIZE);
    struct dm_avp avp;
    struct hss_user user;
    uint32_t index;
    if (!dm_avp_find_in(chain, 0, DM_AVP_USER_NAME, &avp)) /* a hello */
        return true;
    if (!name_user_index(avp.data, hss->users.realm, &index) || index >= hss->users.count ||
        !read_state(hss, chain, &user))
        return false;
    bool first = dm_avp_find_in(chain, 0, SIP_USER_DATA_ALREADY_AVAILABLE, &avp);
    struct hss_user was = hss_user_read(&hss->users, index);
    do {
        if (first && (was.server || was.pending))
            return true;
    } while (!hss_user_write(&hss->users, index, &was, user));
    return true;
}
