/* registry.c — who gets a slot, who keeps it, and who gives it back; the homes are two mailboxes.
 */
#include "agent/registry.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/clock.h"

enum { WORKERS = 2, FRONT = WORKERS, POSTS = WORKERS + 1, ROWS = 3, FREE_SLOTS = 2, MORE = 1 };

static struct conf_peer rows[ROWS] = {
    {.identity = "hss1.example.net"},
    {.identity = "*.example.net", .is_pattern = true},
    {.identity = "hss2.example.net"},
};
static struct conf_seat seats[ROWS];
static struct conf conf = {.peer_count = ROWS,
                           .peers = rows,
                           .seats = seats,
                           .spread = true,
                           .limits = {.connections = FREE_SLOTS}};
static struct agent agent;
static struct registry *registry = &agent.registry;

static uv_loop_t loop;
static struct mailbox boxes[POSTS];
static struct mailbox *box_of[POSTS];
static struct post posts[WORKERS];
static struct memory memory;
static stats_counter used;

static void on_wake(void *context)
{
    (void)context;
}

static void begin(void)
{
    uv_loop_init(&loop);
    memory_init(&memory, &used, 1 << 30);
    for (unsigned i = 0; i < POSTS; i++) {
        mailbox_init(&boxes[i], &loop, on_wake, NULL);
        box_of[i] = &boxes[i];
    }
    for (unsigned i = 0; i < WORKERS; i++)
        post_init(&posts[i], i, POSTS, box_of, &memory);
    agent.conf = &conf;
    agent.worker_count = WORKERS;
    post_init(&agent.post, FRONT, POSTS, box_of, &memory);
    agent.connections = FREE_SLOTS;
    agent.board_size = ROWS - 1 + FREE_SLOTS + MORE;
    registry_init(registry, &agent);
    registry_seat(registry, &conf);
    registry->is_open = true;
}

/* What the front desk wrote to one worker, as it would come. */
struct heard {
    unsigned added;
    unsigned removed;
    unsigned releases;
    rt_peer peer; /* of the last letter */
};

static void hear(void *context, const struct letter *letter)
{
    struct heard *heard = context;
    const struct name_letter *name = (const struct name_letter *)(const void *)letter;
    if (letter->kind == MAIL_RELEASE) {
        heard->releases++;
        heard->peer = ((const struct idle_letter *)(const void *)letter)->peer;
        return;
    }
    heard->added += letter->kind == MAIL_ADDED;
    heard->removed += letter->kind == MAIL_REMOVED;
    heard->peer = name->peer;
    name_unref(name->name);
}

static struct heard open_mail(unsigned worker)
{
    struct heard heard = {0};
    post_flush(&agent.post);
    post_open(&posts[worker], hear, &heard);
    return heard;
}

static void end(void)
{
    for (unsigned i = 0; i < WORKERS; i++)
        open_mail(i);
    for (unsigned i = 0; i < POSTS; i++)
        bell_stop(&boxes[i].bell);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    registry_fini(registry);
    for (unsigned i = 0; i < POSTS; i++)
        mailbox_fini(&boxes[i]);
    for (unsigned i = 0; i < WORKERS; i++)
        post_fini(&posts[i]);
    post_fini(&agent.post);
    memory_fini(&memory);
}

TestSuite(registry, .init = begin, .fini = end);

static struct registry_slot *admit(const char *identity)
{
    return registry_admit(registry, dm_text(identity));
}

static void become_idle(const struct registry_slot *slot, bool is_orderly)
{
    struct idle_letter letter = {.peer = registry_peer(registry, slot),
                                 .arrivals = slot->arrivals,
                                 .is_orderly = is_orderly};
    registry_idle(registry, &letter);
}

static unsigned releases(void)
{
    return open_mail(0).releases + open_mail(1).releases;
}

Test(registry, rows_with_an_exact_identity_have_their_slot_from_the_start)
{
    for (uint32_t row = 0; row < ROWS; row++) {
        const struct directory_entry *entry =
            directory_find(&registry->directory, dm_text(rows[row].identity));
        if (rows[row].is_pattern)
            cr_assert_null(entry);
        else
            cr_assert(rt_peer_equal(entry->peer, seats[row].peer));
    }
}

Test(registry, configured_peer_is_admitted_to_its_own_slot_in_any_case)
{
    struct registry_slot *slot = &registry->slots[seats[2].peer.slot];
    cr_assert_eq(admit("HSS2.example.NET"), slot);
    cr_assert_eq(slot->arrivals, 1);
}

Test(registry, homes_are_spread_where_the_configuration_says_so)
{
    cr_assert_neq(seats[0].home, seats[2].home);
    cr_assert_neq(admit("a.example.net")->home, admit("b.example.net")->home);
}

Test(registry, all_workers_hear_of_a_peer_that_comes_by_itself)
{
    const struct registry_slot *slot = admit("sip1.example.net");
    cr_assert_not(slot->is_row);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct heard heard = open_mail(i);
        cr_assert_eq(heard.added, 1);
        cr_assert(rt_peer_equal(heard.peer, registry_peer(registry, slot)));
    }
}

Test(registry, same_peer_again_has_the_same_slot)
{
    struct registry_slot *slot = admit("sip1.example.net");
    cr_assert_eq(admit("SIP1.example.net"), slot);
    cr_assert_eq(slot->arrivals, 2);
}

Test(registry, nobody_is_admitted_where_no_slot_is_free)
{
    admit("sip1.example.net");
    admit("sip2.example.net");
    cr_assert_null(admit("sip3.example.net"));
    cr_assert_eq(releases(), 0);
}

Test(registry, WDG_14_peer_that_was_lost_keeps_its_slot)
{
    struct registry_slot *slot = admit("sip1.example.net");
    become_idle(slot, false);
    cr_assert_eq(releases(), 0);
    cr_assert_eq(admit("sip1.example.net"), slot);
}

Test(registry, peer_that_left_in_good_order_is_let_go)
{
    struct registry_slot *slot = admit("sip1.example.net");
    open_mail(0), open_mail(1);
    become_idle(slot, true);
    struct heard heard = open_mail(slot->home);
    cr_assert_eq(heard.releases, 1);
    cr_assert(rt_peer_equal(heard.peer, registry_peer(registry, slot)));
}

Test(registry, peer_that_comes_while_it_is_let_go_stays)
{
    struct registry_slot *slot = admit("sip1.example.net");
    rt_peer peer = registry_peer(registry, slot);
    become_idle(slot, true);
    cr_assert_eq(admit("sip1.example.net"), slot);
    registry_released(registry, peer);
    cr_assert_not_null(slot->name);
    cr_assert(rt_peer_equal(registry_peer(registry, slot), peer));
}

Test(registry, peer_that_stayed_and_goes_is_let_go_when_its_home_has_answered_both_times)
{
    struct registry_slot *slot = admit("sip1.example.net");
    rt_peer peer = registry_peer(registry, slot);
    become_idle(slot, true);
    admit("sip1.example.net");
    cr_assert_eq(slot->arrivals, 1); /* its home counts from the beginning, too */
    become_idle(slot, true);
    registry_released(registry, peer);
    cr_assert_not_null(slot->name);
    registry_released(registry, peer);
    cr_assert_null(slot->name);
}

Test(registry, slot_given_back_has_another_generation)
{
    struct registry_slot *slot = admit("sip1.example.net");
    rt_peer before = registry_peer(registry, slot);
    become_idle(slot, true);
    registry_released(registry, before);
    open_mail(0), open_mail(1);
    cr_assert_eq(admit("sip2.example.net"), slot);
    cr_assert_not(rt_peer_equal(registry_peer(registry, slot), before));
    cr_assert_null(directory_find(&registry->directory, dm_text("sip1.example.net")));
}

Test(registry, all_workers_hear_of_a_peer_that_went)
{
    struct registry_slot *slot = admit("sip1.example.net");
    rt_peer peer = registry_peer(registry, slot);
    become_idle(slot, true);
    open_mail(0), open_mail(1);
    registry_released(registry, peer);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct heard heard = open_mail(i);
        cr_assert_eq(heard.removed, 1);
        cr_assert(rt_peer_equal(heard.peer, peer));
    }
}

Test(registry, peer_is_not_idle_while_another_connection_is_on_its_way_to_it)
{
    struct registry_slot *slot = admit("sip1.example.net");
    struct idle_letter letter = {
        .peer = registry_peer(registry, slot), .arrivals = slot->arrivals, .is_orderly = true};
    admit("sip1.example.net");
    registry_idle(registry, &letter);
    cr_assert_not(slot->is_idle);
    cr_assert_eq(releases(), 0);
}

Test(registry, letters_of_a_former_user_of_the_slot_change_nothing)
{
    struct registry_slot *slot = admit("sip1.example.net");
    rt_peer before = registry_peer(registry, slot);
    become_idle(slot, true);
    registry_released(registry, before);
    slot = admit("sip2.example.net");
    struct idle_letter late = {.peer = before, .arrivals = slot->arrivals, .is_orderly = true};
    registry_idle(registry, &late);
    registry_released(registry, before);
    cr_assert_not(slot->is_idle);
    cr_assert_not_null(slot->name);
}

Test(registry, configured_peer_is_never_let_go)
{
    struct registry_slot *slot = admit("hss1.example.net");
    become_idle(slot, true);
    cr_assert_eq(releases(), 0);
    cr_assert_eq(admit("hss1.example.net"), slot);
}

Test(registry, who_was_idle_for_longest_makes_room)
{
    struct registry_slot *first = admit("sip1.example.net");
    struct registry_slot *second = admit("sip2.example.net");
    become_idle(second, false);
    become_idle(first, false);
    first->idle_since = second->idle_since + 1;
    cr_assert_null(admit("sip3.example.net"));
    cr_assert(second->is_leaving);
    cr_assert_not(first->is_leaving);
    cr_assert_eq(releases(), 1);
    registry_released(registry, registry_peer(registry, second));
    cr_assert_eq(admit("sip3.example.net"), second);
}

Test(registry, peer_that_was_lost_ten_minutes_ago_is_let_go)
{
    struct registry_slot *slot = admit("sip1.example.net");
    become_idle(slot, false);
    registry_tick(registry, slot->idle_since + 600 * NS_PER_S);
    cr_assert_eq(releases(), 0);
    registry_tick(registry, slot->idle_since + 601 * NS_PER_S);
    cr_assert_eq(releases(), 1);
    registry_tick(registry, slot->idle_since + 700 * NS_PER_S);
    cr_assert_eq(releases(), 0, "it is told once");
}

/* --- another configuration
 * -------------------------------------------------------------------------- */

static struct conf_peer next_rows[ROWS] = {
    {.identity = "hss2.example.net"},
    {.identity = "hss3.example.net"},
    {.identity = "sip1.example.net"},
};
static struct conf_seat next_seats[ROWS];
static struct conf next = {.peer_count = ROWS,
                           .peers = next_rows,
                           .seats = next_seats,
                           .spread = true,
                           .limits = {.connections = FREE_SLOTS}};

static struct registry_slot *seat_of(const struct conf_seat *seat)
{
    return &registry->slots[seat->peer.slot];
}

Test(registry, rows_that_stay_keep_their_seats_and_new_ones_get_some)
{
    cr_assert(registry_has_room(registry, &next));
    registry_seat(registry, &next);
    cr_assert(rt_peer_equal(next_seats[0].peer, seats[2].peer));
    cr_assert_eq(next_seats[0].home, seats[2].home);
    cr_assert_str_eq(seat_of(&next_seats[1])->name->text, "hss3.example.net");
    cr_assert_eq(open_mail(0).added, 2, "hss3 and sip1");
}

Test(registry, peer_that_came_by_itself_and_gets_a_row_stays_where_it_is)
{
    struct registry_slot *slot = admit("sip1.example.net");
    registry_seat(registry, &next);
    cr_assert_eq(seat_of(&next_seats[2]), slot);
    become_idle(slot, true);
    cr_assert_not(slot->is_leaving, "the slot of a row is its own");
}

Test(registry, peer_that_gets_a_row_while_it_is_let_go_stays)
{
    struct registry_slot *slot = admit("sip1.example.net");
    rt_peer peer = registry_peer(registry, slot);
    become_idle(slot, true);
    registry_seat(registry, &next);
    registry_released(registry, peer);
    cr_assert_not_null(slot->name);
    cr_assert(rt_peer_equal(next_seats[2].peer, peer));
}

Test(registry, slot_of_a_removed_row_is_free_when_all_workers_have_switched_and_its_home_let_go)
{
    struct registry_slot *slot = seat_of(&seats[0]);
    rt_peer peer = registry_peer(registry, slot);
    registry_seat(registry, &next);
    agent.behind = WORKERS;
    become_idle(slot, true);
    cr_assert_not(slot->is_leaving, "an older snapshot may still name it");
    agent.behind = 0;
    registry_settle(registry);
    cr_assert(slot->is_leaving);
    cr_assert_eq(releases(), 1);
    registry_released(registry, peer);
    cr_assert_null(slot->name);
}

Test(registry, no_more_rows_are_taken_in_than_there_are_slots)
{
    static struct conf_peer many[ROWS + FREE_SLOTS + MORE];
    static const char *const names[] = {"a.b", "b.b", "c.b", "d.b", "e.b", "f.b"};
    struct conf full = {.peer_count = FREE_SLOTS + MORE, .peers = many};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i].identity = names[i];
    cr_assert(registry_has_room(registry, &full));
    full.peer_count++;
    cr_assert_not(registry_has_room(registry, &full));
}

Test(registry, rows_of_a_reload_take_no_slot_from_those_who_come_by_themselves)
{
    registry_seat(registry, &next); /* one row more than before, and one that is going */
    cr_assert_eq(registry->strangers, 1, "hss1 drains");
    cr_assert_not_null(admit("sip2.example.net"));
    cr_assert_null(admit("sip3.example.net"));
}
