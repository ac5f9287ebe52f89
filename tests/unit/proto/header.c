/* header.c — the 20 octets, written and read; which commands stay between neighbours. */
#include "proto/header.h"

#include <criterion/criterion.h>

/* An LIR of RFC 4740 with 244 octets, proxiable. */
static const uint8_t lir[DM_HEADER_SIZE] = {
    0x01, 0x00, 0x00, 0xf4, /* version, length */
    0xc0, 0x00, 0x01, 0x1d, /* flags R P, command 285 */
    0x00, 0x00, 0x00, 0x06, /* application */
    0x12, 0x34, 0x56, 0x78, /* Hop-by-Hop */
    0x9a, 0xbc, 0xde, 0xf0, /* End-to-End */
};

Test(header, HDR_01_each_field_is_read_from_its_octets)
{
    struct dm_header header;
    dm_header_read(&header, lir);
    cr_assert_eq(header.version, 1);
    cr_assert_eq(header.length, 244);
    cr_assert_eq(header.flags, DM_FLAG_REQUEST | DM_FLAG_PROXIABLE);
    cr_assert_eq(header.command, 285);
    cr_assert_eq(header.application, 6);
    cr_assert_eq(header.hop_by_hop, 0x12345678);
    cr_assert_eq(header.end_to_end, 0x9abcdef0);
}

Test(header, HDR_01_a_header_that_is_written_back_has_the_same_octets)
{
    struct dm_header header;
    uint8_t again[DM_HEADER_SIZE];
    dm_header_read(&header, lir);
    dm_header_write(&header, again);
    cr_assert_arr_eq(again, lir, DM_HEADER_SIZE);
}

Test(header, the_largest_values_fit_their_fields)
{
    struct dm_header header = {1, 0xff, DM_LENGTH_MAX, 0xffffff, DM_APPLICATION_RELAY, ~0u, ~0u};
    struct dm_header again;
    uint8_t at[DM_HEADER_SIZE];
    dm_header_write(&header, at);
    dm_header_read(&again, at);
    cr_assert_eq(again.length, DM_LENGTH_MAX);
    cr_assert_eq(again.command, 0xffffff);
    cr_assert_eq(again.application, DM_APPLICATION_RELAY);
}

Test(header, HDR_09_the_R_bit_makes_a_request)
{
    cr_assert(dm_header_is_request(&(struct dm_header){.flags = 0x80}));
    cr_assert_not(dm_header_is_request(&(struct dm_header){.flags = 0x7f}));
}

Test(header, HDR_16_four_commands_stay_between_neighbours)
{
    unsigned found = 0;
    for (uint32_t command = 0; command < 1 << 24; command++)
        found += dm_command_is_base(command);
    cr_assert_eq(found, 4);
    cr_assert(dm_command_is_base(257));
    cr_assert(dm_command_is_base(280));
    cr_assert(dm_command_is_base(282));
    cr_assert(dm_command_is_base(328));
}
