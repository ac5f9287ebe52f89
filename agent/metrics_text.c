/* metrics_text.c — the Prometheus text format. Any thread. */
#include "agent/metrics_text.h"

#include <inttypes.h>

#include "agent/clock.h"

struct metrics_family metrics_family(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP antipode_%s %s.\n# TYPE antipode_%s %s\n", name, help, name, type);
    return (struct metrics_family){to, name};
}

static void put_escaped(FILE *to, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n') {
            fputs("\\n", to);
            continue;
        }
        if (*value == '\\' || *value == '"')
            putc('\\', to);
        putc(*value, to);
    }
}

static void put_labels(FILE *to, const struct metrics_label labels[METRICS_LABELS])
{
    char before = '{';
    for (size_t i = 0; i < METRICS_LABELS; i++) {
        if (!labels[i].name)
            continue;
        fprintf(to, "%c%s=\"", before, labels[i].name);
        put_escaped(to, labels[i].value);
        putc('"', to);
        before = ',';
    }
    if (before == ',')
        putc('}', to);
}

static void put_name(struct metrics_family family, const char *suffix, struct metrics_label first,
                     struct metrics_label second)
{
    const struct metrics_label labels[METRICS_LABELS] = {first, second};
    fprintf(family.to, "antipode_%s%s", family.name, suffix);
    put_labels(family.to, labels);
}

void metrics_sample(struct metrics_family family, struct metrics_label first,
                    struct metrics_label second, uint64_t value)
{
    put_name(family, "", first, second);
    fprintf(family.to, " %" PRIu64 "\n", value);
}

static void put_bucket(struct metrics_family family, struct metrics_label label, const char *bound,
                       uint64_t count)
{
    put_name(family, "_bucket", label, metrics_label("le", bound));
    fprintf(family.to, " %" PRIu64 "\n", count);
}

void metrics_histogram(struct metrics_family family, struct metrics_label label,
                       const struct stats_histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i < STATS_BUCKETS; i++) {
        char bound[32] = "+Inf";
        if (i < STATS_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%g", (double)stats_bounds[i] / (double)NS_PER_S);
        count += stats_read(&histogram->bucket[i]);
        put_bucket(family, label, bound, count);
    }
    uint64_t sum = stats_read(&histogram->sum);
    put_name(family, "_sum", label, metrics_no_label());
    fprintf(family.to, " %" PRIu64 ".%09" PRIu64 "\n", sum / NS_PER_S, sum % NS_PER_S);
    put_name(family, "_count", label, metrics_no_label());
    fprintf(family.to, " %" PRIu64 "\n", count);
}
