/*
 * count: see the header. The state is two sums, so every split gives the same result by
 * construction; a vocabulary would add the tail of text that is not yet cut into words.
 */
#include "gateway/meter/count.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/buf.h"

/* A backslash, u and four digits, twice: the longest run that decodes to one character. */
#define ESCAPE_PAIR_SIZE 12

struct count count_make(enum count_method method, uint32_t millibytes_per_token)
{
    if (millibytes_per_token < COUNT_MILLIBYTES_MIN)
        millibytes_per_token = COUNT_MILLIBYTES_MIN;
    if (millibytes_per_token > COUNT_MILLIBYTES_MAX)
        millibytes_per_token = COUNT_MILLIBYTES_MAX;
    return (struct count){.method = method, .millibytes_per_token = millibytes_per_token};
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void count_feed(struct count *count, struct span text)
{
    count->bytes = add_capped(count->bytes, text.size);
}

void count_add_tokens(struct count *count, uint64_t tokens)
{
    count->exact = add_capped(count->exact, tokens);
}

/* Whether six bytes of JSON text are the escape of a surrogate whose second digit is in `second`.
 */
static bool is_surrogate(const char *at, const char *second)
{
    return at[0] == '\\' && at[1] == 'u' && (at[2] | 0x20) == 'd' &&
           memchr(second, at[3], strlen(second)) != NULL;
}

/* Bytes of the escape sequence at the head of `text`, which starts with a backslash. A surrogate
 * pair is one sequence, because it decodes to one character. */
static size_t escape_size(struct span text)
{
    if (text.size < 6 || text.at[1] != 'u')
        return text.size < 2 ? text.size : 2;
    if (text.size >= ESCAPE_PAIR_SIZE && is_surrogate(text.at, "89abAB") &&
        is_surrogate(text.at + 6, "cdefCDEF"))
        return ESCAPE_PAIR_SIZE;
    return 6;
}

void count_feed_json(struct count *count, struct span inside)
{
    struct buf decoded = buf_make((size_t)64);

    while (inside.size > 0) {
        const char *slash = memchr(inside.at, '\\', inside.size);
        size_t plain = slash == NULL ? inside.size : (size_t)(slash - inside.at);
        size_t escape;

        count_feed(count, span_make(inside.at, plain));
        inside = span_part(inside, plain, inside.size);
        if (inside.size == 0)
            break;
        escape = escape_size(inside);
        buf_clear(&decoded);
        if (json_unescape(span_make(inside.at, escape), &decoded) == 0)
            count_feed(count, buf_span(&decoded));
        inside = span_part(inside, escape, inside.size);
    }
    buf_done(&decoded);
}

int64_t count_tokens(const struct count *count)
{
    unsigned __int128 tokens = count->exact;

    switch (count->method) {
    case COUNT_BYTES:
        tokens += ((unsigned __int128)count->bytes * 1000 + count->millibytes_per_token - 1) /
                  count->millibytes_per_token;
        break;
    case COUNT_METHODS:
        break;
    }
    return tokens > INT64_MAX ? INT64_MAX : (int64_t)tokens;
}

size_t count_method_format(const struct count *count, char text_out[COUNT_METHOD_TEXT_SIZE])
{
    int size = snprintf(text_out, COUNT_METHOD_TEXT_SIZE, "bytes:%u.%03u",
                        count->millibytes_per_token / 1000, count->millibytes_per_token % 1000);

    return size < 0 ? 0 : (size_t)size;
}

int count_method_parse(struct span text, struct count *count_out)
{
    struct span rest = text, name = span_cut(&rest, ':'), whole;
    int64_t units, thousandths;

    if (!span_is(name, "bytes"))
        return -EINVAL;
    whole = span_cut(&rest, '.');
    if (whole.size == 0 || whole.at[0] == '-' || rest.size != 3 || rest.at[0] == '-' ||
        span_int64(whole, &units) != 0 || span_int64(rest, &thousandths) != 0 || units > 1000)
        return -EINVAL;
    units = units * 1000 + thousandths;
    if (units < COUNT_MILLIBYTES_MIN || units > COUNT_MILLIBYTES_MAX)
        return -EINVAL;
    *count_out = count_make(COUNT_BYTES, (uint32_t)units);
    return 0;
}

static void feed_string(struct count *count, const struct json_doc *doc, uint32_t node)
{
    if (json_is(doc, node, JSON_STRING))
        count_feed_json(count, json_inside(doc, node));
}

static void feed_content(struct count *count, const struct json_doc *doc, uint32_t content)
{
    if (content == JSON_NONE)
        return;
    if (json_kind(doc, content) == JSON_STRING) {
        feed_string(count, doc, content);
        return;
    }
    if (json_kind(doc, content) != JSON_ARRAY)
        return;
    for (uint32_t part = json_first(doc, content); part != JSON_NONE;
         part = json_after(doc, content, part)) {
        feed_string(count, doc, json_find(doc, part, "text"));
        feed_string(count, doc, json_find(doc, part, "refusal"));
    }
}

static void feed_tool_calls(struct count *count, const struct json_doc *doc, uint32_t calls)
{
    if (!json_is(doc, calls, JSON_ARRAY))
        return;
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE;
         call = json_after(doc, calls, call)) {
        uint32_t function = json_find(doc, call, "function");

        feed_string(count, doc, json_find(doc, function, "name"));
        feed_string(count, doc, json_find(doc, function, "arguments"));
    }
}

void count_chat_input(struct count *count, const struct json_doc *doc, uint32_t request)
{
    uint32_t messages = json_find(doc, request, "messages");
    uint32_t tools = json_find(doc, request, "tools");

    if (json_is(doc, messages, JSON_ARRAY)) {
        for (uint32_t message = json_first(doc, messages); message != JSON_NONE;
             message = json_after(doc, messages, message)) {
            feed_content(count, doc, json_find(doc, message, "content"));
            feed_tool_calls(count, doc, json_find(doc, message, "tool_calls"));
        }
    }
    if (json_is(doc, tools, JSON_ARRAY))
        count_feed(count, json_raw(doc, tools));
}

static void feed_embedding_item(struct count *count, const struct json_doc *doc, uint32_t item)
{
    switch (json_kind(doc, item)) {
    case JSON_STRING:
        feed_string(count, doc, item);
        break;
    case JSON_NUMBER:
        count_add_tokens(count, 1);
        break;
    case JSON_ARRAY:
        count_add_tokens(count, json_count(doc, item));
        break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_OBJECT:
        break;
    }
}

void count_embeddings_input(struct count *count, const struct json_doc *doc, uint32_t request)
{
    uint32_t input = json_find(doc, request, "input");

    if (input == JSON_NONE)
        return;
    if (json_kind(doc, input) != JSON_ARRAY) {
        if (json_kind(doc, input) == JSON_STRING)
            feed_string(count, doc, input);
        return;
    }
    for (uint32_t item = json_first(doc, input); item != JSON_NONE;
         item = json_after(doc, input, item))
        feed_embedding_item(count, doc, item);
}
