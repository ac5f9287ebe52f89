/* hss_registrar.c — which code when. RFC 4740 §8.2, §8.4, §8.6, §8.8. */
#include "bench/hss_registrar.h"

/* The server that is at it now: one that has challenged the user comes before the one that served
 * him. */
static uint32_t current_server(struct hss_user user)
{
    return user.pending ? user.pending : user.server;
}

struct hss_verdict hss_registrar_authorize(struct hss_user user, uint32_t type,
                                           bool always_capabilities)
{
    uint32_t server = current_server(user);
    if (type > SIP_AUTHORIZE_CAPABILITIES)
        return (struct hss_verdict){.result = DM_INVALID_AVP_VALUE};
    if (type == SIP_AUTHORIZE_CAPABILITIES)
        return (struct hss_verdict){.result = DM_SUCCESS, .capabilities = true};
    if (type == SIP_AUTHORIZE_DEREGISTRATION)
        return (struct hss_verdict){
            .result = server ? DM_SUCCESS : DM_ERROR_IDENTITY_NOT_REGISTERED, .server = server};
    if (!server)
        return (struct hss_verdict){.result = DM_FIRST_REGISTRATION, .capabilities = true};
    return (struct hss_verdict){.result = always_capabilities ? DM_SERVER_SELECTION
                                                              : DM_SUBSEQUENT_REGISTRATION,
                                .server = server,
                                .capabilities = always_capabilities};
}

struct hss_verdict hss_registrar_locate(struct hss_user user, bool unregistered_services)
{
    uint32_t server = user.server ? user.server : user.pending;
    if (server)
        return (struct hss_verdict){.result = DM_SUCCESS, .server = server};
    if (unregistered_services)
        return (struct hss_verdict){.result = DM_UNREGISTERED_SERVICE, .capabilities = true};
    return (struct hss_verdict){.result = DM_ERROR_IDENTITY_NOT_REGISTERED};
}

static struct hss_verdict assign_server(struct hss_user *user, uint32_t server, bool registered)
{
    if (!server)
        server = current_server(*user);
    if (!server)
        return (struct hss_verdict){.result = DM_MISSING_AVP};
    user->server = server;
    user->pending = 0;
    user->registered = registered;
    return (struct hss_verdict){.result = DM_SUCCESS, .server = server};
}

/* Only from whom serves him: NO_ASSIGNMENT asks for the profile and moves nobody. */
static struct hss_verdict assign_nothing(struct hss_user *user, uint32_t server)
{
    if (!server || server != user->server)
        return (struct hss_verdict){.result = DM_UNABLE_TO_COMPLY};
    user->pending = 0;
    return (struct hss_verdict){.result = DM_SUCCESS, .server = server};
}

static struct hss_verdict deregister(struct hss_user *user, bool keep)
{
    bool kept = keep && user->server;
    *user = (struct hss_user){.server = kept ? user->server : 0, .host = kept ? user->host : 0};
    return (struct hss_verdict){.result =
                                    keep && !kept ? DM_SUCCESS_SERVER_NAME_NOT_STORED : DM_SUCCESS};
}

struct hss_verdict hss_registrar_assign(struct hss_user *user, uint32_t type, uint32_t server)
{
    switch (type) {
    case SIP_NO_ASSIGNMENT:
        return assign_nothing(user, server);
    case SIP_REGISTRATION:
    case SIP_RE_REGISTRATION:
        return assign_server(user, server, true);
    case SIP_UNREGISTERED_USER:
        return assign_server(user, server, false);
    case SIP_TIMEOUT_DEREGISTRATION_STORE:
    case SIP_USER_DEREGISTRATION_STORE:
        return deregister(user, true);
    case SIP_TIMEOUT_DEREGISTRATION:
    case SIP_USER_DEREGISTRATION:
    case SIP_ADMINISTRATIVE_DEREGISTRATION:
    case SIP_AUTHENTICATION_FAILURE:
    case SIP_AUTHENTICATION_TIMEOUT:
    case SIP_DEREGISTRATION_TOO_MUCH_DATA:
        return deregister(user, false);
    default:
        return (struct hss_verdict){.result = DM_INVALID_AVP_VALUE};
    }
}

void hss_registrar_await(struct hss_user *user, uint32_t server)
{
    user->pending = server == user->server ? 0 : server;
}
