/* pxy.c — a proxy: policies on requests and answers, the host it names, sessions it ends.
 * Requirements PXY-01 to PXY-07; HDR-19, AVP-10, AVP-12, AVP-16, ANS-14, ERR-06, RTE-26. */
#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(pxy, .fini = lab_fini);

enum { STR = 275, TERMINATION_CAUSE = 295, DRMP = 301, CX_UAR = 300, SH_UDR = 306 };

#define PROXY(policies)                                                                            \
    "  - { name: core, realm: core.example, action: proxy, pool: core, policies: [" policies "] }"

static struct lab_plan plan_of(const char *policies)
{
    return (struct lab_plan){.routes = PROXY("p"), .more = policies};
}

/* A policy `p` of one line of `do`. */
#define DOES(side, action) "policies: [{ name: p, apply_to: " side ", do: [" action "] }]"

/* The request as the server gets it. */
static struct lab_message *pass(struct lab_bed *bed, struct lab_message *request)
{
    lab_send(bed->c1, request);
    struct lab_message *at_s1 = lab_expect(bed->s1, lab_command(request));
    cr_assert(lab_is_well_formed(at_s1));
    return at_s1;
}

/* --- policies on requests --- */

Test(pxy, PXY_02_AVP_16_an_added_AVP_comes_behind_and_the_rest_stays_octet_for_octet)
{
    struct lab_bed bed = lab_bed(plan_of(DOES("request", "{ add: DRMP, to: 10 }")));
    struct lab_message *lir = lab_lir(bed.c1, ALICE);
    struct lab_message *at_s1 = pass(&bed, lir);
    size_t offset = lir->size;
    struct lab_avp avp;
    cr_assert_arr_eq(at_s1->octets + 20, lir->octets + 20, lir->size - 20);
    cr_assert(lab_next(at_s1->octets, at_s1->size, &offset, &avp));
    cr_assert_eq(avp.code, DRMP);
    cr_assert_eq(avp.flags, 0);
    cr_assert_eq(lab_number(at_s1, DRMP), 10);
    cr_assert(lab_next(at_s1->octets, at_s1->size, &offset, &avp));
    cr_assert_eq(avp.code, ROUTE_RECORD);
    cr_assert_eq(offset, at_s1->size);
    lab_answer(bed.s1, at_s1, 2001);
    lab_expect_result(bed.c1, lir, 2001);
    lab_end(bed.lab);
}
