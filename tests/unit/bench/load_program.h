/* load_program.h — runs antipode-load as its user does and reads its JSON report. */
#pragma once

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct load_outcome {
    int status;
    json_t *report; /* NULL if there is none */
    char text[65536];
};

static inline void outcome_read(struct load_outcome *outcome, FILE *from)
{
    size_t size = fread(outcome->text, 1, sizeof(outcome->text) - 1, from);
    outcome->text[size] = 0;
    int status = pclose(from);
    outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const char *json = strchr(outcome->text, '{');
    outcome->report = json ? json_loads(json, 0, NULL) : NULL;
}

/* `options` behind --connect ADDRESS --report json; its complaints come with the text. */
static inline struct load_outcome *load_run(const char *address, const char *options)
{
    static struct load_outcome outcome;
    char line[1024];
    snprintf(line, sizeof(line),
             "timeout 120 " BIN_DIR "/antipode-load --connect %s --report json %s 2>&1", address,
             options);
    outcome_read(&outcome, popen(line, "r"));
    return &outcome;
}

static inline void outcome_drop(struct load_outcome *outcome)
{
    json_decref(outcome->report);
}

static inline json_int_t number_of(const struct load_outcome *outcome, const char *name)
{
    cr_assert_not_null(outcome->report, "no report: %s", outcome->text);
    json_t *value = json_object_get(outcome->report, name);
    cr_assert(json_is_integer(value), "no number %s in: %s", name, outcome->text);
    return json_integer_value(value);
}

static inline json_int_t error_of(const struct load_outcome *outcome, const char *name)
{
    cr_assert_not_null(outcome->report, "no report: %s", outcome->text);
    json_t *value = json_object_get(json_object_get(outcome->report, "errors"), name);
    cr_assert(json_is_integer(value), "no error %s in: %s", name, outcome->text);
    return json_integer_value(value);
}

static inline json_int_t result_of(const struct load_outcome *outcome, const char *code)
{
    return json_integer_value(json_object_get(json_object_get(outcome->report, "results"), code));
}
