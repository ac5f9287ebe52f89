/* store_resp.c — commands to the octet; replies whole, in pieces, and hostile. */
#include "agent/store/resp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static redisReader *reader;
static struct resp_out out;

static void begin(void)
{
    reader = resp_reader_new();
    out = (struct resp_out){0};
}

static void end(void)
{
    redisReaderFree(reader);
    resp_out_fini(&out);
}

TestSuite(store_resp, .init = begin, .fini = end);

static bool feed(const char *text)
{
    return resp_feed(reader, text, strlen(text));
}

Test(store_resp, a_command_is_an_array_of_bulk_strings)
{
    static const char expected[] = "*3\r\n$4\r\nSADD\r\n$0\r\n\r\n$12\r\nantipode1234\r\n";
    resp_command(&out, 3, (dm_bytes[]){dm_text("SADD"), dm_text(""), dm_text("antipode1234")});
    cr_assert_eq(resp_out_size(&out), sizeof expected - 1);
    cr_assert_arr_eq(out.octets + out.begin, expected, sizeof expected - 1);
}

Test(store_resp, commands_follow_each_other_and_what_was_written_makes_room)
{
    resp_command(&out, 1, (dm_bytes[]){dm_text("PING")});
    resp_command(&out, 1, (dm_bytes[]){dm_text("PING")});
    cr_assert_eq(resp_out_size(&out), 28);
    out.begin = out.end;
    resp_command(&out, 1, (dm_bytes[]){dm_text("PING")});
    cr_assert_eq(out.begin, 0);
    cr_assert_eq(resp_out_size(&out), 14);
}

Test(store_resp, replies_come_one_by_one)
{
    cr_assert(feed("+OK\r\n$3\r\nabc\r\n$-1\r\n:7\r\n"));
    redisReply *ok = resp_next(reader), *abc = resp_next(reader), *nil = resp_next(reader),
               *seven = resp_next(reader);
    cr_assert(resp_begins(ok, "OK"));
    cr_assert(resp_is_text(abc) && abc->len == 3);
    cr_assert_eq(nil->type, REDIS_REPLY_NIL);
    cr_assert_eq(seven->integer, 7);
    cr_assert_null(resp_next(reader));
    cr_assert_eq(reader->err, 0);
    freeReplyObject(ok);
    freeReplyObject(abc);
    freeReplyObject(nil);
    freeReplyObject(seven);
}

Test(store_resp, a_reply_in_single_octets_is_the_same)
{
    static const char text[] = "*2\r\n$7\r\nmessage\r\n*1\r\n$1\r\nk\r\n";
    redisReply *reply = NULL;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        cr_assert_null(reply);
        cr_assert(resp_feed(reader, text + i, 1));
        reply = resp_next(reader);
    }
    cr_assert_eq(reply->elements, 2);
    cr_assert_eq(reply->element[1]->elements, 1);
    freeReplyObject(reply);
}

Test(store_resp, an_error_is_a_reply)
{
    cr_assert(feed("-MOVED 1 127.0.0.1:7001\r\n"));
    redisReply *reply = resp_next(reader);
    cr_assert_eq(reply->type, REDIS_REPLY_ERROR);
    cr_assert(resp_begins(reply, "MOVED "));
    freeReplyObject(reply);
}

/* Fed in one piece: an error is set, no reply comes, and nothing breaks. */
static void refuses(const char *text)
{
    redisReader *its = resp_reader_new();
    bool is_fed = resp_feed(its, text, strlen(text));
    redisReply *reply;
    while (is_fed && (reply = resp_next(its)))
        freeReplyObject(reply);
    cr_assert(!is_fed || its->err, "%.40s", text);
    redisReaderFree(its);
}

Test(store_resp, hostile_replies_are_refused)
{
    refuses("HTTP/1.1 400 Bad Request\r\n\r\n");
    refuses("*2147483647\r\n");
    refuses("*99999999999999999999\r\n");
    refuses("*20001\r\n");
    refuses("*-2\r\n");
    refuses("$99999999999999999999999\r\n");
    refuses("$-7\r\nx");
    refuses(":12a\r\n");
    refuses("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n");
    refuses("\r\n");
}

Test(store_resp, more_than_a_mebioctet_without_an_end_is_refused)
{
    static char much[65536];
    memset(much, 'x', sizeof much);
    cr_assert(feed("$1073741824\r\n"));
    unsigned taken = 0;
    while (resp_feed(reader, much, sizeof much) && taken < 100) {
        cr_assert_null(resp_next(reader));
        taken++;
    }
    cr_assert_leq(taken, RESP_UNREAD_MAX / sizeof much);
}
