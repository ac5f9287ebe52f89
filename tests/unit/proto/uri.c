/* uri.c — DiameterURIs, by the examples of RFC 6733 §4.3.1 and beside them. */
#include "proto/uri.h"

#include <criterion/criterion.h>

static void expect(const char *text, const char *wanted)
{
    struct dm_uri uri;
    char written[DM_URI_MAX];
    cr_assert(dm_uri_read(&uri, dm_text(text)), "%s", text);
    size_t size = dm_uri_write(written, sizeof written, &uri);
    cr_assert_eq(size, strlen(written));
    cr_assert_str_eq(written, wanted, "%s gave %s", text, written);
}

static void refuse(const char *text)
{
    struct dm_uri uri;
    cr_assert(!dm_uri_read(&uri, dm_text(text)), "%s was taken", text);
}

Test(uri, AVP_23_the_examples_of_the_rfc_are_read)
{
    expect("aaa://host.example.com;transport=tcp", "aaa://host.example.com:3868;transport=tcp");
    expect("aaa://host.example.com:6666;transport=tcp",
           "aaa://host.example.com:6666;transport=tcp");
    expect("aaa://host.example.com;protocol=diameter", "aaa://host.example.com:3868;transport=tcp");
    expect("aaa://host.example.com:6666;protocol=diameter",
           "aaa://host.example.com:6666;transport=tcp");
    expect("aaa://host.example.com:6666;transport=tcp;protocol=diameter",
           "aaa://host.example.com:6666;transport=tcp");
}

Test(uri, AVP_23_what_is_left_out_has_its_default)
{
    expect("aaa://h.example", "aaa://h.example:3868;transport=tcp");
    expect("aaas://h.example", "aaas://h.example:5868;transport=tcp");
    expect("aaas://h:5868;transport=sctp", "aaas://h:5868;transport=sctp");
    expect("aaa://h.example;transport=sctp", "aaa://h.example:3868;transport=sctp");
}

Test(uri, AVP_23_a_bare_name_is_taken)
{
    expect("s1.core.example", "aaa://s1.core.example:3868;transport=tcp");
    expect("s1.core.example:3869", "aaa://s1.core.example:3869;transport=tcp");
}

Test(uri, words_ignore_case_and_parameters_come_in_any_order)
{
    expect("AAA://H.Example:1;Transport=SCTP", "aaa://H.Example:1;transport=sctp");
    expect("aaa://h;protocol=Diameter;transport=tcp", "aaa://h:3868;transport=tcp");
}

Test(uri, AVP_23_udp_and_other_protocols_are_refused)
{
    refuse("aaa://host.example.com:1813;transport=udp;protocol=radius");
    refuse("aaa://h;transport=udp");
    refuse("aaa://h;protocol=radius");
    refuse("aaa://h;protocol=tacacs+");
}

Test(uri, what_is_no_uri_is_refused)
{
    refuse("");
    refuse("aaa://");
    refuse("aaa://:3868");
    refuse("http://h.example");
    refuse("aaa:/h.example");
    refuse("aaa://h..example");
    refuse("aaa://h.example/path");
    refuse("aaa://h.example;");
    refuse("aaa://h.example;transport");
    refuse("aaa://h.example;transport=");
    refuse("aaa://h.example;transport=tcp;transport=tcp");
    refuse("aaa://h.example;transport=tcpx");
    refuse("aaa://h.example;colour=red");
    refuse("aaa://user@h.example");
}

Test(uri, a_port_is_a_number_of_16_bits_and_not_0)
{
    expect("aaa://h:65535", "aaa://h:65535;transport=tcp");
    refuse("aaa://h:");
    refuse("aaa://h:0");
    refuse("aaa://h:65536");
    refuse("aaa://h:99999999999999999999");
    refuse("aaa://h:12a");
    refuse("aaa://h:-1");
    refuse("aaa://h:1:2");
}

Test(uri, a_room_that_does_not_do_gives_nothing)
{
    char small[16];
    struct dm_uri uri = {.host = dm_text("h.example"), .port = 3868};
    cr_assert_eq(dm_uri_write(small, sizeof small, &uri), 0);
}

Test(uri, the_longest_host_fits)
{
    char host[256], text[DM_URI_MAX];
    memset(host, 'a', 255);
    host[255] = '\0';
    for (int i = 50; i < 255; i += 50)
        host[i] = '.';
    struct dm_uri uri = {
        .host = dm_text(host), .port = 65535, .is_secure = true, .transport = DM_TRANSPORT_SCTP};
    cr_assert_neq(dm_uri_write(text, sizeof text, &uri), 0);
    struct dm_uri again;
    cr_assert(dm_uri_read(&again, dm_text(text)));
}
