/* lab_redirect.c — what the tests of redirects share. */
#include "tests/lab/redirect.h"

struct redirect_bed redirect_bed(struct lab_plan plan)
{
    struct redirect_bed bed = {.lab = lab_start(plan)};
    struct lab_peer **servers[] = {&bed.d1, &bed.s1, &bed.s2};
    for (size_t i = 0; i < bed.lab->server_count; i++) {
        struct lab_peer *server = lab_server(bed.lab, bed.lab->servers[i].identity);
        if (i < sizeof(servers) / sizeof(*servers))
            *servers[i] = server;
    }
    bed.c1 = lab_client(bed.lab, C1);
    return bed;
}

struct lab_message *redirect_to(const struct lab_peer *from, const struct lab_message *request,
                                const char *uri, uint32_t usage, uint32_t seconds)
{
    struct lab_message *answer = lab_answer_to(from, request, 3006);
    if (uri)
        with_text(answer, REDIRECT_HOST, uri);
    if (usage != DONT_CACHE)
        with_number(with_number(answer, REDIRECT_HOST_USAGE, usage), REDIRECT_MAX_CACHE_TIME,
                    seconds);
    return answer;
}

struct lab_message *redirect_at_d1(struct redirect_bed *bed, const char *uri, uint32_t usage,
                                   uint32_t seconds)
{
    struct lab_message *request = lab_take(bed->d1);
    cr_assert(request && lab_flags(request) & R);
    struct lab_message *answer = redirect_to(bed->d1, request, uri, usage, seconds);
    lab_send(bed->d1, answer);
    return answer;
}

void expect_followed(struct redirect_bed *bed, struct lab_message *request, uint32_t usage,
                     uint32_t seconds)
{
    lab_send(bed->c1, request);
    redirect_at_d1(bed, AAA(S1), usage, seconds);
    struct lab_message *at_s1 = lab_expect(bed->s1, lab_command(request));
    lab_answer(bed->s1, at_s1, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed->c1, request, 2001), ORIGIN_HOST, 0), S1);
}

void expect_direct(struct redirect_bed *bed, struct lab_peer *server, struct lab_message *request)
{
    lab_send(bed->c1, request);
    struct lab_message *there = lab_expect(server, lab_command(request));
    lab_answer(server, there, 2001);
    cr_assert_str_eq(lab_text(lab_expect_result(bed->c1, request, 2001), ORIGIN_HOST, 0),
                     server->identity);
}

void expect_passed(struct redirect_bed *bed, const struct lab_message *request,
                   const struct lab_message *answer)
{
    struct lab_message *passed = lab_expect_answer(bed->c1, request);
    cr_assert_eq(passed->size, answer->size);
    cr_assert_arr_eq(passed->octets, answer->octets, 12);
    cr_assert_arr_eq(passed->octets + 16, answer->octets + 16, answer->size - 16);
}

void expect_remembered(struct redirect_bed *bed, unsigned count)
{
    lab_wait_metric(bed->lab, "antipode_redirects_entries", count);
}
