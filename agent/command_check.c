/* command_check.c — `antipode check FILE`: what `run` would say of the file, without running. */
#include "agent/command_check.h"

#include "agent/conf/conf.h"

int command_check(const char *file)
{
    struct conf *conf = conf_load(file, stdout);
    if (conf)
        printf("%s: ok\n", file);
    conf_free(conf);
    return conf ? 0 : 1;
}
