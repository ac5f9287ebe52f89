/* subscribers.c — provisioned users: what a table says, and all that is wrong with it. */
#include "routing/subscribers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "routing/derive.h"
#include "routing/pool.h"

/* --- the pools and peers of a small snapshot: "east" 0, "west" 1 with groups a and b, "hss1" 7 ---
 */

static bool find_target(void *context, dm_bytes name, struct rt_target *target)
{
    static const struct {
        const char *name;
        struct rt_target target;
    } known[] = {{"east", {RT_TARGET_POOL, 0, 0}},    {"west", {RT_TARGET_POOL, 1, 0}},
                 {"west/a", {RT_TARGET_GROUP, 1, 0}}, {"west/b", {RT_TARGET_GROUP, 1, 1}},
                 {"hss1", {RT_TARGET_PEER, 0, 7}},    {"HSS1", {RT_TARGET_PEER, 0, 7}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!dm_bytes_equal(dm_text(known[i].name), name))
            continue;
        *target = known[i].target;
        target->number += context ? 100 : 0;
        return true;
    }
    return false;
}

static const struct rt_target_names names = {NULL, find_target};
static const dm_bytes number_domain = {(const uint8_t *)"core.example", 12};
static const struct rt_domains domains = {1, &number_domain, NULL};

static uint64_t seed(void)
{
    return rt_seed(dm_text("antipode"));
}

/* --- tables --- */

static struct rt_rows *rows;
static struct rt_subscribers *table;

static void compile(const char *csv)
{
    rows = rt_rows_compile("t.csv", dm_text(csv), seed(), &domains, &names, stderr);
    cr_assert_not_null(rows, "%s", csv);
    table = rt_subscribers_new(rows, "t.csv", &names, stderr);
    cr_assert_not_null(table);
}

static void drop(void)
{
    rt_subscribers_free(table);
    rt_rows_free(rows);
}

static void claim_mistakes(const char *csv, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct rt_rows *it = rt_rows_compile("t.csv", dm_text(csv), seed(), &domains, &names, to);
    fclose(to);
    cr_assert_null(it, "%s was taken", csv);
    cr_assert_str_eq(text, expected);
    free(text);
}

/* "pool 0", "group 1/1", "peer 7"; "-" where nothing is found. */
static const char *shown(bool is_found, const struct rt_subscriber *found)
{
    static char text[64];
    if (!is_found)
        return "-";
    if (found->target.kind == RT_TARGET_PEER)
        sprintf(text, "peer %u", found->target.number);
    else if (found->target.kind == RT_TARGET_GROUP)
        sprintf(text, "group %u/%u", found->target.pool, found->target.number);
    else
        sprintf(text, "pool %u", found->target.pool);
    return text;
}

static struct rt_subscriber found;

static const char *target_of(const char *identity)
{
    struct rt_key key;
    rt_key_public(&key, dm_text(identity), &domains);
    return shown(rt_subscribers_find(table, &key, &found, NULL), &found);
}

static const char *how_of(const char *identity)
{
    static const char *how;
    struct rt_key key;
    rt_key_public(&key, dm_text(identity), &domains);
    how = "-";
    return rt_subscribers_find(table, &key, &found, &how) ? how : "-";
}

/* --- what a row may say --- */

Test(subscribers, a_row_sends_its_identity_to_a_pool_a_group_or_a_peer)
{
    compile("sip:alice@core.example,east\n"
            "sip:bob@core.example,west/b\n"
            "carol@core.example,hss1\n");
    cr_assert_str_eq(target_of("sip:alice@core.example"), "pool 0");
    cr_assert_str_eq(target_of("sip:bob@core.example"), "group 1/1");
    cr_assert_str_eq(target_of("sip:carol@core.example"), "-", "it is a User-Name");
    struct rt_key key;
    rt_key_private(&key, dm_text("carol"), dm_text("core.example"));
    cr_assert_str_eq(shown(rt_subscribers_find(table, &key, &found, NULL), &found), "peer 7");
    cr_assert_eq(rt_rows_count(rows), 3);
    drop();
}

Test(subscribers, STK_13_identities_are_compared_as_keys_are)
{
    compile("SIP:%61lice@CORE.example.;x=y,east\n"
            "tel:+49-30-123,west\n"
            "+4930124,west/a\n");
    cr_assert_str_eq(target_of("sips:alice@core.example:5061"), "pool 0");
    cr_assert_str_eq(target_of("sip:+4930123@core.example;user=phone"), "pool 1");
    cr_assert_str_eq(target_of("tel:+4930124"), "group 1/0");
    cr_assert_str_eq(target_of("sip:Alice@core.example"), "-");
    drop();
}

Test(subscribers, exact_goes_before_the_longer_prefix_before_the_range_before_the_wildcard)
{
    compile("tel:+!.*!00,hss1\n"
            "+4930000-+4930999,west/b\n"
            "+493*,east\n"
            "+49301*,west\n"
            "+4930100,west/a\n"
            "+490000-+499999,west/b\n");
    cr_assert_str_eq(how_of("tel:+4930100"), "exact");
    cr_assert_str_eq(target_of("tel:+4930100"), "group 1/0");
    cr_assert_str_eq(how_of("tel:+4930101"), "number prefix");
    cr_assert_str_eq(target_of("tel:+4930101"), "pool 1", "the longer one");
    cr_assert_str_eq(target_of("tel:+4930200"), "pool 0", "the shorter one, before the range");
    cr_assert_str_eq(how_of("tel:+495000"), "number range");
    cr_assert_str_eq(target_of("tel:+495000"), "group 1/1");
    cr_assert_str_eq(how_of("tel:+49500"), "wildcard", "the range is of six digits");
    cr_assert_str_eq(target_of("tel:+49501"), "-");
    drop();
}

Test(subscribers, a_prefix_and_a_range_are_of_digits_not_of_their_extensions)
{
    compile("+4930*,east\n+4940-+4949,west\n");
    cr_assert_str_eq(target_of("tel:+4930;ext=1"), "pool 0");
    cr_assert_str_eq(target_of("tel:+4945;ext=1"), "pool 1");
    cr_assert_str_eq(target_of("tel:+493"), "-");
    cr_assert_str_eq(target_of("sip:4930@core.example"), "-", "no number");
    drop();
}

Test(subscribers, the_prefix_of_no_digits_is_every_number)
{
    compile("+*,east\n");
    cr_assert_str_eq(target_of("tel:+1"), "pool 0");
    cr_assert_str_eq(target_of("sip:alice@core.example"), "-");
    drop();
}

Test(subscribers, a_range_has_both_its_ends)
{
    compile("+493000-+493099,east\n+493200-+493299,west\n");
    cr_assert_str_eq(target_of("tel:+492999"), "-");
    cr_assert_str_eq(target_of("tel:+493000"), "pool 0");
    cr_assert_str_eq(target_of("tel:+493099"), "pool 0");
    cr_assert_str_eq(target_of("tel:+493100"), "-");
    cr_assert_str_eq(target_of("tel:+493250"), "pool 1");
    cr_assert_str_eq(target_of("tel:+493300"), "-");
    drop();
}

Test(subscribers, ranges_that_meet_and_say_the_same_are_one)
{
    compile("+493000-+493099,east\n+493050-+493150,east\n+493060-+493070,east\n");
    cr_assert_str_eq(target_of("tel:+493069"), "pool 0");
    cr_assert_str_eq(target_of("tel:+493149"), "pool 0");
    cr_assert_str_eq(target_of("tel:+493151"), "-");
    cr_assert_eq(rt_rows_count(rows), 1);
    drop();
}

Test(subscribers, of_wildcards_the_longest_prefix_wins_then_the_order)
{
    compile("sip:chat!.*!@core.example,east\n"
            "sip:chat!.*!@other.example,hss1\n"
            "sip:chatlist!.*!@core.example,west\n"
            "sip:chatlist!.+!@core.example,west/a\n"
            "sip:chatlist1@core.example,west/b\n");
    cr_assert_str_eq(target_of("sip:chatlist1@core.example"), "group 1/1", "exact");
    cr_assert_str_eq(target_of("sip:chatlist2@core.example"), "pool 1");
    cr_assert_str_eq(target_of("sip:chats@core.example"), "pool 0");
    cr_assert_str_eq(target_of("sip:chatlist2@other.example"), "peer 7");
    cr_assert_str_eq(target_of("sip:cha@core.example"), "-");
    drop();
}

Test(subscribers, STK_07_rows_with_the_same_user_are_one_user_with_one_key)
{
    compile("sip:alice@core.example,east,alice\n"
            "tel:+4930123,east,alice\n"
            "alice-private@core.example,east,alice\n"
            "sip:bob@core.example,east,bob\n"
            "sip:carol@core.example,east,\n");
    struct rt_key key;
    rt_key_other(&key, dm_text("alice"));
    (void)target_of("sip:alice@core.example");
    cr_assert_eq(found.user, rt_key_hash(&key));
    cr_assert_eq(found.slot, rt_slot(&key, seed()));
    (void)target_of("tel:+4930123");
    cr_assert_eq(found.user, rt_key_hash(&key));
    cr_assert_eq(found.slot, rt_slot(&key, seed()));
    (void)target_of("sip:bob@core.example");
    cr_assert_neq(found.user, rt_key_hash(&key));
    (void)target_of("sip:carol@core.example");
    cr_assert_eq(found.user, 0);
    drop();
}

Test(subscribers, what_is_said_twice_alike_counts_once)
{
    compile("sip:alice@core.example,east,a\nsips:alice@CORE.example,east,a\n");
    cr_assert_eq(rt_rows_count(rows), 1);
    drop();
    compile("sip:alice@core.example,hss1\nsip:alice@core.example,HSS1\n");
    cr_assert_eq(rt_rows_count(rows), 1);
    drop();
}

Test(subscribers, a_row_of_a_derived_name_is_found_by_the_derived_key)
{
    const char *why;
    struct rt_derive_rule rule = {rt_pattern_new(dm_text("(.*)@ims[.](.*)"), true, &why),
                                  dm_text("sip:\\1@\\2")};
    struct rt_derive derive = {1, &rule};
    struct rt_domains with = {0, NULL, &derive};
    rows = rt_rows_compile("t.csv", dm_text("alice@ims.home.example,east\n"), seed(), &with, &names,
                           stderr);
    table = rt_subscribers_new(rows, "t.csv", &names, stderr);
    cr_assert_str_eq(target_of("sip:alice@home.example"), "pool 0");
    drop();
    rt_pattern_free(rule.private_name);
}

Test(subscribers, an_empty_table_knows_nobody)
{
    compile("# nobody yet\n");
    cr_assert_str_eq(target_of("sip:alice@core.example"), "-");
    cr_assert_eq(rt_rows_count(rows), 0);
    struct rt_key none = {0};
    cr_assert_not(rt_subscribers_find(table, &none, &found, NULL));
    drop();
}

Test(subscribers, one_set_of_rows_serves_two_snapshots_with_numbers_of_their_own)
{
    compile("sip:alice@core.example,hss1\n");
    struct rt_target_names later = {&rows, find_target};
    struct rt_subscribers *second = rt_subscribers_new(rows, "t.csv", &later, stderr);
    struct rt_key key;
    rt_key_public(&key, dm_text("sip:alice@core.example"), &domains);
    cr_assert(rt_subscribers_find(second, &key, &found, NULL));
    cr_assert_eq(found.target.number, 107);
    cr_assert(rt_subscribers_find(table, &key, &found, NULL));
    cr_assert_eq(found.target.number, 7);
    rt_subscribers_free(second);
    drop();
}

static bool find_nothing(void *context, dm_bytes name, struct rt_target *target)
{
    (void)context, (void)name, (void)target;
    return false;
}

Test(subscribers, a_target_that_a_later_snapshot_lacks_is_named_where_it_stands)
{
    compile("sip:alice@core.example,east\nsip:bob@core.example,west/a\n");
    static const struct rt_target_names nothing = {NULL, find_nothing};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    cr_assert_null(rt_subscribers_new(rows, "t.csv", &nothing, to));
    fclose(to);
    cr_assert_str_eq(text, "t.csv:1:24: `east`: there is no such pool, group or peer\n"
                           "t.csv:2:22: `west/a`: there is no such pool, group or peer\n");
    free(text);
    drop();
}

/* --- mistakes --- */

Test(subscribers, every_mistake_is_named_with_its_line_and_column)
{
    claim_mistakes(
        "sip:alice@core.example,eats\n"
        "# a comment\n"
        "sip:bob@core.example\n"
        "sip:carol@core.example,east,c,d\n"
        "\"sip:dave@core.example\"x,east\n"
        "eve,east\n"
        "sip:frank@co re.example,nowhere\n"
        "+49x*,east\n"
        "+4930-+494,east\n"
        "+4930-+4920,east\n"
        "+1234567890123456*,east\n"
        "+,east\n"
        "sip:g!(a!@core.example,east\n"
        ",east\n"
        "sip:h@core.example, east\n"
        "sip:i@core.example,east,\"a\nb\"\n",
        "t.csv:1:24: `eats`: there is no such pool, group or peer\n"
        "t.csv:3:1: `sip:bob@core.example`: names no pool, group or peer\n"
        "t.csv:4:31: `d`: a row has three fields at most, identity,target,user\n"
        "t.csv:5:1: more follows behind the closing quote\n"
        "t.csv:6:1: `eve`: no URI, no number, and no User-Name with its realm\n"
        "t.csv:7:1: `sip:frank@co?re.example`: no SIP or tel URI\n"
        "t.csv:7:25: `nowhere`: there is no such pool, group or peer\n"
        "t.csv:8:1: `+49x*`: no number, prefix (+4930*) or range (+493000-+493099)\n"
        "t.csv:9:1: `+4930-+494`: the ends of a range must be of one length\n"
        "t.csv:10:1: `+4930-+4920`: the end of the range is before its begin\n"
        "t.csv:11:1: `+1234567890123456*`: a telephone number has at most 15 digits\n"
        "t.csv:12:1: `+`: no number, prefix (+4930*) or range (+493000-+493099)\n"
        "t.csv:13:1: `sip:g!(a!@core.example`: a \"(\" without its \")\"\n"
        "t.csv:14:1: ``: an identity is wanted here\n"
        "t.csv:15:20: `?east`: blanks belong to a field: if they are meant, put it in quotes\n"
        "t.csv:16:25: `a?b`: a control character\n");
}

Test(subscribers, rows_that_contradict_each_other_are_mistakes)
{
    claim_mistakes("sip:alice@core.example,east\n"
                   "sip:bob@core.example,east,b\n"
                   "sips:alice@core.example,west\n"
                   "sip:bob@core.example,east,c\n"
                   "+49*,east\n"
                   "+49*,west\n",
                   "t.csv:3:1: the same identity as in line 1, which has another target or user\n"
                   "t.csv:4:1: the same identity as in line 2, which has another target or user\n"
                   "t.csv:6:1: the same identity as in line 5, which has another target or user\n");
}

Test(subscribers, ranges_that_meet_and_contradict_are_mistakes)
{
    claim_mistakes("+4950-+4959,west\n+4940-+4950,east\n",
                   "t.csv:2:1: overlaps the range of line 1, which has another target or user\n");
}

Test(subscribers, a_user_with_two_targets_is_a_mistake)
{
    claim_mistakes("sip:alice@core.example,east,a\n"
                   "sip:bob@core.example,west,b\n"
                   "alice@core.example,west,a\n",
                   "t.csv:3:25: the user has another target in line 1\n");
}

Test(subscribers, of_very_many_mistakes_the_first_ten_thousand_are_told)
{
    enum { LINES = 10050, LINE = 2 };
    char *csv = malloc(LINES * LINE + 1);
    for (int i = 0; i < LINES; i++)
        strcpy(csv + i * LINE, "x\n");
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    cr_assert_null(rt_rows_compile("t.csv", dm_text(csv), 0, NULL, &names, to));
    fclose(to);
    cr_assert_not_null(strstr(text, "\nt.csv: and 10100 more mistakes\n"));
    free(text);
    free(csv);
}

/* --- a million --- */

static char *write_million(size_t *size, int count)
{
    char *csv = malloc((size_t)count * 64);
    char *at = csv;
    for (int i = 0; i < count; i++)
        at += i % 2 ? sprintf(at, "user%d@core.example,west/b,s%d\n", i / 2, i / 2)
                    : sprintf(at, "sip:user%d@core.example,west/b,s%d\n", i / 2, i / 2);
    *size = (size_t)(at - csv);
    return csv;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void claim_user(int number, uint64_t *user)
{
    char identity[64];
    sprintf(identity, "sip:user%d@core.example", number);
    cr_assert_str_eq(target_of(identity), "group 1/1");
    *user = found.user;
    struct rt_key key;
    sprintf(identity, "user%d@core.example", number);
    rt_key_private(&key, dm_text(identity), dm_text(""));
    cr_assert(rt_subscribers_find(table, &key, &found, NULL));
    cr_assert_eq(found.user, *user, "both identities are one user");
}

Test(subscribers, a_million_rows_take_at_most_64_octets_each_and_all_are_found)
{
    enum { COUNT = 1000000 };
    size_t size;
    char *csv = write_million(&size, COUNT);
    double begin = seconds();
    rows = rt_rows_compile("t.csv", dm_bytes_of(csv, size), seed(), &domains, &names, stderr);
    double end = seconds();
    cr_assert_not_null(rows);
    table = rt_subscribers_new(rows, "t.csv", &names, stderr);
    double octets = (double)rt_rows_size(rows) / COUNT;
    fprintf(stderr, "a million rows: %.3f s of a core, %.1f octets a row\n", end - begin, octets);
    cr_assert_eq(rt_rows_count(rows), COUNT);
    cr_assert_leq(octets, 64);
    uint64_t before = 0;
    for (int i = 0; i < COUNT / 2; i += 97) {
        uint64_t user;
        claim_user(i, &user);
        cr_assert_neq(user, before);
        before = user;
    }
    cr_assert_str_eq(target_of("sip:user500000@core.example"), "-");
    drop();
    free(csv);
}
