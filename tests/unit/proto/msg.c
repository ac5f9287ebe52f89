/* msg.c — what changes on the way out, and what a splice leaves alone. */
#include "proto/msg.h"

#include <criterion/criterion.h>

/* A DPR's size of a message: a header, then User-Name "ab" and Class of no octet. */
static const uint8_t message[] = {
    0x01, 0x00, 0x00, 0x28, /* version, length 40 */
    0xc0, 0x00, 0x01, 0x1d, /* R P, 285 */
    0x00, 0x00, 0x00, 0x06, /* sip */
    0x00, 0x00, 0x00, 0x01, /* Hop-by-Hop */
    0x00, 0x00, 0x00, 0x02, /* End-to-End */
    0x00, 0x00, 0x00, 0x01, /* 20: User-Name */
    0x40, 0x00, 0x00, 0x0a, /* M, length 10 */
    'a',  'b',  0x00, 0x00, /* */
    0x00, 0x00, 0x00, 0x19, /* 32: Class */
    0x40, 0x00, 0x00, 0x08, /* M, length 8 */
};
static const uint8_t class_x[] = {0, 0, 0, 0x19, 0x40, 0, 0, 9, 'x', 0, 0, 0};

static dm_bytes the_message(void)
{
    return dm_bytes_of(message, sizeof message);
}

Test(msg, AVP_27_a_Route_Record_has_M_set_and_is_padded)
{
    uint8_t at[DM_ROUTE_RECORD_MAX];
    static const uint8_t expected[] = {0, 0, 0x01, 0x1a, 0x40, 0, 0, 10, 'h', '1', 0, 0};
    cr_assert_eq(dm_route_record_make(at, dm_text("h1")), sizeof expected);
    cr_assert_arr_eq(at, expected, sizeof expected);
}

Test(msg, the_longest_Origin_Host_fits_a_Route_Record)
{
    uint8_t at[DM_ROUTE_RECORD_MAX];
    char host[255];
    memset(host, 'h', sizeof host);
    cr_assert_eq(dm_route_record_make(at, dm_bytes_of(host, sizeof host)), DM_ROUTE_RECORD_MAX);
}

Test(msg, HDR_21_RTE_01_a_request_goes_out_with_our_Hop_by_Hop_and_a_Route_Record)
{
    uint8_t record[DM_ROUTE_RECORD_MAX];
    uint8_t out[sizeof message + DM_ROUTE_RECORD_MAX];
    size_t record_size = dm_route_record_make(record, dm_text("c1.edge.example"));
    size_t size =
        dm_request_forward(out, the_message(), 0xabcdef01, false, dm_bytes_of(record, record_size));
    cr_assert_eq(size, sizeof message + record_size);
    cr_assert_eq(dm_get24(out + 1), size);
    cr_assert_eq(dm_get32(out + 12), 0xabcdef01);
    cr_assert_eq(out[4], message[4]);
    cr_assert_arr_eq(out + 5, message + 5, 7);
    cr_assert_arr_eq(out + 16, message + 16, sizeof message - 16);
    cr_assert_arr_eq(out + sizeof message, record, record_size);
}

Test(msg, HDR_13_T_is_added_to_a_retransmission_and_stays_where_it_was)
{
    uint8_t out[sizeof message];
    dm_request_forward(out, the_message(), 1, true, dm_text(""));
    cr_assert_eq(out[4], message[4] | DM_FLAG_RETRANSMIT);
    uint8_t with_t[sizeof message];
    memcpy(with_t, out, sizeof out);
    dm_request_forward(out, dm_bytes_of(with_t, sizeof with_t), 1, false, dm_text(""));
    cr_assert_eq(out[4], message[4] | DM_FLAG_RETRANSMIT);
}

Test(msg, HDR_12_ANS_01_an_answer_gets_the_client_s_Hop_by_Hop_and_no_T)
{
    uint8_t answer[sizeof message];
    uint8_t out[sizeof message];
    memcpy(answer, message, sizeof answer);
    answer[4] = DM_FLAG_PROXIABLE | DM_FLAG_RETRANSMIT;
    dm_answer_forward(out, dm_bytes_of(answer, sizeof answer), 0x01020304);
    cr_assert_eq(dm_get32(out + 12), 0x01020304);
    cr_assert_eq(out[4], DM_FLAG_PROXIABLE);
    cr_assert_arr_eq(out + 16, answer + 16, sizeof answer - 16);
}

static size_t splice(uint8_t *to, size_t room, struct dm_splice one)
{
    return dm_message_splice(to, room, the_message(), &one, 1);
}

Test(msg, without_splices_a_message_is_copied)
{
    uint8_t out[sizeof message];
    cr_assert_eq(dm_message_splice(out, sizeof out, the_message(), NULL, 0), sizeof message);
    cr_assert_arr_eq(out, message, sizeof message);
}

Test(msg, an_AVP_is_inserted_replaced_and_removed)
{
    uint8_t out[64];
    dm_bytes insert = dm_bytes_of(class_x, sizeof class_x);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){20, 0, insert}), 52);
    cr_assert_eq(dm_get24(out + 1), 52);
    cr_assert_arr_eq(out + 20, class_x, sizeof class_x);
    cr_assert_arr_eq(out + 32, message + 20, 20);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){32, 8, insert}), 44);
    cr_assert_arr_eq(out + 20, message + 20, 12);
    cr_assert_arr_eq(out + 32, class_x, sizeof class_x);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){20, 12, dm_text("")}), 28);
    cr_assert_arr_eq(out + 20, message + 32, 8);
}

Test(msg, several_splices_are_carried_out_at_once)
{
    uint8_t out[64];
    dm_bytes insert = dm_bytes_of(class_x, sizeof class_x);
    struct dm_splice splices[] = {{20, 12, insert}, {32, 8, dm_text("")}, {40, 0, insert}};
    cr_assert_eq(dm_message_splice(out, sizeof out, the_message(), splices, 3), 44);
    cr_assert_arr_eq(out + 20, class_x, sizeof class_x);
    cr_assert_arr_eq(out + 32, class_x, sizeof class_x);
}

Test(msg, splices_out_of_order_or_out_of_bounds_are_refused)
{
    uint8_t out[64];
    dm_bytes none = dm_text("");
    struct dm_splice crossed[] = {{32, 8, none}, {20, 12, none}};
    struct dm_splice overlapping[] = {{20, 16, none}, {32, 8, none}};
    cr_assert_eq(dm_message_splice(out, sizeof out, the_message(), crossed, 2), 0);
    cr_assert_eq(dm_message_splice(out, sizeof out, the_message(), overlapping, 2), 0);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){16, 4, none}), 0);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){36, 8, none}), 0);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){44, 0, none}), 0);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){20, SIZE_MAX, none}), 0);
}

Test(msg, HDR_04_a_splice_that_leaves_an_odd_length_is_refused)
{
    uint8_t out[64];
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){20, 0, dm_text("x")}), 0);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){20, 2, dm_text("")}), 0);
}

Test(msg, a_splice_that_does_not_fit_is_refused)
{
    uint8_t out[51];
    static uint8_t large[DM_LENGTH_MAX];
    static uint8_t room[sizeof message + DM_LENGTH_MAX];
    dm_bytes insert = dm_bytes_of(class_x, sizeof class_x);
    cr_assert_eq(splice(out, sizeof out, (struct dm_splice){20, 0, insert}), 0);
    struct dm_splice too_long = {20, 0, dm_bytes_of(large, sizeof large)};
    cr_assert_eq(splice(room, sizeof room, too_long), 0);
    cr_assert_eq(dm_message_splice(out, sizeof out, dm_text("short"), NULL, 0), 0);
}
