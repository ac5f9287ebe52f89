/* log.c — who, what, why: as text, as JSON, through the writer, and never more than ten a second.
 */
#include "agent/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <criterion/criterion.h>

#include "agent/log_limit.h"
#include "agent/log_ring.h"

enum { SAID_MAX = 1 << 20 };

static int before = -1;
static FILE *heard;

/* From here on standard error is a file. */
static void listen_to_stderr(void)
{
    fflush(stderr);
    heard = tmpfile();
    before = dup(STDERR_FILENO);
    dup2(fileno(heard), STDERR_FILENO);
}

/* What was said since; the caller frees it. */
static char *what_was_said(void)
{
    dup2(before, STDERR_FILENO);
    close(before);
    char *said = calloc(1, SAID_MAX);
    rewind(heard);
    size_t size = fread(said, 1, SAID_MAX - 1, heard);
    said[size] = '\0';
    fclose(heard);
    return said;
}

static void claim_said(const char *expected)
{
    char *said = what_was_said();
    cr_assert_str_eq(said, expected);
    free(said);
}

static size_t lines_of(const char *said)
{
    size_t lines = 0;
    for (; *said; said++)
        lines += *said == '\n';
    return lines;
}

static json_t *json_said(void)
{
    char *said = what_was_said();
    json_error_t error;
    json_t *json = json_loads(said, 0, &error);
    cr_assert_not_null(json, "%s: %s", error.text, said);
    free(said);
    return json;
}

static const char *member(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

/* Text. */

Test(log, a_line_names_who_what_and_why)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    log_warn("hss1.example.net", "closed", log_words("no answer to the watchdog for {seconds}s"),
             log_number("seconds", 30));
    claim_said("WARN hss1.example.net: closed: no answer to the watchdog for 30s\n");
}

Test(log, words_need_no_values_and_values_stand_where_they_are_named)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    log_info("-", "start", log_words("ready"));
    log_error("-", "start", log_words("{file}: {why}, {file} {nothing} {"), log_text("why", "gone"),
              log_text("file", "a.yaml"));
    claim_said("INFO -: start: ready\n"
               "ERROR -: start: a.yaml: gone, a.yaml {nothing} {\n");
}

Test(log, a_level_that_is_off_says_nothing)
{
    log_open(LOG_WARN, false);
    listen_to_stderr();
    log_info("-", "start", log_words("ready"));
    log_set_level(LOG_DEBUG);
    log_debug("-", "start", log_words("now"));
    claim_said("DEBUG -: start: now\n");
}

Test(log, what_peers_said_stays_on_one_line)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    log_info("a\nb", "closed", log_words("{said}"), log_text("said", "\x1b[1m\xff\\ \"x\"\r\n"));
    claim_said("INFO a\\x0ab: closed: \\x1b[1m\\xff\\\\ \"x\"\\x0d\\x0a\n");
}

Test(log, a_text_without_end_is_cut)
{
    char endless[10000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    log_open(LOG_INFO, true);
    listen_to_stderr();
    log_info(endless, endless, log_words(endless), log_text("a", endless), log_text("b", endless));
    json_t *json = json_said();
    cr_assert_eq(strlen(member(json, "peer")), 512);
    json_decref(json);
}

Test(log, a_line_of_escapes_alone_is_still_json)
{
    char worst[600];
    memset(worst, '\xff', sizeof worst - 1);
    worst[sizeof worst - 1] = '\0';
    log_open(LOG_INFO, true);
    listen_to_stderr();
    log_info(worst, worst, log_words("{a}{a}{b}"), log_text("a", worst), log_text("b", worst));
    json_decref(json_said());
}

/* JSON. */

Test(log, json_has_the_values_by_name)
{
    log_open(LOG_INFO, true);
    listen_to_stderr();
    log_warn("hss1", "closed", log_words("silent for {seconds}s: {why}"),
             log_number("seconds", -30), log_text("why", "\"quoted\"\t\\"));
    json_t *json = json_said();
    cr_assert_str_eq(member(json, "level"), "warn");
    cr_assert_str_eq(member(json, "peer"), "hss1");
    cr_assert_str_eq(member(json, "event"), "closed");
    cr_assert_str_eq(member(json, "message"), "silent for -30s: \"quoted\"\\x09\\\\");
    cr_assert_eq(json_integer_value(json_object_get(json, "seconds")), -30);
    cr_assert_str_eq(member(json, "why"), "\"quoted\"\\x09\\\\");
    json_decref(json);
}

Test(log, json_has_the_time_as_rfc_3339_says)
{
    log_open(LOG_INFO, true);
    listen_to_stderr();
    log_info("-", "start", log_words("ready"));
    json_t *json = json_said();
    unsigned n[7];
    const char *time = member(json, "time");
    cr_assert_eq(strlen(time), strlen("2026-01-01T00:00:00.000Z"));
    cr_assert_eq(
        sscanf(time, "%4u-%2u-%2uT%2u:%2u:%2u.%3uZ", n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6),
        7);
    json_decref(json);
}

/* The writer. */

static void *say_many(void *name)
{
    char who[32];
    for (int i = 0; i < 100; i++) {
        snprintf(who, sizeof who, "%s.%d", (const char *)name, i);
        log_info(who, "opened", log_words("number {number}"), log_number("number", i));
    }
    return NULL;
}

Test(log, lines_of_all_threads_are_written_whole)
{
    static char names[][4] = {"a", "b", "c", "d"};
    log_open(LOG_INFO, false);
    listen_to_stderr();
    cr_assert(log_start());
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, say_many, names[i]);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    log_stop();
    char *said = what_was_said();
    cr_assert_eq(lines_of(said) + log_dropped(), 400);
    cr_assert_not_null(strstr(said, "INFO d.99: opened: number 99\n"));
    free(said);
}

Test(log, a_thread_finds_its_lines_in_its_order)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    cr_assert(log_start());
    log_info("a", "first", log_words("1"));
    log_info("a", "second", log_words("2"));
    log_stop();
    log_info("a", "third", log_words("3"));
    claim_said("INFO a: first: 1\nINFO a: second: 2\nINFO a: third: 3\n");
}

Test(log, it_may_start_again)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    for (int i = 0; i < 3; i++) {
        cr_assert(log_start());
        log_info("a", "start", log_words("{i}"), log_number("i", i));
        log_stop();
        log_stop();
    }
    claim_said("INFO a: start: 0\nINFO a: start: 1\nINFO a: start: 2\n");
}

/* One line: a hundred of them fit into one ring, however slow the writer is. */
static void *say_one(void *name)
{
    log_info(name, "line", log_words("here"));
    return NULL;
}

Test(log, threads_that_ended_hand_their_rings_on)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    cr_assert(log_start());
    for (size_t i = 0; i < 100; i++) {
        static char name[] = "a";
        pthread_t thread;
        pthread_create(&thread, NULL, say_one, name);
        pthread_join(thread, NULL);
        log_info("b", "joined", log_words("{i}"), log_number("i", (int64_t)i));
    }
    log_stop();
    free(what_was_said());
    cr_assert_eq(log_dropped(), 0);
}

/* ERR-12: the second is the record's own. */

static struct log_limit limit;
static uint32_t suppressed;
static unsigned sayings;

static void note(const struct log_limit_entry *entry)
{
    suppressed = entry->suppressed;
    sayings++;
}

static bool passes(const char *who, const char *event, uint64_t milliseconds)
{
    struct log_record record = {
        LOG_INFO, (UINT64_C(1000000) + milliseconds) * 1000000, who, event, NULL, 0};
    return log_limit_pass(&limit, &record, note);
}

Test(log_limit, ERR_12_ten_identical_lines_a_second_pass)
{
    for (unsigned i = 0; i < 10; i++)
        cr_assert(passes("a", "closed", i));
    cr_assert_not(passes("a", "closed", 999));
    cr_assert_eq(sayings, 0);
}

Test(log_limit, ERR_12_the_next_second_says_how_many_were_left_out)
{
    for (unsigned i = 0; i < 25; i++)
        passes("a", "closed", i);
    cr_assert(passes("a", "closed", 1000));
    cr_assert_eq(suppressed, 15);
    cr_assert_eq(sayings, 1);
}

Test(log_limit, ERR_12_it_is_said_even_if_no_line_follows)
{
    for (unsigned i = 0; i < 11; i++)
        passes("a", "closed", i);
    log_limit_expire(&limit, UINT64_C(1000000) * 1000000 + 999999999, note);
    cr_assert_eq(sayings, 0);
    log_limit_expire(&limit, UINT64_C(1000001) * 1000000000, note);
    cr_assert_eq(suppressed, 1);
    log_limit_expire(&limit, UINT64_MAX, note);
    cr_assert_eq(sayings, 1);
}

Test(log_limit, other_peers_and_other_events_have_their_own_ten)
{
    for (unsigned i = 0; i < 11; i++)
        passes("a", "closed", i);
    cr_assert(passes("b", "closed", 11));
    cr_assert(passes("a", "opened", 11));
}

Test(log_limit, a_clock_that_was_set_back_ends_the_second)
{
    for (unsigned i = 0; i < 11; i++)
        passes("a", "closed", 5000);
    cr_assert(passes("a", "closed", 0));
}

Test(log_limit, the_log_itself_says_it)
{
    log_open(LOG_INFO, false);
    listen_to_stderr();
    cr_assert(log_start());
    for (int i = 0; i < 25; i++)
        log_info("a", "closed", log_words("again"));
    log_stop();
    char *said = what_was_said();
    const char *line = strstr(said, "more within a second");
    cr_assert_not_null(line);
    cr_assert_lt(lines_of(said), 25);
    free(said);
}

/* Rings. */

Test(log_ring, a_full_ring_refuses_and_goes_on_when_it_was_read)
{
    static struct log_ring ring;
    uint8_t record[LOG_RECORD_MAX] = {0};
    unsigned taken = 0;
    while (log_ring_put(&ring, record, sizeof record))
        taken++;
    cr_assert_eq(taken, LOG_RING_SIZE / (LOG_RECORD_MAX + 4));
    cr_assert(log_ring_take(&ring, record));
    cr_assert(log_ring_put(&ring, record, sizeof record));
    for (; taken; taken--)
        cr_assert(log_ring_take(&ring, record));
    cr_assert_not(log_ring_take(&ring, record));
}

Test(log_ring, records_survive_the_end_of_the_ring)
{
    static struct log_ring ring;
    uint8_t record[LOG_RECORD_MAX];
    for (unsigned i = 0; i < 1000; i++) {
        memset(record, (int)(i & 0xff), sizeof record);
        cr_assert(log_ring_put(&ring, record, 1 + i * 4));
        memset(record, 0, sizeof record);
        cr_assert(log_ring_take(&ring, record));
        cr_assert_eq(record[0], i & 0xff);
        cr_assert_eq(record[i * 4], i & 0xff);
    }
}
