/* csv.c — rows of a file, with their places. */
#include "routing/csv.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* The rows as "LINE:field@COLUMN|field@COLUMN", or "LINE:COLUMN why"; a blank line between. */
static void claim(const char *file, const char *expected)
{
    char text[1024] = "";
    size_t size = 0;
    struct rt_csv csv;
    struct rt_csv_row row;
    rt_csv_init(&csv, dm_text(file));
    while (rt_csv_next(&csv, &row)) {
        size += (size_t)sprintf(text + size, "%s%u:", size ? "\n" : "", row.line);
        if (row.why)
            size += (size_t)sprintf(text + size, "%u %s", row.column, row.why);
        for (uint32_t i = 0; !row.why && i < row.count; i++)
            size += (size_t)sprintf(text + size, "%s%.*s@%u", i ? "|" : "",
                                    (int)row.fields[i].text.size, (char *)row.fields[i].text.at,
                                    row.fields[i].column);
    }
    cr_assert_str_eq(text, expected);
}

Test(csv, fields_have_their_line_and_column)
{
    claim("a,bc,d\ne,f\n", "1:a@1|bc@3|d@6\n2:e@1|f@3");
}

Test(csv, a_line_may_end_with_cr_lf_and_the_last_with_nothing)
{
    claim("a,b\r\nc,d\r\ne,f", "1:a@1|b@3\n2:c@1|d@3\n3:e@1|f@3");
    claim("a,b\r", "1:a@1|b@3");
}

Test(csv, comments_and_empty_lines_are_no_rows_but_count_as_lines)
{
    claim("# head\n\n  \t\r\na#b\n #c\n", "4:a#b@1");
    claim("", "");
    claim("\n", "");
}

Test(csv, a_quoted_field_may_hold_commas_line_ends_and_doubled_quotes)
{
    claim("\"a,b\",c\n\"d\"\"e\"\"\"\n\"f\ng\",h\ni\n",
          "1:a,b@1|c@7\n2:d\"e\"@1\n3:f\ng@1|h@4\n5:i@1");
}

Test(csv, empty_fields_are_fields)
{
    claim(",,\n\"\"\n", "1:@1|@2|@3\n2:@1");
}

Test(csv, fields_beyond_those_wanted_are_counted)
{
    struct rt_csv csv;
    struct rt_csv_row row;
    rt_csv_init(&csv, dm_text("1,2,3,4,\"5\"\"\",6\n7\n"));
    cr_assert(rt_csv_next(&csv, &row));
    cr_assert_eq(row.count, 6);
    cr_assert(rt_csv_next(&csv, &row));
    cr_assert_eq(row.line, 2);
}

Test(csv, after_a_mistake_the_next_line_is_read)
{
    claim("a\"b,c\n\"d\"e\n\"f\ng,h\n", "1:2 a quote within a field that does not begin with one\n"
                                        "2:1 more follows behind the closing quote\n"
                                        "3:1 a quote that does not end within 512 octets\n"
                                        "4:g@1|h@3");
}

Test(csv, a_field_of_more_than_512_octets_is_a_mistake)
{
    char file[1200];
    memset(file, 'a', sizeof file);
    strcpy(file + 513, ",b\nc\n");
    claim(file, "1:1 a field of more than 512 octets\n2:c@1");
    file[0] = '"';
    claim(file, "1:1 a quote that does not end within 512 octets\n2:c@1");
}

Test(csv, the_mark_before_utf_8_is_not_of_the_first_field)
{
    claim("\xef\xbb\xbf"
          "a,b\n",
          "1:a@1|b@3");
}
