/* dict.h — look-ups over avps.def, commands.def, results.def and applications.def.
 *
 * For reading, printing and configuring; the data path of a relay asks none of it. All returned
 * rows are constant and live for ever. */
#pragma once

#include "proto/avp.h"

enum dm_type {
    DM_TYPE_OCTETS,
    DM_TYPE_UTF8,
    DM_TYPE_IDENTITY,
    DM_TYPE_URI,
    DM_TYPE_INTEGER32,
    DM_TYPE_INTEGER64,
    DM_TYPE_UNSIGNED32,
    DM_TYPE_UNSIGNED64,
    DM_TYPE_FLOAT32,
    DM_TYPE_FLOAT64,
    DM_TYPE_ENUMERATED,
    DM_TYPE_TIME,
    DM_TYPE_ADDRESS,
    DM_TYPE_GROUPED,
};

struct dm_avp_info {
    uint32_t vendor;
    uint32_t code;
    const char *name;
    enum dm_type type;
    bool mandatory; /* M as the defining table sets it */
    bool secret;    /* masked in dumps, logs and traces: SEC-13 */
};

struct dm_command_info {
    uint32_t application;
    uint32_t code;
    const char *request; /* "UAR" */
    const char *answer;  /* "UAA" */
    const char *name;    /* "User-Authorization" */
};

struct dm_application_info {
    uint32_t id;
    const char *name;  /* as in the configuration: "sip" */
    const char *title; /* "Diameter SIP Application" */
    uint32_t vendor;   /* 10415: advertised in a Vendor-Specific-Application-Id; 0: in an
                          Auth-/Acct-Application-Id */
    bool accounting;   /* advertised as Acct-Application-Id */
};

const struct dm_avp_info *dm_dict_avp(uint32_t vendor, uint32_t code);
/* By name, ignoring case. Where two vendors use one name the IETF's wins. */
const struct dm_avp_info *dm_dict_avp_named(dm_bytes name);
/* The command of this application; base commands (application 0) are found under any. */
const struct dm_command_info *dm_dict_command(uint32_t application, uint32_t code);
/* By short name of the request ("UAR") in the application, then in the base. */
const struct dm_command_info *dm_dict_command_named(uint32_t application, dm_bytes name);
const struct dm_application_info *dm_dict_application(uint32_t id);
const struct dm_application_info *dm_dict_application_named(dm_bytes name);
/* The smallest value of a type in octets: what an example AVP carries. RFC 6733 §7.5. */
size_t dm_type_minimum(enum dm_type type);
