/*
 * json-scan: how long the scanner takes for a chat body of 2 KB, a body with 1 MB of base64 in it,
 * 1 MB of Chinese text, and the bombs that it refuses. Prints a line per case; tests nothing.
 *
 * Built by hand against the release: tests/bench/micro/run.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/json.h"
#include "common/base/mem.h"

#define BODY_MAX (64u << 20)
#define ROUND_US 100000
#define ROUNDS 5

static void chat(struct buf *out)
{
    buf_add_string(out,
                   "{\"model\":\"gpt-4.1\",\"stream\":true,\"max_tokens\":512,\"temperature\":0.7,"
                   "\"messages\":[{\"role\":\"system\",\"content\":\"You are helpful.\"}");
    while (out->size < 1950)
        buf_add_string(out,
                       ",{\"role\":\"user\",\"content\":\"What does the second law say, and why "
                       "does it matter?\\nPlease answer in \\\"one\\\" sentence.\"}");
    buf_add_string(out, "]}");
}

static void repeat(struct buf *out, const char *head, const char *item, size_t size,
                   const char *tail)
{
    buf_add_string(out, head);
    while (out->size < size)
        buf_add_string(out, item);
    buf_add_string(out, tail);
}

static void base64(struct buf *out)
{
    repeat(out, "{\"image\":\"", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", 1 << 20, "\"}");
}

static void chinese(struct buf *out)
{
    repeat(out, "{\"text\":\"", "\xe7\xac\xac\xe4\xba\x8c\xe5\xae\x9a\xe5\xbe\x8b", 1 << 20, "\"}");
}

static void prose(struct buf *out)
{
    repeat(out, "{\"text\":\"", "A line of ordinary text, some sixty characters of it.\\n", 1 << 20,
           "\"}");
}

static void many_values(struct buf *out)
{
    repeat(out, "[0", ",0", 30u << 20, "]");
}

static void many_objects(struct buf *out)
{
    repeat(out, "[0", ",{\"a\":{}}", 30u << 20, "]");
}

static void deep(struct buf *out)
{
    repeat(out, "", "[", 30u << 20, "");
}

static void many_members(struct buf *out)
{
    buf_add_byte(out, '{');
    for (int i = 0; i < 199000; i++)
        buf_printf(out, "\"member%d\":0,", i);
    buf_add_string(out, "\"last\":0}");
}

/* The processor's time, so that what else runs on the machine does not count. */
static int64_t cpu_us(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The best of some rounds, in nanoseconds per scan. */
static int64_t measure(struct span text, enum json_error *error_out)
{
    struct json_doc doc = json_doc_make();
    int64_t best = INT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        int64_t begin = cpu_us(), now, count = 0;
        do {
            *error_out = json_parse(&doc, text, &json_limits_body);
            count++;
            now = cpu_us();
        } while (now - begin < ROUND_US);
        int64_t each = (now - begin) * 1000 / count;
        best = each < best ? each : best;
    }
    json_doc_done(&doc);
    return best;
}

int main(void)
{
    static const struct {
        const char *what;
        void (*make)(struct buf *out);
    } cases[] = {
        {"a chat body of 2 KB", chat},         {"1 MB of base64", base64},
        {"1 MB of prose with escapes", prose}, {"1 MB of Chinese", chinese},
        {"199,000 members", many_members},     {"30 MB of numbers", many_values},
        {"30 MB of objects", many_objects},    {"30 MB of brackets", deep},
    };

    for (size_t i = 0; i < array_size(cases); i++) {
        struct buf text = buf_make(BODY_MAX);
        enum json_error error;
        cases[i].make(&text);
        int64_t each = measure(buf_span(&text), &error);
        printf("%-28s %9zu bytes %12.2f us   %s\n", cases[i].what, text.size, (double)each / 1000,
               json_error_text(error));
        buf_done(&text);
    }
    return 0;
}
