/* secrets.h — what `tls` and its files make: read at the start and at each reload. Any thread. */
#pragma once

#include <stdio.h>

#include "agent/conf/conf.h"
#include "tls/context.h"

/* Reads the files. NULL where one of them is wrong: `why` begins with its path. */
struct tls_context *secrets_make(const struct conf_tls *tls, char why[TLS_WHY_SIZE]);
/* Reads the files of `conf->tls`; `context` is NULL where there is no `tls`. False, with a line in
 * `complaints`, where one of them is wrong. */
bool secrets_load(const struct conf *conf, struct tls_context **context, FILE *complaints);
