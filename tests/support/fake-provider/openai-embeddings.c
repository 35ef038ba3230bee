/*
 * openai-embeddings: vectors of length one, the same for the same input; the list of models; error
 * answers.
 */
#include "openai.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <xxhash.h>

#include "answer.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"

#define BODY_BYTES_MAX ((size_t)160 << 20)
#define INPUTS_MAX 2048
#define DIMENSIONS_MAX 4096
#define DIMENSIONS_DEFAULT 1536
/* What the answer may hold in all, so that its text fits the body. */
#define NUMBERS_MAX (INPUTS_MAX * DIMENSIONS_DEFAULT * 2)

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_base64(const float *numbers, size_t count, struct buf *out)
{
    size_t size = count * sizeof(float), padded = (size + 2) / 3 * 4;
    const uint8_t *bytes = (const uint8_t *)numbers;
    char *text = buf_reserve(out, padded);

    must(text != NULL);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;

        word |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= i + 2 < size ? bytes[i + 2] : 0;
        *text++ = base64[word >> 18];
        *text++ = base64[word >> 12 & 63];
        *text++ = i + 1 < size ? base64[word >> 6 & 63] : '=';
        *text++ = i + 2 < size ? base64[word & 63] : '=';
    }
    buf_grew(out, padded);
}

/* Eight decimals, which is more than a float of this size has. */
static void write_number(float number, struct buf *out)
{
    char text[12] = "0.00000000";
    uint32_t scaled = (uint32_t)lround(fabs((double)number) * 1e8);

    if (number < 0)
        buf_add_byte(out, '-');
    text[0] = (char)('0' + scaled / 100000000 % 10);
    for (int i = 9; i > 1; i--, scaled /= 10)
        text[i] = (char)('0' + scaled % 10);
    buf_add(out, text, 10);
}

static void write_numbers(const float *numbers, size_t count, struct buf *out)
{
    buf_add_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_byte(out, ',');
        write_number(numbers[i], out);
    }
    buf_add_byte(out, ']');
}

static void make_vector(uint64_t seed, float *numbers, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        int32_t number = (int32_t)(uint32_t)(answer_mix(seed, i) >> 32);

        numbers[i] = (float)number;
        sum += (double)number * (double)number;
    }
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)(sum > 0 ? (double)numbers[i] / sqrt(sum) : 1.0);
}

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
    struct span raw = json_raw(doc, node);
    float *numbers = mem_array(ask->dimensions, sizeof(*numbers));

    make_vector(XXH3_64bits(raw.at, raw.size), numbers, ask->dimensions);
    buf_printf(out,
               "%s{\"object\":\"embedding\",\"index\":%u,\"embedding\":", index == 0 ? "" : ",",
               index);
    if (ask->wants_bytes) {
        buf_add_byte(out, '"');
        write_base64(numbers, ask->dimensions, out);
        buf_add_byte(out, '"');
    } else {
        write_numbers(numbers, ask->dimensions, out);
    }
    buf_add_byte(out, '}');
    mem_free(numbers);
}

static void write_usage(int64_t tokens, enum fault_kind fault, struct buf *out)
{
    struct script usage = {.input_tokens = tokens};

    if (fault >= FAULT_USAGE_NONE && fault <= FAULT_USAGE_ZERO)
        openai_write_usage(&usage, fault, true, out);
    else
        buf_printf(out, ",\"usage\":{\"prompt_tokens\":%lld,\"total_tokens\":%lld}",
                   (long long)tokens, (long long)tokens);
}

struct call *openai_embeddings(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    struct embedding_ask ask = {0};
    struct ask_error error = read_ask(doc, &ask);
    struct count input = provider->zero;
    uint32_t index = 0;
    struct reply reply = {.status = 200, .content_type = "application/json", .spec = arrival->spec};

    if (error.message != NULL)
        return openai_error(arrival, 400, error.message, error.param);
    count_embeddings_input(&input, doc, 0);
    reply.body = buf_make(BODY_BYTES_MAX);
    buf_add_string(&reply.body, "{\"object\":\"list\",\"data\":[");
    if (!ask.is_list)
        write_one(doc, ask.input, 0, &ask, &reply.body);
    else
        for (uint32_t node = json_first(doc, ask.input); node != JSON_NONE;
             node = json_after(doc, ask.input, node))
            write_one(doc, node, index++, &ask, &reply.body);
    buf_add_string(&reply.body, "],\"model\":");
    json_quote(&reply.body, arrival->model);
    write_usage(count_tokens(&input), arrival->spec.fault->kind, &reply.body);
    buf_add_string(&reply.body, "}\n");
    snprintf(reply.extra_text, sizeof(reply.extra_text), "x-request-id: req_%016llx\r\n",
             (unsigned long long)arrival->id);
    arrival->record.entry.input = count_tokens(&input);
    arrival->record.entry.usage_told = openai_usage_is_right(arrival->spec.fault->kind);
    reply.record = arrival->record;
    return reply_whole(&reply);
}

struct call *openai_models(struct provider *provider)
{
    static const char *const models[] = {"fake-small", "fake-large", "fake-reasoning",
                                         "fake-embedding"};
    struct buf body = buf_make(4096);
    struct json_writer w = json_writer_make(&body);

    (void)provider;
    json_begin(&w, '{');
    json_put_cstring(&w, "object", "list");
    json_name(&w, "data");
    json_begin(&w, '[');
    for (size_t i = 0; i < array_size(models); i++) {
        json_begin(&w, '{');
        json_put_cstring(&w, "id", models[i]);
        json_put_cstring(&w, "object", "model");
        json_put_int64(&w, "created", 1700000000);
        json_put_cstring(&w, "owned_by", "tollgate-sandbox");
        json_end(&w, '}');
    }
    json_end(&w, ']');
    json_end(&w, '}');
    return reply_page(200, "application/json", body);
}

static void write_error(const char *message, const char *type, const char *param, const char *code,
                        struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '{');
    json_name(&w, "error");
    json_begin(&w, '{');
    json_put_cstring(&w, "message", message);
    json_put_cstring(&w, "type", type);
    json_name(&w, "param");
    if (param == NULL)
        json_write_null(&w);
    else
        json_write_string(&w, span_of(param));
    json_name(&w, "code");
    if (code == NULL)
        json_write_null(&w);
    else
        json_write_string(&w, span_of(code));
    json_end(&w, '}');
    json_end(&w, '}');
    buf_add_byte(out, '\n');
}

void openai_write_fault(const struct fault *fault, struct buf *out)
{
    char message[128];

    snprintf(message, sizeof(message), "The sandbox provider was asked for this: %s", fault->about);
    write_error(message, fault->type == NULL ? "server_error" : fault->type, NULL, fault->code,
                out);
}

struct call *openai_error(const struct arrival *arrival, int status, const char *message,
                          const char *param)
{
    struct reply reply = {.status = status,
                          .content_type = "application/json",
                          .body = buf_make(4096),
                          .record = arrival->record,
                          .spec = fault_spec_make()};

    write_error(message, "invalid_request_error", param, NULL, &reply.body);
    record_bills_nothing(&reply.record);
    return reply_whole(&reply);
}
