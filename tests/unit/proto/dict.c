/* dict.c — rows are found by number and by name, and codes that collide are told apart by vendor.
 */
#include "proto/dict.h"

#include <criterion/criterion.h>
#include <ctype.h>

static const char *avp_name(uint32_t vendor, uint32_t code)
{
    const struct dm_avp_info *info = dm_dict_avp(vendor, code);
    return info ? info->name : "";
}

static bool finds_named(const char *name)
{
    const struct dm_avp_info *info = dm_dict_avp_named(dm_text(name));
    return info && strcmp(info->name, name) == 0;
}

Test(dict, AVP_rows_ascend_by_vendor_and_code)
{
    uint64_t last = 0;
#define AVP(vendor, code, name, type, mandatory, secret)                                           \
    cr_assert_gt((uint64_t)vendor << 32 | code, last, "%s is out of order", name);                 \
    last = (uint64_t)vendor << 32 | code;
#include "proto/avps.def"
#undef AVP
}

Test(dict, command_rows_ascend_by_application_and_code)
{
    uint64_t last = 0;
#define COMMAND(application, code, request, answer, name)                                          \
    cr_assert_gt((uint64_t)application << 32 | code, last, "%s is out of order", name);            \
    last = (uint64_t)application << 32 | code;
#include "proto/commands.def"
#undef COMMAND
}

Test(dict, application_rows_ascend_by_id_and_their_names_are_lower_case)
{
    int64_t last = -1;
#define APPLICATION(id, name, title, vendor, accounting)                                           \
    cr_assert_gt((int64_t)id, last, "%s is out of order", name);                                   \
    last = id;                                                                                     \
    for (const char *c = name; *c; c++)                                                            \
        cr_assert_eq(tolower(*c), *c, "%s has a capital", name);
#include "proto/applications.def"
#undef APPLICATION
}

Test(dict, every_AVP_row_is_found_by_vendor_and_code_and_by_name)
{
#define AVP(vendor, code, name, type, mandatory, secret)                                           \
    cr_assert_str_eq(avp_name(vendor, code), name);                                                \
    cr_assert(finds_named(name));
#include "proto/avps.def"
#undef AVP
}

Test(dict, what_is_in_no_row_is_not_found)
{
    cr_assert_null(dm_dict_avp(0, 99999));
    cr_assert_null(dm_dict_avp(10416, 601));
    cr_assert_null(dm_dict_avp(UINT32_MAX, UINT32_MAX));
    cr_assert_null(dm_dict_avp_named(dm_text("SIP-AO")));
    cr_assert_null(dm_dict_avp_named(dm_text("")));
    cr_assert_null(dm_dict_command(6, 300));
    cr_assert_null(dm_dict_command_named(6, dm_text("UDR")));
    cr_assert_null(dm_dict_application(7777));
    cr_assert_null(dm_dict_application_named(dm_text("sipp")));
}

Test(dict, AVP_09_codes_that_collide_are_told_apart_by_vendor)
{
    static const struct {
        uint32_t code;
        const char *ietf;
        const char *vendor;
    } collisions[] = {
        {620, "Redirect-Realm", "Secondary-Event-Charging-Function-Name"},
        {621, "OC-Supported-Features", "Primary-Charging-Collection-Function-Name"},
        {622, "OC-Feature-Vector", "Secondary-Charging-Collection-Function-Name"},
        {623, "OC-OLR", "User-Authorization-Type"},
        {624, "OC-Sequence-Number", "User-Data-Already-Available"},
        {625, "OC-Validity-Duration", "Confidentiality-Key"},
        {626, "OC-Report-Type", "Integrity-Key"},
        {648, "OC-Peer-Algo", "Multiple-Registration-Indication"},
        {649, "SourceID", "Restoration-Info"},
        {650, "Load", "Session-Priority"},
        {651, "Load-Type", "Identity-with-Emergency-Registration"},
        {652, "Load-Value", "Priviledged-Sender-Indication"},
    };
    for (size_t i = 0; i < sizeof collisions / sizeof *collisions; i++) {
        cr_assert_str_eq(avp_name(0, collisions[i].code), collisions[i].ietf);
        cr_assert_str_eq(avp_name(10415, collisions[i].code), collisions[i].vendor);
    }
}

Test(dict, of_two_AVPs_with_one_name_the_IETF_s_is_found)
{
    const struct dm_avp_info *info = dm_dict_avp_named(dm_text("sip-authenticate"));
    cr_assert_eq(info->vendor, 0);
    cr_assert_eq(info->code, 379);
    cr_assert_eq(info->type, DM_TYPE_GROUPED);
    cr_assert_eq(dm_dict_avp(10415, 609)->type, DM_TYPE_OCTETS);
}

Test(dict, SEC_13_keys_and_proofs_are_secret)
{
    static const uint32_t secret[][2] = {{0, 103},     {0, 121},     {10415, 609},
                                         {10415, 610}, {10415, 625}, {10415, 626}};
    size_t found = 0;
#define AVP(vendor, code, name, type, mandatory, secret) found += secret;
#include "proto/avps.def"
#undef AVP
    cr_assert_eq(found, sizeof secret / sizeof *secret);
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        cr_assert(dm_dict_avp(secret[i][0], secret[i][1])->secret);
}

Test(dict, AVP_27_M_is_set_as_the_base_protocol_s_table_says)
{
    cr_assert(dm_dict_avp(0, DM_AVP_ROUTE_RECORD)->mandatory);
    cr_assert(dm_dict_avp(0, DM_AVP_FAILED_AVP)->mandatory);
    cr_assert_not(dm_dict_avp(0, DM_AVP_ERROR_MESSAGE)->mandatory);
    cr_assert_not(dm_dict_avp(0, DM_AVP_ERROR_REPORTING_HOST)->mandatory);
    cr_assert_not(dm_dict_avp(0, DM_AVP_PRODUCT_NAME)->mandatory);
    cr_assert_not(dm_dict_avp(0, DM_AVP_FIRMWARE_REVISION)->mandatory);
}

Test(dict, UAR_is_another_command_in_each_application)
{
    cr_assert_eq(dm_dict_command_named(6, dm_text("uar"))->code, 283);
    cr_assert_eq(dm_dict_command_named(16777216, dm_text("UAR"))->code, 300);
    cr_assert_str_eq(dm_dict_command(16777216, 302)->answer, "LIA");
    cr_assert_str_eq(dm_dict_command(16777217, 309)->name, "Push-Notification");
}

Test(dict, HDR_18_base_commands_are_found_under_any_application)
{
    cr_assert_str_eq(dm_dict_command(6, 275)->request, "STR");
    cr_assert_eq(dm_dict_command_named(16777216, dm_text("asr"))->code, 274);
    cr_assert_eq(dm_dict_command(10, 328)->code, 328);
}

Test(dict, applications_have_a_short_name_and_the_vendor_they_are_advertised_with)
{
    const struct dm_application_info *cx = dm_dict_application_named(dm_text("Cx"));
    cr_assert_eq(cx->id, 16777216);
    cr_assert_eq(cx->vendor, 10415);
    cr_assert_eq(dm_dict_application_named(dm_text("sip"))->id, 6);
    cr_assert_eq(dm_dict_application_named(dm_text("sip"))->vendor, 0);
    cr_assert(dm_dict_application_named(dm_text("accounting"))->accounting);
    cr_assert_str_eq(dm_dict_application(DM_APPLICATION_RELAY)->name, "relay");
    cr_assert_str_eq(dm_dict_application(0)->name, "base");
}

Test(dict, AVP_20_an_example_is_as_short_as_its_type_allows)
{
    cr_assert_eq(dm_type_minimum(DM_TYPE_IDENTITY), 0);
    cr_assert_eq(dm_type_minimum(DM_TYPE_GROUPED), 0);
    cr_assert_eq(dm_type_minimum(DM_TYPE_UNSIGNED32), 4);
    cr_assert_eq(dm_type_minimum(DM_TYPE_ENUMERATED), 4);
    cr_assert_eq(dm_type_minimum(DM_TYPE_TIME), 4);
    cr_assert_eq(dm_type_minimum(DM_TYPE_UNSIGNED64), 8);
    cr_assert_eq(dm_type_minimum(DM_TYPE_ADDRESS), 6);
}
