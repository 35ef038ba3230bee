/*
 * embeddings: OpenAI's embeddings.
 */

#include <errno.h>

#include "chat.h"
#include "common/base/json_writer.h"
#include "endpoints.h"
#include "usage.h"
#include "vectors.h"

#define BODY_BYTES_MAX ((size_t)160 << 20)
#define INPUTS_MAX 2048
#define DIMENSIONS_MAX 4096
#define DIMENSIONS_DEFAULT 1536
/* What the answer may hold in all, so that its text fits the body. */
#define NUMBERS_MAX (INPUTS_MAX * DIMENSIONS_DEFAULT * 2)

struct embedding_ask {
    uint32_t input;   /* a node */
    uint32_t inputs;  /* vectors to make */
    bool is_list;     /* input is a list of inputs, not one */
    bool wants_bytes; /* base64 */
    size_t dimensions;
};

static struct ask_error read_ask(const struct json_doc *doc, struct embedding_ask *ask)
{
    int64_t dimensions = DIMENSIONS_DEFAULT;
    uint32_t first;

    ask->input = json_find(doc, 0, "input");
    if (json_is_null(doc, ask->input) ||
        (json_kind(doc, ask->input) != JSON_STRING && json_kind(doc, ask->input) != JSON_ARRAY))
        return (struct ask_error){"input is a text, texts or tokens", "input"};
    ask->inputs = 1;
    if (json_kind(doc, ask->input) == JSON_ARRAY) {
        first = json_first(doc, ask->input);
        if (first == JSON_NONE)
            return (struct ask_error){"input must not be empty", "input"};
        ask->is_list = json_kind(doc, first) != JSON_NUMBER;
        ask->inputs = ask->is_list ? json_count(doc, ask->input) : 1;
    }
    if (json_int64(doc, json_find(doc, 0, "dimensions"), &dimensions) == -EINVAL ||
        dimensions < 1 || dimensions > DIMENSIONS_MAX)
        return (struct ask_error){"dimensions is 1 to 4096", "dimensions"};
    if (ask->inputs > INPUTS_MAX || ask->inputs * (uint64_t)dimensions > NUMBERS_MAX)
        return (struct ask_error){"at most 2048 inputs", "input"};
    ask->dimensions = (size_t)dimensions;
    ask->wants_bytes = json_string_is(doc, json_find(doc, 0, "encoding_format"), "base64");
    return (struct ask_error){NULL, NULL};
}

static void write_one(const struct json_doc *doc, uint32_t node, uint32_t index,
                      const struct embedding_ask *ask, struct buf *out)
{
    buf_printf(out,
               "%s{\"object\":\"embedding\",\"index\":%u,\"embedding\":", index == 0 ? "" : ",",
               index);
    if (ask->wants_bytes) {
        buf_add_byte(out, '"');
        vector_write_base64(json_raw(doc, node), ask->dimensions, out);
        buf_add_byte(out, '"');
    } else {
        vector_write(json_raw(doc, node), ask->dimensions, out);
    }
    buf_add_byte(out, '}');
}

static void write_usage(int64_t tokens, enum fault_kind fault, struct buf *out)
{
    const struct usage_row rows[] = {{"prompt_tokens", COUNT_OUTPUT, tokens},
                                     {"total_tokens", COUNT_TOTAL, tokens}};

    if (!usage_open(out, fault, "usage"))
        return;
    usage_write(out, fault, rows, array_size(rows));
    buf_add_byte(out, '}');
}

struct call *openai_embeddings(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    struct embedding_ask ask = {0};
    struct ask_error error = read_ask(doc, &ask);
    struct count input = provider->zero;
    uint32_t index = 0;
    struct buf body;

    if (error.message != NULL)
        return chat_error(arrival, 400, error.message, error.param);
    count_embeddings_input(&input, doc, 0);
    body = buf_make(BODY_BYTES_MAX);
    buf_add_string(&body, "{\"object\":\"list\",\"data\":[");
    if (!ask.is_list)
        write_one(doc, ask.input, 0, &ask, &body);
    else
        for (uint32_t node = json_first(doc, ask.input); node != JSON_NONE;
             node = json_after(doc, ask.input, node))
            write_one(doc, node, index++, &ask, &body);
    buf_add_string(&body, "],\"model\":");
    json_quote(&body, arrival->model);
    write_usage(count_tokens(&input), arrival->spec.fault->kind, &body);
    buf_add_string(&body, "}\n");
    arrival->record.entry.input = count_tokens(&input);
    arrival->record.entry.usage_told = usage_is_right(arrival->dialect, arrival->spec.fault->kind);
    return chat_reply(arrival, "application/json", body);
}
