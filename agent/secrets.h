/* secrets.h — what `tls` and its files make: read at the start and at each reload. Any thread. */
#pragma once

#include <stdio.h>

#include "agent/conf/conf.h"
#include "tls/context.h"

/* Reads the files of `conf->tls`; `context` is NULL where there is no `tls`. False, with a line in
 * `complaints`, where one of them is wrong. */
bool secrets_load(const struct conf *conf, struct tls_context **context, FILE *complaints);
