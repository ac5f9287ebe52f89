/* advertise.h — what the routes leave of the applications that are to be advertised. */
#pragma once

#include "agent/conf/key.h"

/* When all of `root` is read: leaves out of the program's applications and the peers' what the
 * agent does not serve. Complains where nothing is left. CEX-05, CEX-06, PXY-01. */
void conf_settle_advertised(struct conf_reading *reading, const struct conf_node *root);
