/*
 * translate: what it costs to tell one language in another, beside letting the same bytes pass: a
 * request of 2 KB with two tools, and a chunk of a stream. Prints a table of each; tests nothing.
 *
 * Passing is what the gateway does where both sides speak OpenAI's language: read the ask, patch
 * it; scan each chunk. Translating reads the ask all the same, and then again into a chat. Built by
 * hand against the release: tests/bench/micro/run.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/mem.h"
#include "gateway/dialect/event_stream.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/shape.h"
#include "gateway/dialect/sse.h"
#include "tests/support/testing_event_stream.h"

enum { BODY_MAX = 1 << 20, ARENA_MAX = 64 << 20, CHUNKS = 500, ROUND_US = 40000, ROUNDS = 5 };

/* The processor's time, so that what else runs on the machine does not count. */
static int64_t cpu_us(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The best of some rounds, in nanoseconds per call. */
static double measure(void (*work)(void *context), void *context)
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        int64_t begin = cpu_us(), now, count = 0;
        do {
            work(context);
            count++;
            now = cpu_us();
        } while (now - begin < ROUND_US);
        double each = (double)(now - begin) * 1000 / (double)count;
        best = each < best ? each : best;
    }
    return best;
}

/* ---- requests ---- */

#define PROSE                                                                                      \
    "What does the second law say, and why does it matter?\\nPlease answer in \\\"one\\\" "        \
    "sentence, and name the year in which it was found. "
#define PROSES PROSE PROSE PROSE PROSE
#define SCHEMA                                                                                     \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"unit\":{\"type\":"      \
    "\"string\",\"enum\":[\"c\",\"f\"]}},\"required\":[\"city\"]}"

static const struct speaker {
    const char *name;
    const struct client_language *client;
    enum ask_kind kind;
    const char *body;
} speakers[] = {
    {"OpenAI", &openai_client, ASK_CHAT,
     "{\"model\":\"m\",\"stream\":true,\"max_tokens\":512,\"temperature\":0.7,\"messages\":["
     "{\"role\":\"system\",\"content\":\"" PROSE "\"},{\"role\":\"user\",\"content\":\"" PROSES
     "\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"
     "\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\\\"Bern\\\"}"
     "\"}"
     "}]},{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"" PROSE
     "\"},{\"role\":\"user\",\"content\":\"" PROSES "\"}],\"tools\":[{\"type\":\"function\","
     "\"function\":{\"name\":\"weather\",\"description\":\"" PROSE "\",\"parameters\":" SCHEMA
     "}},{\"type\":\"function\",\"function\":{\"name\":\"places\",\"parameters\":" SCHEMA "}}]}"},
    {"Anthropic", &anthropic_client, ASK_MESSAGES,
     "{\"model\":\"m\",\"stream\":true,\"max_tokens\":512,\"temperature\":0.7,\"system\":\"" PROSE
     "\",\"messages\":[{\"role\":\"user\",\"content\":\"" PROSES
     "\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":"
     "\"weather\",\"input\":{\"city\":\"Bern\"}}]},{\"role\":\"user\",\"content\":[{\"type\":"
     "\"tool_result\",\"tool_use_id\":\"c1\",\"content\":\"" PROSE
     "\"},{\"type\":\"text\",\"text\":\"" PROSES "\"}]}],\"tools\":[{\"name\":\"weather\","
     "\"description\":\"" PROSE "\",\"input_schema\":" SCHEMA "},{\"name\":\"places\","
     "\"input_schema\":" SCHEMA "}]}"},
    {"Gemini", &gemini_client, ASK_GENERATE,
     "{\"generationConfig\":{\"maxOutputTokens\":512,\"temperature\":0.7},\"systemInstruction\":{"
     "\"parts\":[{\"text\":\"" PROSE "\"}]},\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":"
     "\"" PROSES "\"}]},{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"weather\","
     "\"args\":{\"city\":\"Bern\"}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{"
     "\"name\":\"weather\",\"response\":{\"result\":\"" PROSE "\"}}},{\"text\":\"" PROSES
     "\"}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"weather\",\"description\":\"" PROSE
     "\",\"parametersJsonSchema\":" SCHEMA "},{\"name\":\"places\",\"parametersJsonSchema\":" SCHEMA
     "}]}]}"},
    {"Responses", &responses_client, ASK_RESPONSES,
     "{\"model\":\"m\",\"stream\":true,\"max_output_tokens\":512,\"temperature\":0.7,"
     "\"instructions\":\"" PROSE "\",\"input\":[{\"role\":\"user\",\"content\":\"" PROSES
     "\"},{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"weather\",\"arguments\":"
     "\"{\\\"city\\\":\\\"Bern\\\"}\"},{\"type\":\"function_call_output\",\"call_id\":\"c1\","
     "\"output\":\"" PROSE "\"},{\"role\":\"user\",\"content\":\"" PROSES
     "\"}],\"tools\":[{\"type\":\"function\",\"name\":\"weather\",\"description\":\"" PROSE
     "\",\"parameters\":" SCHEMA
     "},{\"type\":\"function\",\"name\":\"places\",\"parameters\":" SCHEMA "}]}"},
};

struct request {
    const struct speaker *speaker;
    const struct upstream_language *upstream; /* NULL: it passes */
    const char *model;
    struct json_doc doc;
    struct arena *arena;
};

static void read_ask(struct request *request, struct ask *ask)
{
    struct ask_refusal refusal;
    const struct ask_source source = {.kind = request->speaker->kind,
                                      .body = span_of(request->speaker->body),
                                      .model = span_of("m"),
                                      .stream = true};

    must(ask_read(&source, &request->doc, request->arena, ask, &refusal) == ASK_OK);
}

static void pass(void *context)
{
    struct request *request = context;
    const struct openai_ask_patch what = {
        .upstream_model = span_of("up-m"), .output_cap = 512, .cap_member = span_of("max_tokens")};
    struct span pieces[PATCH_PIECES_MAX];
    struct patch patch;
    struct ask ask;
    size_t bytes;

    read_ask(request, &ask);
    patch_begin(&patch, &request->doc);
    must(openai_patch_ask(&patch, &ask, &what, request->arena));
    must(patch_pieces(&patch, pieces, &bytes) > 0);
    arena_reset(request->arena);
}

static void translate(void *context)
{
    struct request *request = context;
    const struct language_target target = {
        .model = span_of(request->model), .output_cap = 512, .reasoning = true};
    struct pieces pieces = pieces_make(request->arena, BODY_MAX);
    const char *why, *member;
    struct ask_losses losses;
    struct chat chat;
    struct ask ask;
    uint32_t count;
    size_t bytes;

    read_ask(request, &ask);
    must(request->speaker->client->read_ask(&request->doc, request->arena, &chat, &why, &member) ==
         0);
    must(request->upstream->write_ask(&chat, &target, &pieces, &losses) == ASK_WRITTEN);
    must(pieces_spans(&pieces, &count, &bytes) != NULL);
    pieces_done(&pieces);
    arena_reset(request->arena);
}

/* ---- chunks ---- */

#define OPENAI_CHUNK                                                                               \
    "{\"id\":\"chatcmpl-D8Z5oo6uDh67AD85p73ksdT1KxhE0\",\"object\":\"chat.completion.chunk\","     \
    "\"created\":1770933892,\"model\":\"gpt-4.1-nano-2025-04-14\",\"service_tier\":\"default\","   \
    "\"system_fingerprint\":\"fp_de604bd877\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"   \
    "\" Holiday\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}"

static const struct provider {
    const char *name;
    const struct upstream_language *language;
    const char *model;
    const char *event, *begin, *begin_data, *data; /* a chunk, and what opens the stream */
} providers[] = {
    {"OpenAI", &openai_upstream, "gpt-4.1", NULL, NULL, NULL, OPENAI_CHUNK},
    {"Responses", &responses_upstream, "gpt-5.2", "response.output_text.delta",
     "response.output_item.added",
     "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\","
     "\"id\":\"ms1\",\"role\":\"assistant\",\"content\":[]}}",
     "{\"type\":\"response.output_text.delta\",\"sequence_number\":7,\"item_id\":"
     "\"msg_68af1c6b0c4c81a09f1d\",\"output_index\":0,\"content_index\":0,\"delta\":\" Holiday\","
     "\"logprobs\":[],\"obfuscation\":\"Qup1BsQ3\"}"},
    {"Anthropic", &anthropic_upstream, "claude-sonnet-4-5", "content_block_delta",
     "content_block_start",
     "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":"
     "\"\"}}",
     "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
     "\" Holiday\"}}"},
    {"Gemini", &gemini_upstream, "gemini-2.5-flash", NULL, NULL, NULL,
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" Holiday\"}],\"role\":\"model\"},"
     "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":13,\"candidatesTokenCount\":8,"
     "\"totalTokenCount\":21,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":13}]},"
     "\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"4qZqaLnWNsTMvdIP8f_IkQM\"}"},
    {"Bedrock", &bedrock_upstream, "anthropic.claude-sonnet-4-5-20250929-v1:0", "contentBlockDelta",
     "messageStart", "{\"role\":\"assistant\",\"p\":\"abcdefgh\"}",
     "{\"contentBlockIndex\":0,\"delta\":{\"text\":\" Holiday\"},\"p\":\"abcdefghijklmnopqrstu\"}"},
    {"Cohere", &cohere_upstream, "command-a-03-2025", "content-delta", "message-start",
     "{\"type\":\"message-start\",\"id\":\"co1\",\"delta\":{\"message\":{\"role\":\"assistant\","
     "\"content\":[]}}}",
     "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":"
     "\" Holiday\"}}}}"},
};

struct stream {
    const struct provider *provider;
    const struct client_language *client; /* NULL: it passes */
    bool shaped;
    struct buf bytes, out;
    struct json_doc doc;
    struct arena *arena, *scratch;
    struct answer answer;
    struct answer_reader reader;
    struct answer_writer writer;
    struct shape shape;
    struct span shown;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct stream *stream = context;

    stream->writer.language->write(&stream->writer, event);
}

static void on_text(void *context, struct span inside)
{
    struct stream *stream = context;

    stream->shown = inside;
}

static void add_chunk(struct stream *stream, const char *event, const char *data)
{
    if (stream->provider->language->framing == FRAMING_EVENT_STREAM)
        add_event(&stream->bytes, "event", event, data);
    else if (event != NULL)
        buf_printf(&stream->bytes, "event: %s\ndata: %s\n\n", event, data);
    else
        buf_printf(&stream->bytes, "data: %s\n\n", data);
}

/* As relay.c does: what has the shape of the one before is not parsed. */
static void relay(struct stream *stream, const struct sse_frame *frame)
{
    const struct answer_tap tap = {.on_text = on_text, .context = stream};
    struct openai_places places;
    struct span inside;

    if (stream->shaped && shape_fits(&stream->shape, frame->data, &inside)) {
        buf_add_span(&stream->out, frame->text);
        return;
    }
    openai_read_frame(&stream->doc, frame->data, &tap, &stream->answer, &places);
    buf_add_span(&stream->out, frame->text);
    shape_learn(&stream->shape, frame->data, stream->shown, 0, 0);
}

static void run_sse(struct stream *stream)
{
    struct sse sse = sse_make();
    struct sse_frame frame;

    sse_feed(&sse, buf_span(&stream->bytes));
    while (sse_next(&sse, &frame) == SSE_FRAME) {
        if (stream->client == NULL) {
            relay(stream, &frame);
        } else {
            stream->provider->language->read_frame(&stream->reader, frame.event, frame.data);
            arena_reset(stream->scratch);
        }
    }
    sse_done(&sse);
}

static void run_messages(struct stream *stream)
{
    struct event_stream messages = event_stream_make();
    struct event_stream_frame frame;

    event_stream_feed(&messages, buf_span(&stream->bytes));
    while (event_stream_next(&messages, &frame) == EVENT_STREAM_FRAME) {
        stream->provider->language->read_frame(&stream->reader, frame.event, frame.data);
        arena_reset(stream->scratch);
    }
    event_stream_done(&messages);
}

static void run_stream(void *context)
{
    struct stream *stream = context;

    buf_clear(&stream->out);
    stream->answer = answer_make();
    if (stream->client != NULL) {
        stream->reader =
            answer_reader_make(stream->provider->language, &stream->doc, &stream->answer,
                               (struct answer_sink){on_event, stream}, stream->scratch);
        stream->writer = answer_writer_make(stream->client, &stream->out, stream->arena);
        stream->writer.stream = true;
        stream->writer.id = span_of("gen_1");
        stream->writer.model = span_of("author/model");
    }
    if (stream->provider->language->framing == FRAMING_SSE)
        run_sse(stream);
    else
        run_messages(stream);
    must(stream->out.size > CHUNKS && !buf_failed(&stream->out));
    arena_reset(stream->arena);
}

static double chunk_ns(const struct provider *provider, const struct client_language *client,
                       bool shaped)
{
    struct stream *stream = mem_new(sizeof(*stream));
    double each;

    *stream = (struct stream){.provider = provider, .client = client, .shaped = shaped};
    stream->bytes = buf_make(BODY_MAX * 4);
    stream->out = buf_make(BODY_MAX * 4);
    stream->doc = json_doc_make();
    stream->arena = arena_new(1 << 16, ARENA_MAX);
    stream->scratch = arena_new(1 << 16, ARENA_MAX);
    if (provider->begin != NULL)
        add_chunk(stream, provider->begin, provider->begin_data);
    for (int i = 0; i < CHUNKS; i++)
        add_chunk(stream, provider->event, provider->data);
    each = measure(run_stream, stream) / CHUNKS;
    arena_free(stream->arena);
    arena_free(stream->scratch);
    json_doc_done(&stream->doc);
    buf_done(&stream->bytes);
    buf_done(&stream->out);
    mem_free(stream);
    return each;
}

/* ---- tables ---- */

static void head(const char *what)
{
    printf("| %s |", what);
    for (size_t p = 0; p < array_size(providers); p++)
        printf(" %s |", providers[p].name);
    printf("\n|---|");
    for (size_t p = 0; p < array_size(providers); p++)
        printf("--:|");
    printf("\n");
}

static void requests(void)
{
    struct request request = {
        .speaker = &speakers[0], .doc = json_doc_make(), .arena = arena_new(1 << 16, ARENA_MAX)};
    double passed = measure(pass, &request);

    printf("A request of %zu bytes passes in %.1f us (1.0).\n\n", strlen(speakers[0].body),
           passed / 1000);
    head("client, request");
    for (size_t s = 0; s < array_size(speakers); s++) {
        printf("| %s |", speakers[s].name);
        for (size_t p = 0; p < array_size(providers); p++) {
            request.speaker = &speakers[s];
            request.upstream = providers[p].language;
            request.model = providers[p].model;
            double each = measure(translate, &request);
            printf(" %.1f us, %.1f |", each / 1000, each / passed);
        }
        printf("\n");
    }
    arena_free(request.arena);
    json_doc_done(&request.doc);
}

static void chunks(void)
{
    double scanned = chunk_ns(&providers[0], NULL, false);
    double shaped = chunk_ns(&providers[0], NULL, true);

    printf(
        "\nA chunk of %zu bytes passes in %.0f ns when it is scanned (1.0), in %.0f ns when it is "
        "like the one before.\n\n",
        strlen(providers[0].data) + 8, scanned, shaped);
    head("client, chunk");
    for (size_t s = 0; s < array_size(speakers); s++) {
        printf("| %s |", speakers[s].name);
        for (size_t p = 0; p < array_size(providers); p++) {
            double each = chunk_ns(&providers[p], speakers[s].client, false);
            printf(" %.0f ns, %.1f |", each, each / scanned);
        }
        printf("\n");
    }
}

int main(void)
{
    requests();
    chunks();
    return 0;
}
