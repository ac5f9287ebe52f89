/* avp_path.c — names of AVPs become paths. */
#include "agent/conf/avp_path.h"

#include <ctype.h>

#include "agent/avp_text.h"
#include "agent/conf/suggest.h"

static const char *const names[] = {
#define AVP(vendor, code, name, type, mandatory, secret) name,
#include "proto/avps.def"
#undef AVP
};

static bool complain_unknown(struct conf_reading *reading, const struct conf_node *node,
                             const char *part, size_t size)
{
    const char *text = conf_arena_text(reading->scratch, part, size);
    const char *near = conf_suggest(text, names, sizeof names / sizeof *names);
    if (isdigit((unsigned char)*text))
        conf_complain(reading, node, "`%s` is neither CODE nor VENDOR:CODE", text);
    else if (near)
        conf_complain(reading, node, "`%s` is no AVP known by name; did you mean `%s`?", text,
                      near);
    else
        conf_complain(reading, node,
                      "`%s` is no AVP known by name; \"CODE\" or \"VENDOR:CODE\" would do", text);
    return false;
}

static void add_step(struct conf_avp *avp, const struct dm_avp_info *info)
{
    struct rt_path *path = &avp->path;
    avp->info[path->depth] = *info;
    path->step[path->depth].vendor = info->vendor;
    path->step[path->depth].code = info->code;
    path->depth++;
    path->type = info->type;
    path->is_unknown = info->name == NULL;
}

/* Another AVP can stand only in a group; of what is unknown nobody can say. */
static bool check_group(struct conf_reading *reading, const struct conf_node *node,
                        const struct dm_avp_info *info)
{
    if (info->name == NULL || info->type == DM_TYPE_GROUPED)
        return true;
    conf_complain(reading, node, "`%s` is no group", info->name);
    return false;
}

bool conf_find_avp(struct conf_reading *reading, const struct conf_node *node, struct conf_avp *avp)
{
    const char *at = conf_scalar(reading, node);
    *avp = (struct conf_avp){0};
    while (at) {
        struct dm_avp_info info;
        size_t size = strcspn(at, "/");
        if (!avp_text_find(at, size, &info))
            return complain_unknown(reading, node, at, size);
        add_step(avp, &info);
        if (at[size] == '\0')
            return true;
        if (!check_group(reading, node, &info))
            return false;
        if (avp->path.depth == RT_PATH_MAX) {
            conf_complain(reading, node, "more than %d deep", RT_PATH_MAX);
            return false;
        }
        at += size + 1;
    }
    return false;
}
