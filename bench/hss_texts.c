/* hss_texts.c — an open table of pointers that are set once: readers walk it, writers queue. */
#include "bench/hss_texts.h"

#include <stdlib.h>

void hss_texts_init(struct hss_texts *texts)
{
    *texts = (struct hss_texts){.slots = calloc(HSS_TEXT_SLOTS, sizeof(*texts->slots))};
    if (!texts->slots || pthread_mutex_init(&texts->adding, NULL) != 0)
        abort();
}

void hss_texts_fini(struct hss_texts *texts)
{
    for (size_t i = 0; i < HSS_TEXT_SLOTS; i++)
        free(atomic_load(&texts->slots[i]));
    free(texts->slots);
    pthread_mutex_destroy(&texts->adding);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_of(dm_bytes text)
{
    uint64_t hash = text.size, word = 0;
    size_t i = 0;
    for (; i + 8 <= text.size; i += 8) {
        memcpy(&word, text.at + i, 8);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, text.at + i, text.size - i);
    return mix(hash, word);
}

/* The slot where the text is, or the empty one where it belongs. */
static size_t find(const struct hss_texts *texts, dm_bytes text, uint64_t hash,
                   const struct hss_text **found)
{
    size_t i = (size_t)(hash % HSS_TEXT_SLOTS);
    for (;; i = (i + 1) % HSS_TEXT_SLOTS) {
        *found = atomic_load_explicit(&texts->slots[i], memory_order_acquire);
        if (!*found)
            return i;
        if ((*found)->hash == hash &&
            dm_bytes_equal(dm_bytes_of((*found)->at, (*found)->size), text))
            return i;
    }
}

static uint32_t add(struct hss_texts *texts, dm_bytes text, uint64_t hash)
{
    const struct hss_text *found;
    size_t slot = find(texts, text, hash, &found);
    if (found)
        return (uint32_t)slot + 1;
    struct hss_text *made = texts->count < HSS_TEXTS_MAX ? malloc(sizeof(*made) + text.size) : NULL;
    if (!made)
        return 0;
    made->hash = hash;
    made->size = text.size;
    memcpy(made->at, text.at, text.size);
    texts->count++;
    atomic_store_explicit(&texts->slots[slot], made, memory_order_release);
    return (uint32_t)slot + 1;
}

uint32_t hss_texts_number(struct hss_texts *texts, dm_bytes text)
{
    if (text.size == 0 || text.size > HSS_TEXT_SIZE_MAX)
        return 0;
    const struct hss_text *found;
    uint64_t hash = hash_of(text);
    size_t slot = find(texts, text, hash, &found);
    if (found)
        return (uint32_t)slot + 1;
    pthread_mutex_lock(&texts->adding);
    uint32_t number = add(texts, text, hash);
    pthread_mutex_unlock(&texts->adding);
    return number;
}

dm_bytes hss_texts_at(const struct hss_texts *texts, uint32_t number)
{
    if (number == 0)
        return (dm_bytes){0};
    const struct hss_text *text =
        atomic_load_explicit(&texts->slots[number - 1], memory_order_acquire);
    return dm_bytes_of(text->at, text->size);
}
