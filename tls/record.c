/* record.c — heads of DTLS records, read and written. */
#include "tls/record.h"

bool tls_record_read(const uint8_t *octets, size_t size, struct tls_record *record)
{
    if (size < TLS_RECORD_HEAD)
        return false;
    record->type = octets[0];
    record->version = (uint16_t)tls_get(octets + 1, 2);
    record->epoch = (uint16_t)tls_get(octets + 3, 2);
    record->sequence = tls_get(octets + 5, 6);
    record->length = (size_t)tls_get(octets + 11, 2);
    record->fragment = octets + TLS_RECORD_HEAD;
    return tls_record_size(record) <= size;
}

void tls_record_write(uint8_t *head, const struct tls_record *record)
{
    tls_put(head, record->type, 1);
    tls_put(head + 1, record->version, 2);
    tls_put(head + 3, record->epoch, 2);
    tls_put(head + 5, record->sequence, 6);
    tls_put(head + 11, record->length, 2);
}
