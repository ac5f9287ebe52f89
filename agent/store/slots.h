/* slots.h — which node of a Redis cluster has a key: 16,384 slots, as CLUSTER SLOTS says, corrected
 * by MOVED and ASK. Pure. */
#pragma once

#include "agent/conf/conf.h"
#include "agent/store/resp.h"

enum { SLOTS_COUNT = 16384 };

/* CRC16 (XMODEM) of the whole name, modulo 16,384: our names have no braces. */
uint16_t slots_of(dm_bytes name);

/* What an error reply says of where to ask instead. */
struct slots_redirect {
    bool is_ask; /* this once; else for good */
    uint16_t slot;
    union conf_socket address;
};

/* False: the error is another one, or names no address that we can dial. `asked` is the node that
 * said so: it leaves its own address out where it does not know it. */
bool slots_redirect_read(dm_bytes error, const union conf_socket *asked,
                         struct slots_redirect *redirect);

/* Calls `take` for each range of the reply of CLUSTER SLOTS. False: it is none; some ranges may
 * have been taken. */
bool slots_read(const redisReply *reply, const union conf_socket *asked,
                void (*take)(void *context, uint16_t from, uint16_t to,
                             const union conf_socket *master),
                void *context);
