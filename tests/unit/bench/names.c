/* names.c — which names are those of users, and whose. */
#include <criterion/criterion.h>

#include "bench/names.h"

static bool user(const char *text, uint32_t *index)
{
    return name_user_index(dm_text(text), dm_text("example.net"), index);
}

static bool aor(const char *text, uint32_t *index)
{
    return name_aor_index(dm_text(text), dm_text("example.net"), index);
}

Test(names, a_user_name_is_made_and_read_back)
{
    const uint32_t samples[] = {0, 9, 10, 123456, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        char name[NAME_SIZE_MAX];
        uint32_t index = 1;
        size_t size = name_user(name, samples[i], dm_text("example.net"));
        cr_assert(name_user_index(dm_bytes_of(name, size), dm_text("example.net"), &index));
        cr_assert_eq(index, samples[i]);
    }
}

Test(names, an_aor_is_a_sip_uri)
{
    char name[NAME_SIZE_MAX];
    size_t size = name_aor(name, 42, dm_text("example.net"));
    cr_assert_eq(size, strlen("sip:user42@example.net"));
    cr_assert_arr_eq(name, "sip:user42@example.net", size);
}

Test(names, a_secret_has_the_number_of_its_user)
{
    char name[NAME_SIZE_MAX];
    cr_assert_eq(name_secret(name, 42), 8);
    cr_assert_arr_eq(name, "secret42", 8);
}

Test(names, case_counts_in_the_user_and_not_in_the_realm)
{
    uint32_t index;
    cr_assert(user("user7@EXAMPLE.net", &index));
    cr_assert_not(user("User7@example.net", &index));
}

Test(names, numbers_have_no_leading_zeros)
{
    uint32_t index;
    cr_assert_not(user("user07@example.net", &index));
    cr_assert(user("user0@example.net", &index));
}

Test(names, numbers_beyond_32_bits_are_nobodys)
{
    uint32_t index;
    cr_assert_not(user("user4294967296@example.net", &index));
    cr_assert_not(user("user99999999999999999999999@example.net", &index));
}

Test(names, what_is_cut_or_of_another_realm_is_nobodys)
{
    const char *wrong[] = {"",
                           "user",
                           "user1",
                           "user1@",
                           "user1@x.net",
                           "user@example.net",
                           "1@example.net",
                           "user1@example.net.",
                           "user1x@example.net"};
    uint32_t index;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_not(user(wrong[i], &index), "%s", wrong[i]);
}

Test(names, sips_port_and_parameters_name_the_same_user)
{
    const char *same[] = {"sip:user5@example.net",
                          "sips:user5@example.net",
                          "SIP:user5@Example.Net",
                          "sip:user5@example.net:5061;transport=tcp",
                          "sip:user5@example.net;user=phone",
                          "sip:user5@example.net?subject=x"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        uint32_t index = 0;
        cr_assert(aor(same[i], &index), "%s", same[i]);
        cr_assert_eq(index, 5);
    }
}

Test(names, other_schemes_are_nobodys)
{
    uint32_t index;
    cr_assert_not(aor("tel:+12015550123", &index));
    cr_assert_not(aor("user5@example.net", &index));
    cr_assert_not(aor("sip:", &index));
    cr_assert_not(aor("", &index));
}
