/* assoc_send.c — messages out; the keys that authenticate them. */
#include <errno.h>
#include <string.h>

#include <usrsctp.h>

#include "agent/sctp/assoc_private.h"

enum { KEY_MAX = 64, CHUNK_TYPES = 256 };

int assoc_send(struct assoc *assoc, const void *octets, size_t size, struct assoc_manner manner)
{
    struct sctp_sndinfo info = {.snd_sid = manner.stream,
                                .snd_flags = manner.is_unordered ? SCTP_UNORDERED : 0,
                                .snd_ppid = htonl(manner.ppid)};
    ssize_t sent = usrsctp_sendv(assoc->socket, octets, size, NULL, 0, &info, sizeof info,
                                 SCTP_SENDV_SNDINFO, 0);
    if (sent < 0)
        return errno == EINTR || errno == ENOBUFS ? -EAGAIN : -errno;
    return (size_t)sent == size ? 0 : -EIO; /* it takes all or nothing */
}

/* --- authentication. RFC 4895, RFC 6083 §4.8 ----------------------------------------------------
 */

/* As usrsctp 0.9.5 writes it, unlike its header: the number stands in front of the list. */
struct chunk_list {
    sctp_assoc_t id;
    uint32_t count;
    uint8_t chunks[CHUNK_TYPES];
};

bool assoc_is_authenticated(const struct assoc *assoc)
{
    struct chunk_list list = {0};
    socklen_t size = sizeof list;
    if (usrsctp_getsockopt(assoc->socket, IPPROTO_SCTP, SCTP_PEER_AUTH_CHUNKS, &list, &size) ||
        list.count > CHUNK_TYPES)
        return false;
    return memchr(list.chunks, SCTP_DATA, list.count) != NULL;
}

bool assoc_key_set(struct assoc *assoc, uint16_t key, const uint8_t *secret, size_t size)
{
    _Alignas(struct sctp_authkey) uint8_t room[sizeof(struct sctp_authkey) + KEY_MAX] = {0};
    struct sctp_authkey *option = (struct sctp_authkey *)(void *)room;
    if (size > KEY_MAX)
        return false;
    option->sca_keynumber = key;
    option->sca_keylength = (uint16_t)size;
    memcpy(option->sca_key, secret, size);
    bool works = usrsctp_setsockopt(assoc->socket, IPPROTO_SCTP, SCTP_AUTH_KEY, option,
                                    (socklen_t)(sizeof *option + size)) == 0;
    explicit_bzero(room, sizeof room);
    return works;
}

bool assoc_key_option(struct assoc *assoc, int option, uint16_t key)
{
    struct sctp_authkeyid id = {.scact_keynumber = key};
    return usrsctp_setsockopt(assoc->socket, IPPROTO_SCTP, option, &id, sizeof id) == 0;
}

bool assoc_key_use(struct assoc *assoc, uint16_t key)
{
    return assoc_key_option(assoc, SCTP_AUTH_ACTIVE_KEY, key);
}

bool assoc_key_delete(struct assoc *assoc, uint16_t key)
{
    return assoc_key_option(assoc, SCTP_AUTH_DEACTIVATE_KEY, key);
}
