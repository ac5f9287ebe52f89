/* guest_letter.h — what workers and the front desk write each other about guests. */
#pragma once

#include "agent/guest.h"
#include "agent/mailbox.h"

/* MAIL_DIAL: a worker wants this host. */
struct dial_letter {
    struct letter letter;
    struct guest_wish wish; /* its host follows */
    uint16_t size;
    char host[];
};

/* MAIL_GUEST: the front desk brings it home. */
struct guest_letter {
    struct letter letter;
    rt_peer peer;
    struct name *name;   /* a reference */
    struct guest *guest; /* on the heap */
};

/* MAIL_SETTLED: to all workers. */
struct settled_letter {
    struct letter letter;
    uint64_t what;
    bool is_open;
};
