/* command_check.c — `antipode check FILE`: what `run` would say of the file, without running. */
#include "agent/command_check.h"

#include "agent/secrets.h"

int command_check(const char *file)
{
    struct tls_context *tls = NULL;
    struct conf *conf = conf_load(file, stdout);
    bool is_good = conf && secrets_load(conf, &tls, stdout);
    if (is_good)
        printf("%s: ok\n", file);
    tls_context_unref(tls);
    if (conf)
        conf_free(conf);
    return is_good ? 0 : 1;
}
