/* dump.h — a message as readable text, secrets masked (SEC-13). For logs, explain and tests'
 * complaints. */
#pragma once

#include "proto/bytes.h"

/* Writes text of at most `room` octets, always ended by NUL where room > 0; returns the length it
 * would have (as snprintf). Control characters, quotes and backslashes of values are escaped;
 * groups are indented, at most 16 deep. Octets that are no Diameter are shown as hex. */
size_t dm_dump(char *to, size_t room, dm_bytes message);

/* Writes `text` to `to` with control and non-ASCII octets as \xHH and quotes and backslashes
 * escaped. As snprintf. */
size_t dm_escape(char *to, size_t room, dm_bytes text);
