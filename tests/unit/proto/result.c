/* result.c — Result-Codes have names; a vendor's codes are another list. */
#include "proto/result.h"

#include <criterion/criterion.h>

Test(result, a_code_has_the_name_of_its_RFC)
{
    cr_assert_str_eq(dm_result_name(3002), "DIAMETER_UNABLE_TO_DELIVER");
    cr_assert_str_eq(dm_result_name(4003), "ELECTION_LOST");
    cr_assert_str_eq(dm_result_name(5040), "DIAMETER_ERROR_NOT_SUPPORTED_USER_DATA");
}

Test(result, an_unknown_code_has_no_name)
{
    cr_assert_null(dm_result_name(0));
    cr_assert_null(dm_result_name(5018));
    cr_assert_null(dm_result_name(UINT32_MAX));
    cr_assert_null(dm_experimental_name(10415, 5010));
    cr_assert_null(dm_experimental_name(0, 5001));
}

Test(result, experimental_5003_is_not_the_5003_of_the_base)
{
    cr_assert_str_eq(dm_experimental_name(10415, 5003), "DIAMETER_ERROR_IDENTITY_NOT_REGISTERED");
    cr_assert_str_eq(dm_result_name(5003), "DIAMETER_AUTHORIZATION_REJECTED");
}

Test(result, every_row_is_found_by_its_code)
{
#define RESULT(code, symbol, name, source) cr_assert_str_eq(dm_result_name(code), name);
#define EXPERIMENTAL(vendor, code, name, source)                                                   \
    cr_assert_str_eq(dm_experimental_name(vendor, code), name);
#include "proto/results.def"
}

Test(result, protocol_errors_are_3xxx)
{
    cr_assert(dm_result_is_protocol_error(DM_UNABLE_TO_DELIVER));
    cr_assert(dm_result_is_protocol_error(3999));
    cr_assert_not(dm_result_is_protocol_error(DM_SUCCESS));
    cr_assert_not(dm_result_is_protocol_error(DM_OUT_OF_SPACE));
    cr_assert_not(dm_result_is_protocol_error(30020));
}
