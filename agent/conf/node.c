/* node.c — a YAML file as a tree whose every node knows its place.
 *
 * libyaml's events come in the order of the file; a stack of open lists and maps says where each
 * belongs. The first syntax error ends the reading: what comes after it would only be guessed at.
 */
#include "agent/conf/node.h"

#include <stdint.h>
#include <stdlib.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const uint8_t *octets;
    size_t size;
    struct conf_arena *arena;
    struct conf_complaints *complaints;
    struct conf_node *root;
    struct conf_node *open[CONF_DEPTH_MAX];
    unsigned depth;
    bool has_document;
};

enum step { GO_ON, FINISHED, FAILED };

static conf_place place_of(yaml_mark_t mark)
{
    return (conf_place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

__attribute__((format(printf, 3, 4))) static enum step fail(struct reader *reader, conf_place place,
                                                            const char *format, ...)
{
    va_list values;
    va_start(values, format);
    conf_complaints_add(reader->complaints, place, "", format, values);
    va_end(values);
    return FAILED;
}

/* libyaml decodes ahead of its mark, but knows which octet it could not decode. */
static conf_place place_of_octet(const struct reader *reader, size_t offset)
{
    conf_place place = {1, 1};
    for (size_t i = 0; i < offset && i < reader->size; i++) {
        bool is_end = reader->octets[i] == '\n';
        place.line += is_end;
        place.column = is_end ? 1 : place.column + 1;
    }
    return place;
}

static enum step fail_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    if (parser->error == YAML_READER_ERROR)
        return fail(reader, place_of_octet(reader, parser->problem_offset), "%s", problem);
    if (parser->context)
        return fail(reader, place_of(parser->problem_mark), "%s, %s", parser->context, problem);
    return fail(reader, place_of(parser->problem_mark), "%s", problem);
}

static struct conf_node *add_node(struct reader *reader, enum conf_kind kind, yaml_mark_t mark)
{
    struct conf_node *node = conf_arena_new(reader->arena, sizeof *node);
    node->kind = kind;
    node->place = place_of(mark);
    if (reader->depth == 0) {
        reader->root = node;
        return node;
    }
    struct conf_node *into = reader->open[reader->depth - 1];
    if (into->last)
        into->last->next = node;
    else
        into->first = node;
    into->last = node;
    into->count++;
    return node;
}

static enum step on_scalar(struct reader *reader, const yaml_event_t *event)
{
    if (event->data.scalar.tag)
        return fail(reader, place_of(event->start_mark), "tags are not understood");
    const char *text = (const char *)event->data.scalar.value;
    for (size_t i = 0; i < event->data.scalar.length; i++)
        if ((unsigned char)text[i] < 0x20)
            return fail(reader, place_of(event->start_mark),
                        "a control character stands in this text");
    struct conf_node *node = add_node(reader, CONF_SCALAR, event->start_mark);
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->size = event->data.scalar.length;
    node->text = conf_arena_text(reader->arena, text, node->size);
    return GO_ON;
}

static enum step on_start(struct reader *reader, enum conf_kind kind, const yaml_char_t *tag,
                          yaml_mark_t mark)
{
    if (tag)
        return fail(reader, place_of(mark), "tags are not understood");
    if (reader->depth == CONF_DEPTH_MAX)
        return fail(reader, place_of(mark), "nested deeper than %d levels", CONF_DEPTH_MAX);
    struct conf_node *node = add_node(reader, kind, mark);
    reader->open[reader->depth++] = node;
    return GO_ON;
}

static enum step on_document(struct reader *reader, const yaml_event_t *event)
{
    if (reader->has_document)
        return fail(reader, place_of(event->start_mark), "a second document begins here");
    reader->has_document = true;
    return GO_ON;
}

static enum step on_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(reader, event);
    case YAML_ALIAS_EVENT:
        return fail(reader, place_of(event->start_mark), "aliases are not understood");
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(reader, CONF_LIST, event->data.sequence_start.tag, event->start_mark);
    case YAML_MAPPING_START_EVENT:
        return on_start(reader, CONF_MAP, event->data.mapping_start.tag, event->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        return GO_ON;
    case YAML_STREAM_END_EVENT:
        return FINISHED;
    default:
        return GO_ON;
    }
}

static enum step step(struct reader *reader)
{
    yaml_event_t event;
    if (!yaml_parser_parse(&reader->parser, &event))
        return fail_syntax(reader);
    enum step next = on_event(reader, &event);
    yaml_event_delete(&event);
    return next;
}

struct conf_node *conf_node_read(const void *octets, size_t size, struct conf_arena *arena,
                                 struct conf_complaints *complaints)
{
    struct reader reader = {
        .octets = octets, .size = size, .arena = arena, .complaints = complaints};
    if (!yaml_parser_initialize(&reader.parser))
        abort();
    yaml_parser_set_input_string(&reader.parser, octets, size);
    enum step next = GO_ON;
    while (next == GO_ON)
        next = step(&reader);
    yaml_parser_delete(&reader.parser);
    if (next == FINISHED && reader.root == NULL)
        next = fail(&reader, (conf_place){1, 1}, "the file is empty");
    return next == FINISHED ? reader.root : NULL;
}
