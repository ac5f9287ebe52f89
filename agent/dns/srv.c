/* srv.c — the order of SRV records. */
#include "agent/dns/srv.h"

static void swap(struct dns_record *a, struct dns_record *b)
{
    struct dns_record kept = *a;
    *a = *b;
    *b = kept;
}

/* Those of weight 0 first, so that they have a small chance, too. */
static bool is_before(const struct dns_record *a, const struct dns_record *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    return !a->rank && b->rank;
}

static void sort(struct dns_record *records, unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        for (unsigned k = i; k && is_before(&records[k], &records[k - 1]); k--)
            swap(&records[k], &records[k - 1]);
}

/* How many of the first have the same priority? */
static unsigned equals(const struct dns_record *records, unsigned count)
{
    unsigned equal = 1;
    while (equal < count && records[equal].order == records[0].order)
        equal++;
    return equal;
}

/* The place of the first whose running sum of weights reaches the number drawn. */
static unsigned draw(const struct dns_record *records, unsigned count,
                     const struct dns_chance *chance)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += records[i].rank;
    uint64_t drawn = chance->draw(chance->context) % (sum + 1U);
    uint32_t running = 0;
    unsigned place = 0;
    while (place + 1 < count && (running += records[place].rank) < drawn)
        place++;
    return place;
}

/* The one drawn comes first; those before it keep their order. */
static void bring_first(struct dns_record *records, unsigned place)
{
    for (; place; place--)
        swap(&records[place], &records[place - 1]);
}

void dns_srv_order(struct dns_reply *reply, const struct dns_chance *chance)
{
    sort(reply->records, reply->count);
    for (unsigned i = 0; i < reply->count; i++) {
        unsigned among = equals(&reply->records[i], reply->count - i);
        bring_first(&reply->records[i], draw(&reply->records[i], among, chance));
    }
}
