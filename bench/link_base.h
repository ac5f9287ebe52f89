/* link_base.h — what two neighbours say to each other only: capabilities, watchdog, disconnect. For
 * link.c. */
#pragma once

#include "bench/link.h"

/* How long this link waits for the connection and the CEA. */
uint64_t link_patience(const struct link *link);

void link_send_cer(struct link *link);
/* A base command, or anything before the link is open or while it closes. */
void link_base_message(struct link *link, const struct dm_header *header, dm_bytes message);
/* The link's timer fired: too late, or time for a watchdog. */
void link_tick(struct link *link);
