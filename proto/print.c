/* print.c — text that is cut where its room ends, with hex and escapes. */
#include "proto/print.h"

#include <stdarg.h>
#include <stdio.h>

void dm_print_text(struct dm_print *print, const char *at, size_t size)
{
    if (print->length + 1 < print->room) {
        size_t left = print->room - 1 - print->length;
        memcpy(print->to + print->length, at, size < left ? size : left);
    }
    print->length += size;
}

/* Of at most 255 octets; values of the wire do not come this way. */
__attribute__((format(printf, 2, 3))) void dm_print(struct dm_print *print, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0)
        dm_print_text(print, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

size_t dm_print_end(struct dm_print *print)
{
    if (print->room)
        print->to[print->length < print->room ? print->length : print->room - 1] = '\0';
    return print->length;
}

static void put_hex_octet(struct dm_print *print, uint8_t octet)
{
    static const char digits[] = "0123456789abcdef";
    dm_print_text(print, (const char[]){digits[octet >> 4], digits[octet & 15]}, 2);
}

void dm_print_hex(struct dm_print *print, dm_bytes octets)
{
    dm_print_text(print, "0x", 2);
    for (size_t i = 0; i < octets.size; i++)
        put_hex_octet(print, octets.at[i]);
}

static bool is_printable(uint8_t c)
{
    return c >= ' ' && c <= '~';
}

void dm_print_escaped(struct dm_print *print, dm_bytes octets)
{
    for (size_t i = 0; i < octets.size; i++) {
        uint8_t c = octets.at[i];
        if (!is_printable(c)) {
            dm_print_text(print, "\\x", 2);
            put_hex_octet(print, c);
            continue;
        }
        if (c == '"' || c == '\\')
            dm_print_text(print, "\\", 1);
        dm_print_text(print, (const char *)&octets.at[i], 1);
    }
}

void dm_print_quoted(struct dm_print *print, dm_bytes octets)
{
    dm_print_text(print, "\"", 1);
    dm_print_escaped(print, octets);
    dm_print_text(print, "\"", 1);
}

void dm_print_octets(struct dm_print *print, dm_bytes octets)
{
    for (size_t i = 0; i < octets.size; i++)
        if (!is_printable(octets.at[i])) {
            dm_print_hex(print, octets);
            return;
        }
    dm_print_quoted(print, octets);
}
