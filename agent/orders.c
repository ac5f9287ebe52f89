/* orders.c — what operators have ordered of peers. They are few, and asked for at arrivals only. */
#include "agent/orders.h"

#include <stdlib.h>

static struct order *find(const struct orders *orders, dm_bytes identity)
{
    for (size_t i = 0; i < orders->count; i++)
        if (dm_identity_equal(dm_text(orders->at[i].identity), identity))
            return &orders->at[i];
    return NULL;
}

struct order orders_find(const struct orders *orders, dm_bytes identity)
{
    const struct order *order = find(orders, identity);
    return order ? *order : (struct order){0};
}

static void forget(struct orders *orders, struct order *order)
{
    if (!order)
        return;
    free(order->identity);
    *order = orders->at[--orders->count];
}

static char *lower_case(dm_bytes identity)
{
    char *text = malloc(identity.size + 1);
    if (!text)
        abort();
    for (size_t i = 0; i < identity.size; i++) {
        char octet = (char)identity.at[i];
        text[i] = (char)(octet >= 'A' && octet <= 'Z' ? octet + ('a' - 'A') : octet);
    }
    text[identity.size] = '\0';
    return text;
}

static struct order *add(struct orders *orders, dm_bytes identity)
{
    if (orders->count == ORDERS_MAX)
        return NULL;
    if (orders->count == orders->room) {
        orders->room = orders->room ? orders->room * 2 : 8;
        orders->at = realloc(orders->at, orders->room * sizeof *orders->at);
        if (!orders->at)
            abort();
    }
    struct order *order = &orders->at[orders->count++];
    *order = (struct order){.identity = lower_case(identity)};
    return order;
}

bool orders_set(struct orders *orders, dm_bytes identity, bool is_drained, bool is_disabled)
{
    struct order *order = find(orders, identity);
    if (!is_drained && !is_disabled) {
        forget(orders, order);
        return true;
    }
    if (!order)
        order = add(orders, identity);
    if (!order)
        return false;
    order->is_drained = is_drained;
    order->is_disabled = is_disabled;
    return true;
}

void orders_fini(struct orders *orders)
{
    while (orders->count)
        forget(orders, &orders->at[0]);
    free(orders->at);
    *orders = (struct orders){0};
}
