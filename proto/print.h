/* print.h — text into room that may end: what does not fit is counted and left out, as snprintf
 * does. */
#pragma once

#include "proto/bytes.h"

struct dm_print {
    char *to;
    size_t room;
    size_t length; /* what it would have with room for all */
};

void dm_print_text(struct dm_print *print, const char *at, size_t size);
/* Of at most 255 octets: for our own words and numbers, not for what a peer sent. */
__attribute__((format(printf, 2, 3))) void dm_print(struct dm_print *print, const char *format,
                                                    ...);
void dm_print_hex(struct dm_print *print, dm_bytes octets);
/* Control and non-ASCII octets as \xHH, a backslash before quotes and backslashes. */
void dm_print_escaped(struct dm_print *print, dm_bytes octets);
void dm_print_quoted(struct dm_print *print, dm_bytes octets);
/* Quoted if all of it can be read, else as hex. */
void dm_print_octets(struct dm_print *print, dm_bytes octets);
/* Ends the text with a NUL where there is room at all; returns its length. */
size_t dm_print_end(struct dm_print *print);
