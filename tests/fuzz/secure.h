/* secure.h — what the fuzz targets of secured conversations share: certificates for both sides, and
 * the octets of a conversation that are changed on the way. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>

#include "tests/certificates/certificates.h"
#include "tls/context.h"

static struct certificates certificates;
static struct tls_context *context;

static inline void claim(bool is_true)
{
    if (!is_true)
        abort();
}

static inline void fini(void)
{
    tls_context_unref(context);
    certificates_close(&certificates);
}

static inline void init(void)
{
    char why[TLS_WHY_SIZE];
    certificates_usual(&certificates);
    struct tls_options options = {.certificate = certificates_path(&certificates, "agent.pem"),
                                  .private_key = certificates_path(&certificates, "agent.key"),
                                  .ca = certificates_path(&certificates, "ca.pem"),
                                  .minimum_version = TLS_VERSION_1_2};
    context = tls_context_new(&options, why);
    claim(context != NULL);
    (void)atexit(fini);
}

/* Which octets of a conversation are changed: triples of a place (two octets) and what is added to
 * what stands there, bit by bit. */
struct changes {
    const uint8_t *triples;
    size_t count;
    size_t place; /* in the conversation */
    bool is_changed;
};

static inline void change(struct changes *changes, uint8_t *octets, size_t size)
{
    for (size_t i = 0; i < size; i++, changes->place++) {
        for (size_t k = 0; k < changes->count; k++) {
            size_t place = (size_t)changes->triples[3 * k] << 8 | changes->triples[3 * k + 1];
            if (place != changes->place || changes->triples[3 * k + 2] == 0)
                continue;
            octets[i] ^= changes->triples[3 * k + 2];
            changes->is_changed = true;
        }
    }
}
