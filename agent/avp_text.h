/* avp_text.h — an AVP from a name and a value as a person writes them: SIP-AOR, sip:alice@….
 *
 * A name is one of the dictionary, or CODE or VENDOR:CODE; A/B is B in a group A. Values are text,
 * numbers (enumerations, too), seconds since 1970, IP addresses; octets and groups as 0x and hex,
 * octets as text, too. */
#pragma once

#include "proto/dict.h"

enum { AVP_TEXT_WHY = 160 };

/* Writes the AVP; false with the reason in `why`. That there was no room is known by the writer. */
bool avp_text_write(struct dm_writer *writer, const char *name, const char *value,
                    char why[AVP_TEXT_WHY]);

/* What is known of the AVP of this name (of `size` octets; no groups); an unknown number is octets
 * without M, and has no name. False: no such name. */
bool avp_text_find(const char *name, size_t size, struct dm_avp_info *info);

/* Writes one AVP as `info` says. */
bool avp_text_write_as(struct dm_writer *writer, const struct dm_avp_info *info, const char *value,
                       char why[AVP_TEXT_WHY]);

/* Is this a name of (vendor 0, code)? */
bool avp_text_names(const char *name, uint32_t code);
