/* psm_random.c — the state machine as a property, seen from outside: a peer that dials and is
 * dialled, answers, refuses, leaves, resets, talks out of turn and lets time pass at random.
 * Whatever it does, the agent never has two open links to it, holds nothing when it says Closed,
 * has one DWR outstanding, and comes back by itself. Requirements PSM-01, PSM-07, WDG-04. */
#include <stdio.h>
#include <string.h>

#include "tests/lab/lab.h"

TestSuite(psm_random, .fini = lab_fini);

#define Z "z.x.example"

enum { STEPS = 120, LINKS = 16 };

/* One connection between the agent and the peer, whoever opened it. */
struct link {
    struct lab_peer *peer;
    struct lab_message *cer; /* of the agent, not answered yet */
    bool has_sent_cer;
    bool is_theirs; /* the agent dialled */
    unsigned dwrs;  /* not answered yet */
    unsigned dwas;  /* since the last probe */
};

struct play {
    struct lab *lab;
    struct link links[LINKS];
    size_t count;
    uint64_t random;
    bool answers_watchdogs;
};

static uint32_t draw(struct play *play, uint32_t below)
{
    play->random = play->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(play->random >> 33) % below;
}

static void forget_ended(struct play *play)
{
    size_t kept = 0;
    for (size_t i = 0; i < play->count; i++)
        if (!play->links[i].peer->ended && play->links[i].peer->fd >= 0)
            play->links[kept++] = play->links[i];
    play->count = kept;
}

static struct link *add(struct play *play, struct lab_peer *peer, bool is_theirs)
{
    struct link *link = &play->links[play->count++];
    *link = (struct link){.peer = peer, .is_theirs = is_theirs};
    peer->no_watchdog = true;
    return link;
}

static struct lab_message *answer(const struct lab_message *request, const struct lab_peer *peer)
{
    struct lab_message *message = lab_message_new(0, lab_command(request), 0,
                                                  lab_hop_by_hop(request), lab_end_to_end(request));
    with_number(message, RESULT_CODE, 2001);
    return with_text(with_text(message, ORIGIN_HOST, peer->identity), ORIGIN_REALM, peer->realm);
}

static void hear(struct play *play, struct link *link, struct lab_message *message)
{
    uint32_t command = lab_command(message);
    bool is_request = lab_flags(message) & R;
    if (command == CER && is_request) {
        cr_assert(link->is_theirs && !link->cer, "a CER where none belongs");
        link->cer = message;
    } else if (command == DWR && is_request) {
        cr_assert_eq(++link->dwrs, 1, "a second DWR before the first was answered");
        if (play->answers_watchdogs) {
            link->dwrs = 0;
            lab_push(link->peer, answer(message, link->peer));
        }
    } else if (command == DWR) {
        link->dwas++;
    } else if (command == DPR && is_request && draw(play, 2)) {
        lab_push(link->peer, answer(message, link->peer));
    }
}

/* Everybody has said what he had to say: nothing comes for a while. */
static void settle(struct play *play)
{
    for (int quiet = 0; quiet < 3; quiet++) {
        lab_serve(play->lab, 5);
        for (size_t i = 0; i < play->count; i++) {
            while (lab_inbox_size(play->links[i].peer)) {
                hear(play, &play->links[i], lab_take(play->links[i].peer));
                quiet = 0;
            }
        }
    }
    forget_ended(play);
}

/* Who answers a DWR is open for the agent. */
static void expect_one_open_link(struct play *play)
{
    unsigned open = 0;
    for (size_t i = 0; i < play->count; i++) {
        play->links[i].dwas = 0;
        if (play->links[i].has_sent_cer || (play->links[i].is_theirs && !play->links[i].cer))
            lab_push(play->links[i].peer, lab_dwr(play->links[i].peer));
    }
    settle(play);
    for (size_t i = 0; i < play->count; i++)
        open += play->links[i].dwas > 0;
    cr_assert_leq(open, 1, "%u links of one peer are open", open);
    cr_assert_leq(lab_metric(play->lab, "antipode_peers_open{peer=\"" Z "\"}"), 1);
}

/* What was there before the agent said Closed has to end. */
static void expect_closed_holds_nothing(struct play *play)
{
    struct lab_peer *before[LINKS];
    size_t count = 0;
    for (size_t i = 0; i < play->count; i++)
        if (play->links[i].is_theirs || play->links[i].has_sent_cer)
            before[count++] = play->links[i].peer;
    if (lab_metric(play->lab, "antipode_peer_state{peer=\"" Z "\",state=\"closed\"}") != 1)
        return;
    for (size_t i = 0; i < count; i++)
        while (lab_take(before[i])) /* ends where the connection does, or fails by its deadline */
            continue;
    forget_ended(play);
}

static void dial(struct play *play)
{
    struct link *link = add(play, lab_dial(play->lab, Z), false);
    if (draw(play, 8)) {
        lab_push(link->peer, lab_cer(link->peer));
        link->has_sent_cer = true;
    }
}

static void accept_if_dialled(struct play *play, unsigned ms)
{
    struct lab_peer *peer = lab_accept_within(play->lab, Z, ms, 500);
    if (peer)
        add(play, peer, true);
}

static void answer_cer(struct play *play, struct link *link)
{
    if (!link->cer)
        return;
    lab_push(link->peer, lab_cea(link->peer, link->cer, draw(play, 5) ? 2001 : 5010));
    link->cer = NULL;
}

static void disturb(struct play *play, struct link *link)
{
    switch (draw(play, 9)) {
    case 0:
        lab_reset(link->peer);
        break;
    case 1:
        lab_close(link->peer);
        break;
    case 2:
        lab_push(link->peer, lab_dpr(link->peer, draw(play, 3)));
        break;
    case 3:
        lab_push(link->peer, lab_cer(link->peer));
        link->has_sent_cer = true;
        break;
    case 4:
        lab_push(link->peer, lab_lir(link->peer, ALICE));
        break;
    default:
        answer_cer(play, link);
    }
}

static void act(struct play *play)
{
    uint32_t what = draw(play, 10);
    if (play->count + 2 >= LINKS)
        lab_reset(play->links[draw(play, (uint32_t)play->count)].peer);
    else if (what == 0)
        dial(play);
    else if (what == 1)
        accept_if_dialled(play, 0);
    else if (what == 2)
        accept_if_dialled(play, 3000);
    else if (what == 3)
        lab_advance(play->lab, 500 * (1 + draw(play, 24)), 500);
    else if (what == 4)
        play->answers_watchdogs = !play->answers_watchdogs;
    else if (play->count)
        disturb(play, &play->links[draw(play, (uint32_t)play->count)]);
    forget_ended(play);
    settle(play);
}

/* Is the CEA of this connection taken? Not where it is an attempt that the agent has given up. */
static bool opens(struct play *play, struct lab_peer *peer)
{
    peer->no_watchdog = true;
    struct lab_message *cer = lab_take(peer);
    if (!cer)
        return false;
    lab_push(peer, lab_cea(peer, cer, 2001));
    while (!peer->ended) {
        if (lab_metric(play->lab, "antipode_peers_open{peer=\"" Z "\"}") == 1)
            return true;
        lab_serve(play->lab, 10);
    }
    return false;
}

/* Whatever state it was left in has a timer: in the end the agent dials, and is served. */
static void expect_return(struct play *play)
{
    while (play->count)
        lab_reset(play->links[--play->count].peer);
    lab_advance(play->lab, 20000, 500);
    struct lab_peer *peer;
    while ((peer = lab_accept_within(play->lab, Z, 60000, 500)))
        if (opens(play, peer))
            return;
    cr_assert_fail("the agent has not dialled within a minute");
}

static void expect_property(uint64_t seed)
{
    struct lab_plan plan = {.servers = {Z}, .timers = "watchdog: 6s"};
    struct play play = {.lab = lab_start(plan), .random = seed, .answers_watchdogs = true};
    for (int i = 0; i < STEPS; i++) {
        act(&play);
        if (draw(&play, 4) == 0)
            expect_one_open_link(&play);
        expect_closed_holds_nothing(&play);
    }
    expect_return(&play);
    lab_end(play.lab);
}

Test(psm_random, PSM_01_PSM_07_WDG_04_a_peer_of_many_moods)
{
    expect_property(1);
}

Test(psm_random, PSM_01_PSM_07_WDG_04_a_peer_of_other_moods)
{
    expect_property(6733);
}

Test(psm_random, PSM_01_PSM_07_WDG_04_a_peer_of_the_worst_moods)
{
    expect_property(3539);
}
