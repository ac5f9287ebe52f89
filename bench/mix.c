/* mix.c — commands drawn by weight, users uniformly; a unit is one request. */
#include "bench/load.h"

static enum load_kind draw_kind(struct load_thread *thread, uint64_t random)
{
    static const enum load_kind kinds[LOAD_COMMANDS] = {KIND_UAR, KIND_MAR, KIND_SAR, KIND_LIR};
    const uint32_t *weight = thread->world->options->weight;
    uint64_t sum = 0;
    for (int i = 0; i < LOAD_COMMANDS; i++)
        sum += weight[i];
    uint64_t at = (random >> 32) * sum >> 32;
    for (int i = 0; i < LOAD_COMMANDS - 1; i++) {
        if (at < weight[i])
            return kinds[i];
        at -= weight[i];
    }
    return kinds[LOAD_COMMANDS - 1];
}

static void mix_start(struct load_thread *thread, struct load_port *port, uint64_t due,
                      bool measured)
{
    uint64_t user = load_random(thread);
    load_port_send(port, &(struct load_request){
                             .kind = draw_kind(thread, load_random(thread)),
                             .user = (uint32_t)((user >> 32) * thread->users.count >> 32),
                             .start = due,
                             .measured = measured,
                         });
}

static void mix_ended(struct load_thread *thread, struct load_port *port,
                      const struct load_slot *request, const struct load_answer *answer)
{
    (void)answer; /* any result is good: it is in the report */
    load_unit_ended(thread, port, request->measured, 1);
}

const struct load_player load_player_mix = {mix_start, mix_ended, NULL, NULL, NULL};
