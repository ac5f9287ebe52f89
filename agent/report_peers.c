/* report_peers.c — peers as JSON, from what the workers said of them. PSM-09. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/clock.h"
#include "agent/net/tcp.h"
#include "agent/report.h"

static const char *role_of(const struct report_row *row)
{
    if (!(row->flags & ROW_KNOWN))
        return NULL;
    return row->flags & ROW_AGENT ? "agent" : row->flags & ROW_CLIENT ? "client" : "server";
}

static const char *order_of(const struct report_row *row)
{
    return row->flags & ROW_DISABLED  ? "disabled"
           : row->flags & ROW_DRAINED ? "drained"
                                      : "enabled";
}

static json_t *applications_of(const struct report_row *row)
{
    if (!(row->flags & ROW_KNOWN))
        return json_null();
    json_t *list = report_made(json_array());
    if (row->flags & ROW_RELAY)
        json_array_append_new(list, report_made(json_string("relay")));
    for (unsigned i = 0; i < row->application_count; i++)
        json_array_append_new(list, report_application(report_applications(row)[i]));
    return list;
}

static json_t *address_of(const struct report_row *row)
{
    char text[80];
    if (!(row->flags & ROW_ADDRESS))
        return json_null();
    tcp_address_text(&row->remote, text, sizeof text);
    return report_made(json_string(text));
}

static json_t *opener_of(const struct report_row *row)
{
    if (!(row->flags & ROW_OPEN))
        return json_null();
    return report_made(json_string(row->flags & ROW_BY_US ? "agent" : "peer"));
}

static void put(json_t *json, const char *name, json_t *value)
{
    json_object_set_new(json, name, report_made(value));
}

/* One that has never been connected and that we do not dial may come by any. */
static json_t *transport_of(const struct report_row *row)
{
    bool is_known = row->flags & (ROW_ADDRESS | ROW_OPEN);
    return is_known ? json_string(conf_transport_name((enum conf_transport)row->transport))
                    : json_null();
}

static json_t *certificate_of(const struct report_row *row)
{
    int64_t left = row->certificate - (int64_t)time(NULL);
    return row->certificate ? json_integer(left > 0 ? left : 0) : json_null();
}

/* A dynamic peer lives no longer than its certificate: PSM-09, SEC-06. */
static json_t *expiry_of(const struct report_row *row)
{
    int64_t left = row->certificate - (int64_t)time(NULL);
    uint64_t expires_in = row->expires_in;
    bool is_bound = row->certificate && !(row->flags & ROW_STATIC);
    uint64_t certificate = (left > 0 ? (uint64_t)left : 0) * NS_PER_S;
    if (is_bound && (!expires_in || certificate < expires_in))
        return report_seconds(certificate);
    return expires_in ? report_seconds(expires_in) : json_null();
}

static void put_connection(json_t *json, const struct report_row *row)
{
    bool is_open = row->flags & ROW_OPEN;
    put(json, "transport", transport_of(row));
    put(json, "security", json_string(row->security));
    put(json, "certificate_expires_in_s", certificate_of(row));
    put(json, "address", address_of(row));
    put(json, "dials", json_boolean(row->flags & ROW_DIALS));
    put(json, "opened_by", opener_of(row));
    put(json, "connection", is_open ? json_integer(row->link) : json_null());
    put(json, "silent_s", is_open ? report_seconds(row->silence) : json_null());
    put(json, "queued_octets", json_integer((json_int_t)row->queued));
    put(json, "busy", json_boolean(row->flags & ROW_BUSY));
    put(json, "failing_over", json_boolean(row->flags & ROW_FAILING));
    put(json, "worker", json_integer(row->home));
}

json_t *report_peer(const struct report_row *row)
{
    bool is_static = row->flags & ROW_STATIC;
    dm_bytes realm = report_realm(row);
    json_t *json = report_made(json_object());
    put(json, "identity", report_text(report_identity(row)));
    put(json, "admitted_by", report_text(report_admitted(row)));
    put(json, "realm", realm.size ? report_text(realm) : json_null());
    put(json, "role", report_name(role_of(row)));
    put(json, "type", json_string(is_static ? "static" : "dynamic"));
    put(json, "expires_in_s", expiry_of(row));
    put(json, "order", json_string(order_of(row)));
    put(json, "state", json_string(dm_state_metric((enum dm_state)row->state)));
    put(json, "since", report_moment(row->age));
    put(json, "for_s", report_seconds(row->age));
    put(json, "watchdog", json_string(dm_watch_state_name((enum dm_watch_state)row->watchdog)));
    put(json, "applications", applications_of(row));
    put(json, "pending", json_integer(row->pending));
    put(json, "oldest_pending_s", row->pending ? report_seconds(row->oldest) : json_null());
    put(json, "in_flight", json_integer(row->in_flight));
    put_connection(json, row);
    return json;
}

/* --- lists of them
 * -------------------------------------------------------------------------------- */

typedef int row_order(const void *a, const void *b);

static int by_slot(const void *a, const void *b)
{
    const struct report_row *left = *(const struct report_row *const *)a;
    const struct report_row *right = *(const struct report_row *const *)b;
    int is_later = !(left->flags & ROW_STATIC) - !(right->flags & ROW_STATIC);
    if (is_later)
        return is_later;
    return (left->peer.slot > right->peer.slot) - (left->peer.slot < right->peer.slot);
}

static int by_age(const void *a, const void *b)
{
    const struct report_row *left = *(const struct report_row *const *)a;
    const struct report_row *right = *(const struct report_row *const *)b;
    if (left->oldest != right->oldest)
        return left->oldest < right->oldest ? 1 : -1;
    return by_slot(a, b);
}

/* In this order; to be freed. */
static const struct report_row **sorted(const struct roll_rows *rows, row_order *order)
{
    size_t at = 0;
    const struct report_row **list = calloc(rows->count + 1, sizeof *list);
    if (!list)
        abort();
    for (size_t i = 0; i < rows->count; i++)
        list[i] = roll_next(rows, &at);
    qsort(list, rows->count, sizeof *list, order);
    return list;
}

json_t *report_peers(const struct roll_rows *rows, const char *only)
{
    const struct report_row **list = sorted(rows, by_slot);
    json_t *peers = report_made(json_array());
    for (size_t i = 0; i < rows->count; i++)
        if (!only || dm_identity_equal(report_identity(list[i]), dm_text(only)))
            json_array_append_new(peers, report_peer(list[i]));
    free(list);
    return report_made(json_pack("{s:o}", "peers", peers));
}

json_t *report_pending(const struct roll_rows *rows)
{
    const struct report_row **list = sorted(rows, by_age);
    json_t *peers = report_made(json_array());
    for (size_t i = 0; i < rows->count; i++)
        if (list[i]->pending)
            json_array_append_new(
                peers, report_made(json_pack("{s:o, s:i, s:o}", "peer",
                                             report_text(report_identity(list[i])), "pending",
                                             (int)list[i]->pending, "oldest_s",
                                             report_seconds(list[i]->oldest))));
    free(list);
    return report_made(json_pack("{s:o}", "peers", peers));
}
