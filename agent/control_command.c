/* control_command.c — one line in, one JSON object out.
 *
 * An errand is a command on its way: what it wants to know of peers the workers say by letter, long
 * texts are written in libuv's pool of threads, and the main loop goes on meanwhile. */
#include "agent/control_command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/reload.h"
#include "agent/report.h"

struct errand {
    struct agent *agent;
    struct snapshot *snapshot; /* in use while it is under way */
    control_done done;         /* NULL: nobody waits for it any more */
    void *context;
    const char *who;               /* good while control_ask runs */
    char *word[1 + CONTROL_WORDS]; /* copies, in `line` */
    size_t word_count;
    struct roll *roll;
    struct roll_rows rows;
    json_t *json;                      /* what is said already */
    json_t *(*write)(struct errand *); /* says the rest, in the pool */
    uv_work_t work;
    bool is_working;
    bool is_reloading;
    bool is_asking; /* for a reload, which may be over before the call returns */
    bool stops;     /* the agent ends when this is said */
    char *text;
    char line[];
};

/* --- the end of an errand
 * ------------------------------------------------------------------------- */

static void errand_free(struct errand *errand)
{
    roll_rows_free(&errand->rows);
    json_decref(errand->json);
    snapshot_unref(errand->snapshot);
    free(errand->text);
    free(errand);
}

static void render(struct errand *errand)
{
    errand->text = json_dumps(errand->json, JSON_COMPACT);
    if (!errand->text)
        abort();
}

static void finish(struct errand *errand)
{
    struct agent *agent = errand->agent;
    bool stops = errand->stops;
    char *text = errand->text;
    if (errand->done) {
        errand->text = NULL;
        errand->done(errand->context, text, strlen(text));
    }
    errand_free(errand);
    if (stops)
        agent_stop(agent);
}

void control_cancel(struct errand *errand)
{
    errand->done = NULL;
    if (errand->roll) {
        roll_cancel(errand->roll);
        errand_free(errand);
    } else {
        /* it ends when its text is written, or the reload is over */
        assert(errand->is_working || errand->is_reloading);
    }
}

/* Says it now. */
static struct errand *answer(struct errand *errand, json_t *json)
{
    errand->json = json;
    render(errand);
    finish(errand);
    return NULL;
}

/* --- beside the main loop
 * ------------------------------------------------------------------------- */

static void on_work(uv_work_t *work)
{
    struct errand *errand = work->data;
    errand->json = errand->write(errand);
    render(errand);
}

static void on_worked(uv_work_t *work, int status)
{
    (void)status; /* it is never cancelled */
    struct errand *errand = work->data;
    errand->is_working = false;
    finish(errand);
}

static struct errand *write_beside(struct errand *errand, json_t *(*write)(struct errand *))
{
    errand->write = write;
    errand->work.data = errand;
    errand->is_working = true;
    uv_queue_work(&errand->agent->loop, &errand->work, on_work, on_worked);
    return errand;
}

/* --- the commands
 * --------------------------------------------------------------------------------- */

static struct errand *command_status(struct errand *errand)
{
    return answer(errand, report_status(errand->agent));
}

static json_t *write_pools(struct errand *errand)
{
    return report_pools(errand->agent, errand->snapshot->conf);
}

static struct errand *command_pools(struct errand *errand)
{
    return write_beside(errand, write_pools);
}

static json_t *write_routes(struct errand *errand)
{
    return report_routes(errand->agent, errand->snapshot->conf);
}

static struct errand *command_routes(struct errand *errand)
{
    return write_beside(errand, write_routes);
}

static json_t *write_users(struct errand *errand)
{
    return report_users(errand->agent, errand->snapshot->conf, errand->word[1]);
}

static struct errand *command_users(struct errand *errand)
{
    return write_beside(errand, write_users);
}

/* Peers. */

static void on_roll(void *context, struct roll_rows *rows)
{
    struct errand *errand = context;
    errand->roll = NULL;
    errand->rows = *rows;
    write_beside(errand, errand->write);
}

static struct errand *call_roll(struct errand *errand, json_t *(*write)(struct errand *))
{
    errand->write = write;
    errand->roll = roll_call(errand->agent, on_roll, errand);
    return errand->roll ? errand : answer(errand, report_error("too many ask at the same time"));
}

static json_t *write_peers(struct errand *errand)
{
    const char *only = errand->word_count > 1 ? errand->word[1] : NULL;
    json_t *json = report_peers(&errand->rows, only);
    if (!only || json_array_size(json_object_get(json, "peers")))
        return json;
    json_decref(json);
    return report_error("no peer of this name is known");
}

static struct errand *command_peers(struct errand *errand)
{
    return call_roll(errand, write_peers);
}

static json_t *write_pending(struct errand *errand)
{
    json_t *json = report_pending(&errand->rows);
    json_object_set_new(json, "ledger", report_ledger(errand->agent));
    return json;
}

static struct errand *command_pending(struct errand *errand)
{
    return call_roll(errand, write_pending);
}

/* Orders. They are kept by name: of a peer that is not here the front desk alone knows. */

static const char *const causes[] = {"rebooting", "busy", "do_not_want"};

static void on_obeyed(void *context, struct roll_rows *rows)
{
    struct errand *errand = context;
    size_t at = 0;
    const struct report_row *row = roll_next(rows, &at);
    errand->roll = NULL;
    answer(errand, report_made(json_pack("{s:o}", "peer", row ? report_peer(row) : json_null())));
    roll_rows_free(rows);
}

/* May it come, now or later? */
static bool is_admitted(const struct agent *agent, dm_bytes identity)
{
    return agent->conf->compatibility.unknown_peer == CONF_PEER_ACCEPT ||
           conf_peer_for(agent->conf, identity, NULL) >= 0;
}

static struct errand *send_order(struct errand *errand, enum peer_order order,
                                 enum dm_disconnect_cause cause)
{
    struct agent *agent = errand->agent;
    dm_bytes identity = dm_text(errand->word[1]);
    const struct directory_entry *entry = directory_find(&agent->registry.directory, identity);
    log_info(errand->word[1], "control", log_words("{command} by {who}"),
             log_text("command", errand->word[0]), log_text("who", errand->who));
    if (!entry)
        return answer(errand, report_made(json_pack("{s:n}", "peer")));
    unsigned home = agent->registry.slots[entry->peer.slot].home;
    errand->roll = roll_order(agent, entry->peer, home, order, cause, on_obeyed, errand);
    return errand->roll ? errand : answer(errand, report_error("too many ask at the same time"));
}

static bool is_known(const struct agent *agent, dm_bytes identity)
{
    return directory_find(&agent->registry.directory, identity) ||
           orders_find(&agent->orders, identity).identity;
}

/* For the metrics, which another thread reads. */
static void count_orders(struct agent *agent)
{
    uint64_t disabled = 0;
    for (size_t i = 0; i < agent->orders.count; i++)
        disabled += agent->orders.at[i].is_disabled;
    stats_set(&agent->stats.disabled, disabled);
    stats_set(&agent->stats.drained, agent->orders.count - disabled);
}

static struct errand *stand(struct errand *errand, enum peer_order order)
{
    struct agent *agent = errand->agent;
    dm_bytes identity = dm_text(errand->word[1]);
    if (!dm_identity_is_valid(identity) ||
        (!is_known(agent, identity) && !is_admitted(agent, identity)))
        return answer(errand, report_error("no peer of this name is known, or would be let in"));
    bool is_drained = orders_find(&agent->orders, identity).is_drained;
    bool is_disabled = orders_find(&agent->orders, identity).is_disabled;
    is_drained = order == ORDER_DRAIN || (order == ORDER_DISABLE && is_drained);
    is_disabled = order == ORDER_DISABLE || (order == ORDER_DRAIN && is_disabled);
    if (!orders_set(&agent->orders, identity, is_drained, is_disabled))
        return answer(errand, report_error("%d peers are drained or disabled already: enable some",
                                           ORDERS_MAX));
    count_orders(agent);
    return send_order(errand, order, DM_DO_NOT_WANT_TO_TALK_TO_YOU);
}

static struct errand *command_drain(struct errand *errand)
{
    return stand(errand, ORDER_DRAIN);
}

static struct errand *command_enable(struct errand *errand)
{
    return stand(errand, ORDER_ENABLE);
}

static struct errand *command_disable(struct errand *errand)
{
    return stand(errand, ORDER_DISABLE);
}

static struct errand *command_disconnect(struct errand *errand)
{
    const char *wanted = errand->word_count > 2 ? errand->word[2] : causes[DM_REBOOTING];
    if (!directory_find(&errand->agent->registry.directory, dm_text(errand->word[1])))
        return answer(errand, report_error("no peer of this name is known"));
    for (unsigned cause = 0; cause < sizeof causes / sizeof *causes; cause++)
        if (!strcmp(wanted, causes[cause]))
            return send_order(errand, ORDER_DISCONNECT, (enum dm_disconnect_cause)cause);
    return answer(errand, report_error("the cause is rebooting, busy or do_not_want"));
}

/* The program. */

static struct errand *command_log(struct errand *errand)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    for (unsigned level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        if (strcmp(levels[level], errand->word[1]) != 0)
            continue;
        log_set_level((enum log_level)level);
        return answer(errand, report_made(json_pack("{s:s}", "level", levels[level])));
    }
    return answer(errand, report_error("the level is error, warn, info or debug"));
}

static void on_reloaded(void *context, const struct reload_report *report)
{
    struct errand *errand = context;
    errand->json = report_reload(report);
    errand->is_reloading = false;
    if (!errand->is_asking)
        (void)answer(errand, errand->json);
}

static struct errand *command_reload(struct errand *errand)
{
    bool is_dry = errand->word_count > 1;
    if (is_dry && strcmp(errand->word[1], "--dry-run") != 0)
        return answer(errand, report_error("reload takes: [--dry-run]"));
    log_info("-", "control", log_words("{command} by {who}"),
             log_text("command", is_dry ? "reload --dry-run" : "reload"),
             log_text("who", errand->who));
    errand->is_reloading = errand->is_asking = true;
    agent_reload(errand->agent, is_dry, on_reloaded, errand);
    errand->is_asking = false;
    return errand->is_reloading ? errand : answer(errand, errand->json);
}

static struct errand *command_stop(struct errand *errand)
{
    log_info("-", "control", log_words("stop by {who}"), log_text("who", errand->who));
    errand->stops = true;
    return answer(errand, report_made(json_pack("{s:s}", "stage", "draining")));
}

/* --- one line
 * ------------------------------------------------------------------------------------- */

const struct control_command control_commands[] = {
#define COMMAND(name, least, most, words, help) {#name, least, most, words, help},
#include "agent/control.def"
#undef COMMAND
};
const size_t control_command_count = sizeof control_commands / sizeof *control_commands;

static struct errand *(*const carriers[])(struct errand *) = {
#define COMMAND(name, least, most, words, help) command_##name,
#include "agent/control.def"
#undef COMMAND
};

const struct control_command *control_command_named(const char *name)
{
    for (size_t i = 0; i < control_command_count; i++)
        if (!strcmp(control_commands[i].name, name))
            return &control_commands[i];
    return NULL;
}

/* False: more words than any command takes. */
static bool split(struct errand *errand)
{
    char *rest = NULL;
    for (char *word = strtok_r(errand->line, " \t\r", &rest); word;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (errand->word_count == sizeof errand->word / sizeof *errand->word)
            return false;
        errand->word[errand->word_count++] = word;
    }
    return true;
}

struct errand *control_ask(struct agent *agent, const char *line, const char *who,
                           control_done done, void *context)
{
    size_t size = strlen(line) + 1;
    struct errand *errand = calloc(1, sizeof *errand + size);
    if (!errand)
        abort();
    errand->agent = agent;
    errand->snapshot = snapshot_ref(agent->snapshot);
    errand->done = done;
    errand->context = context;
    errand->who = who;
    memcpy(errand->line, line, size);
    bool is_short = split(errand);
    if (errand->word_count == 0)
        return answer(errand, report_error("no command"));
    const struct control_command *command = control_command_named(errand->word[0]);
    if (!strcmp(errand->word[0], "trace"))
        return answer(errand, report_error("trace is not built yet"));
    if (!command)
        return answer(errand, report_error("unknown command"));
    size_t words = errand->word_count - 1;
    if (!is_short || words < command->least || words > command->most)
        return answer(errand, report_error("%s takes: %s", command->name,
                                           *command->words ? command->words : "nothing"));
    return carriers[command - control_commands](errand);
}
