/* report_reload.c — what a reload has changed, or would change. */
#include <stdlib.h>
#include <string.h>

#include "agent/reload.h"
#include "agent/report.h"
#include "routing/pool.h"

static json_t *lines_of(const char *text)
{
    json_t *list = report_made(json_array());
    for (const char *at = text; *at;) {
        size_t size = strcspn(at, "\n");
        if (size)
            json_array_append_new(list, report_line(at, size));
        at += size + (at[size] == '\n');
    }
    return list;
}

static json_t *counts_of(const struct conf_counts *counts)
{
    return report_made(json_pack("{s:I, s:I, s:I}", "added", (json_int_t)counts->added, "removed",
                                 (json_int_t)counts->removed, "changed",
                                 (json_int_t)counts->changed));
}

static json_t *moves_of(const struct reload_report *report)
{
    json_t *list = report_made(json_array());
    for (size_t i = 0; i < report->pool_count; i++)
        json_array_append_new(
            list, report_made(json_pack("{s:o, s:f}", "pool", report_name(report->moves[i].pool),
                                        "share", (double)report->moves[i].slots / RT_SLOTS)));
    return list;
}

static void put(json_t *json, const char *name, json_t *value)
{
    json_object_set_new(json, name, report_made(value));
}

json_t *report_reload(const struct reload_report *report)
{
    json_t *json = report_made(json_object());
    if (!report->is_good)
        put(json, "error", json_string("nothing has changed"));
    put(json, "dry_run", json_boolean(report->is_dry));
    put(json, "unchanged", json_boolean(report->is_unchanged));
    put(json, "hash", report_name(report->hash && *report->hash ? report->hash : NULL));
    put(json, "text", lines_of(report->text ? report->text : ""));
    put(json, "peers", counts_of(&report->peers));
    put(json, "peers_reconnected", json_integer(report->peers_reconnected));
    put(json, "pools", counts_of(&report->pools));
    put(json, "routes", counts_of(&report->routes));
    put(json, "policies", counts_of(&report->policies));
    put(json, "subscribers", counts_of(&report->subscribers));
    put(json, "moved", moves_of(report));
    return json;
}
