/* lab_private.h — what the files of the lab say to each other. */
#pragma once

#include "tests/lab/lab.h"

bool lab_write_config(const struct lab *lab);
/* Starts `antipode command config` with its standard output and error in `log`; its process
 * dies with this one. */
pid_t lab_spawn(const char *command, const char *config, const char *log, const char *clock);
/* The end of a text file, at most `room` - 1 octets. */
void lab_read_tail(const char *path, char *text, size_t room);

/* Answers of the control socket. */
void lab_answers_free(void);

struct sockaddr_storage;
/* The loopback address with this port; returns its size. */
unsigned lab_loopback(struct sockaddr_storage *at, bool ipv6, uint16_t port);
