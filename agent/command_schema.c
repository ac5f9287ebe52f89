/* command_schema.c — `antipode schema`: what an editor needs to help with antipode.yaml. */
#include "agent/command_schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/conf/schema.h"

static const char usage[] = "usage: antipode schema\n"
                            "Writes the JSON Schema of the configuration to standard output.\n";

int command_schema(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (count != 1) {
        fprintf(stderr, "antipode schema: no arguments are wanted\n%s", usage);
        return 2;
    }
    json_t *schema = conf_schema();
    bool is_written = json_dumpf(schema, stdout, JSON_INDENT(2)) == 0;
    json_decref(schema);
    return is_written && putchar('\n') != EOF && fflush(stdout) == 0 ? 0 : 1;
}
