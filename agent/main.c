/* main.c — sub-commands, signals, exit status: 0 done, 1 the thing asked for failed, 2 the command
 * line was wrong. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/command_check.h"
#include "agent/command_ctl.h"
#include "agent/command_explain.h"
#include "agent/command_schema.h"
#include "agent/command_test.h"
#include "agent/log.h"
#include "agent/secrets.h"
#include "agent/version.h"

static const char usage[] =
    "usage: antipode run FILE       run in the foreground; SIGHUP reloads, SIGTERM drains and "
    "ends\n"
    "       antipode check FILE     name every mistake of a configuration\n"
    "       antipode explain FILE REQUEST    where a request would go, and why\n"
    "       antipode test FILE EXPECT.yaml   are requests routed as expected?\n"
    "       antipode schema         JSON Schema of the configuration\n"
    "       antipode ctl [--socket PATH] [--json] COMMAND    ask a running agent, or tell it\n"
    "       antipode version        version, build options, libraries\n"
    "       antipode --help\n";

static int command_run(const char *file)
{
    if (!clock_open()) {
        fprintf(stderr, "antipode: the clock page cannot be mapped\n");
        return 1;
    }
    struct conf *conf = conf_load(file, stderr);
    if (!conf)
        return 1;
    struct tls_context *tls;
    if (!secrets_load(conf, &tls, stderr)) {
        conf_free(conf);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    log_open((enum log_level)conf->log_level, conf->log_json);
    log_start();
    int status = agent_run(conf, tls);
    log_stop();
    /* libuv joins its pool in a destructor of the library, after OpenSSL has gone by atexit(): what
     * OpenSSL keeps for a thread that shook hands would be freed by nobody. */
    uv_library_shutdown();
    return status;
}

static int wrong(const char *what, const char *which)
{
    fprintf(stderr, "antipode: %s%s\n%s", what, which, usage);
    return 2;
}

static int with_file(int count, char **arguments, int (*command)(const char *file))
{
    if (count != 3)
        return wrong(arguments[1], ": exactly one FILE is wanted");
    if (!strcmp(arguments[2], "--help")) {
        fputs(usage, stdout);
        return 0;
    }
    return command(arguments[2]);
}

int main(int count, char **arguments)
{
    if (count < 2)
        return wrong("no command", "");
    const char *command = arguments[1];
    if (!strcmp(command, "--help") || !strcmp(command, "-h")) {
        fputs(usage, stdout);
        return 0;
    }
    if (!strcmp(command, "run"))
        return with_file(count, arguments, command_run);
    if (!strcmp(command, "check"))
        return with_file(count, arguments, command_check);
    if (!strcmp(command, "explain"))
        return command_explain(count - 1, arguments + 1);
    if (!strcmp(command, "test"))
        return command_test(count - 1, arguments + 1);
    if (!strcmp(command, "schema"))
        return command_schema(count - 1, arguments + 1);
    if (!strcmp(command, "ctl"))
        return command_ctl(count - 1, arguments + 1);
    if (!strcmp(command, "version") || !strcmp(command, "--version")) {
        if (count == 3 && !strcmp(arguments[2], "--help"))
            return fputs(usage, stdout) < 0;
        if (count > 2)
            return wrong("version", ": no arguments are wanted");
        version_write(stdout);
        return 0;
    }
    return wrong("unknown command ", command);
}
