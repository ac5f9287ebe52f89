/* command_check.c — `antipode check` and `antipode version`, as their user sees them. */
#include "agent/command_check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "agent/version.h"

#define LEAST TEST_DATA "/conf/least.yaml"

/* Runs `check` with standard output in a file; the caller frees what it says. */
static char *check(const char *file, int *status)
{
    FILE *heard = tmpfile();
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    dup2(fileno(heard), STDOUT_FILENO);
    *status = command_check(file);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    rewind(heard);
    char *said = calloc(1, 4096);
    size_t size = fread(said, 1, 4095, heard);
    said[size] = '\0';
    fclose(heard);
    return said;
}

Test(command_check, a_good_file_is_ok)
{
    int status;
    char *said = check(LEAST, &status);
    cr_assert_eq(status, 0);
    cr_assert_str_eq(said, LEAST ": ok\n");
    free(said);
}

Test(command_check, mistakes_are_lines_and_end_with_1)
{
    int status;
    char *said = check(TEST_DATA "/conf/ten-mistakes.yaml", &status);
    size_t lines = 0;
    for (const char *at = said; *at; at++)
        lines += *at == '\n';
    cr_assert_eq(status, 1);
    cr_assert_eq(lines, 10);
    free(said);
}

Test(command_check, a_file_that_is_not_there_ends_with_1)
{
    int status;
    char *said = check("/nowhere", &status);
    cr_assert_eq(status, 1);
    cr_assert_str_eq(said, "/nowhere: No such file or directory\n");
    free(said);
}

Test(version, it_says_what_it_is_and_whether_time_can_be_moved)
{
    char *said = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&said, &size);
    version_write(to);
    fclose(to);
    cr_assert_not_null(strstr(said, "antipode " ANTIPODE_VERSION "\n"));
    cr_assert_not_null(strstr(said, "\nlab clock: "));
    cr_assert_not_null(strstr(said, "\nlibyaml: "));
    cr_assert_not_null(strstr(said, "\nopenssl: 3."));
    free(said);
}
