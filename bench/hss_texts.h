/* hss_texts.h — SIP server URIs and Origin-Hosts, each kept once and named by a number from 1.
 *
 * Any thread may ask. Nothing is ever forgotten, so a text is found without a lock and lives as
 * long as the table. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "proto/bytes.h"

enum { HSS_TEXT_SLOTS = 1 << 17, HSS_TEXTS_MAX = HSS_TEXT_SLOTS / 2, HSS_TEXT_SIZE_MAX = 1024 };

struct hss_text {
    uint64_t hash;
    size_t size;
    uint8_t at[];
};

struct hss_texts {
    struct hss_text *_Atomic *slots;
    pthread_mutex_t adding;
    uint32_t count;
};

void hss_texts_init(struct hss_texts *texts);
void hss_texts_fini(struct hss_texts *texts);
/* The number of a text, which is kept if it is new; 0 where it is empty, too long, or the table is
 * full. */
uint32_t hss_texts_number(struct hss_texts *texts, dm_bytes text);
/* The text of a number; empty for 0. */
dm_bytes hss_texts_at(const struct hss_texts *texts, uint32_t number);
