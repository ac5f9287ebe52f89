/* hss_redirect.c — a Subscriber Locator: names the server that has the user, and does nothing else.
 *
 * RFC 4740 §6.8, RFC 6733 §6.1.8, §6.13: ALL_USER, for what else is asked about him. */
#include "bench/hss_turn.h"

enum { ALL_USER = 6, CACHE_SECONDS = 3600 };

/* User i is at the server i modulo how many there are; nobody's at the first. */
static uint32_t place_of(const struct hss_turn *turn)
{
    uint32_t index;
    return hss_turn_identify(turn, &index) == DM_OK ? index % turn->hss->policy.redirects : 0;
}

void hss_redirect(struct hss_turn *turn)
{
    char text[DM_URI_MAX];
    size_t size = dm_uri_write(text, sizeof(text), &turn->hss->policy.redirect[place_of(turn)]);
    hss_turn_code(turn, 0, DM_REDIRECT_INDICATION);
    hss_put_text(turn, 0, DM_AVP_REDIRECT_HOST, dm_bytes_of(text, size));
    dm_write32(&turn->out, 0, DM_AVP_REDIRECT_HOST_USAGE, DM_AVP_MANDATORY, ALL_USER);
    dm_write32(&turn->out, 0, DM_AVP_REDIRECT_MAX_CACHE_TIME, DM_AVP_MANDATORY, CACHE_SECONDS);
}
