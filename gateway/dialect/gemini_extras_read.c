/*
 * gemini_extras_read: what stands beside the parts of a candidate: where it is grounded, whom it
 * cites, how likely its tokens were.
 *
 * A stream may tell the same sources again in each frame: each is told once. Of the reader's notes,
 * numbers[NOTE_CITED] and the upper part of blocks[] (two for a hash) remember them. Offsets are
 * the provider's own; it counts bytes.
 */
#include "common/base/json_writer.h"
#include "gateway/dialect/gemini_language.h"

enum { NOTE_CITED = 2 };
enum { CITED_FROM = 2 * GEMINI_CANDIDATES_MAX, CITED_MAX = (LANGUAGE_TOOLS_MAX - CITED_FROM) / 2 };
enum { EXTRA_MAX = 4 << 20, SUPPORT_SOURCES_MAX = 32 };

/* FNV-1a: not keyed, so that the same bytes give the same events everywhere. */
static uint32_t hash(struct span text)
{
    uint32_t value = 2166136261u;

    for (size_t i = 0; i < text.size; i++)
        value = (value ^ (unsigned char)text.at[i]) * 16777619u;
    return value;
}

/* Whether it is new; notes it. More than there is room for are not told. */
static bool note_citation(struct answer_reader *reader, struct span json)
{
    uint32_t value = hash(json), count = (uint32_t)reader->numbers[NOTE_CITED];
    uint16_t *at = reader->blocks + CITED_FROM;

    for (uint32_t i = 0; i < count; i++)
        if (((uint32_t)at[2 * i] << 16 | at[2 * i + 1]) == value)
            return false;
    if (count == CITED_MAX)
        return false;
    at[2 * count] = (uint16_t)(value >> 16);
    at[2 * count + 1] = (uint16_t)value;
    reader->numbers[NOTE_CITED]++;
    return true;
}

struct citation {
    uint32_t place;      /* has startIndex and endIndex; JSON_NONE: of the whole */
    uint32_t url, title; /* strings, or JSON_NONE */
};

static void emit_citation(struct answer_reader *reader, uint32_t choice,
                          const struct citation *citation)
{
    const struct json_doc *doc = reader->doc;
    struct answer_event event = {.kind = EVENT_CITATION, .choice = choice};
    struct buf text = buf_make(EXTRA_MAX);
    struct json_writer w = json_writer_make(&text);
    int64_t from = 0, to = 0;

    if (!json_is(doc, citation->url, JSON_STRING))
        return;
    (void)!json_int64(doc, json_find(doc, citation->place, "startIndex"), &from);
    (void)!json_int64(doc, json_find(doc, citation->place, "endIndex"), &to);
    json_begin(&w, '{');
    json_put_cstring(&w, "type", "url_citation");
    json_name(&w, "url_citation");
    json_begin(&w, '{');
    json_put_int64(&w, "start_index", from);
    json_put_int64(&w, "end_index", to);
    json_name(&w, "title");
    json_write_raw(&w, json_is(doc, citation->title, JSON_STRING) ? json_raw(doc, citation->title)
                                                                  : span_of("\"\""));
    json_name(&w, "url");
    json_write_raw(&w, json_raw(doc, citation->url));
    json_end(&w, '}');
    json_end(&w, '}');
    event.json = buf_span(&text);
    if (!buf_failed(&text) && note_citation(reader, event.json))
        answer_reader_emit(reader, &event);
    buf_done(&text);
}

/* A source of groundingChunks: of the web, of a store of the caller's, of a map. */
static void cite_chunk(struct answer_reader *reader, uint32_t choice, uint32_t chunk,
                       uint32_t segment)
{
    static const char *const kinds[] = {"web", "retrievedContext", "maps"};
    const struct json_doc *doc = reader->doc;

    for (size_t i = 0; i < array_size(kinds); i++) {
        uint32_t source = json_find(doc, chunk, kinds[i]);
        struct citation citation = {.place = segment,
                                    .url = json_find(doc, source, "uri"),
                                    .title = json_find(doc, source, "title")};
        if (json_is(doc, source, JSON_OBJECT))
            emit_citation(reader, choice, &citation);
    }
}

static uint32_t chunk_at(const struct json_doc *doc, uint32_t chunks, int64_t index)
{
    uint32_t chunk = gemini_first(doc, chunks);

    for (; chunk != JSON_NONE && index > 0; index--)
        chunk = gemini_after(doc, chunks, chunk);
    return index < 0 ? JSON_NONE : chunk;
}

static void cite_support(struct answer_reader *reader, uint32_t choice, uint32_t chunks,
                         uint32_t support)
{
    const struct json_doc *doc = reader->doc;
    uint32_t indices = json_find(doc, support, "groundingChunkIndices");
    uint32_t told = 0;
    int64_t index;

    if (!json_is(doc, indices, JSON_ARRAY))
        return;
    for (uint32_t one = json_first(doc, indices); one != JSON_NONE && told < SUPPORT_SOURCES_MAX;
         one = json_after(doc, indices, one), told++)
        if (json_int64(doc, one, &index) == 0 && index < LANGUAGE_TOOLS_MAX)
            cite_chunk(reader, choice, chunk_at(doc, chunks, index),
                       json_find(doc, support, "segment"));
}

static void read_grounding(struct answer_reader *reader, uint32_t choice, uint32_t grounding)
{
    const struct json_doc *doc = reader->doc;
    uint32_t chunks = json_find(doc, grounding, "groundingChunks");
    uint32_t supports = json_find(doc, grounding, "groundingSupports");
    uint32_t support = gemini_first(doc, supports), told = 0;

    if (gemini_first(doc, chunks) == JSON_NONE)
        return;
    for (; support != JSON_NONE && told < CITED_MAX; told++) {
        cite_support(reader, choice, chunks, support);
        support = gemini_after(doc, supports, support);
    }
    if (told > 0)
        return;
    for (uint32_t chunk = gemini_first(doc, chunks); chunk != JSON_NONE;
         chunk = gemini_after(doc, chunks, chunk))
        cite_chunk(reader, choice, chunk, JSON_NONE);
}

/* citationSources at AI Studio, citations at Vertex. */
static void read_citations(struct answer_reader *reader, uint32_t choice, uint32_t metadata)
{
    const struct json_doc *doc = reader->doc;
    uint32_t list = json_find(doc, metadata, "citationSources");

    if (list == JSON_NONE)
        list = json_find(doc, metadata, "citations");
    for (uint32_t one = gemini_first(doc, list); one != JSON_NONE;
         one = gemini_after(doc, list, one)) {
        struct citation citation = {
            .place = one, .url = json_find(doc, one, "uri"), .title = json_find(doc, one, "title")};
        emit_citation(reader, choice, &citation);
    }
}

/* `"token":…,"logprob":…,"bytes":null`; false when it is no token. */
static bool write_token(const struct json_doc *doc, uint32_t one, struct json_writer *w)
{
    uint32_t token = json_find(doc, one, "token"), logprob = json_find(doc, one, "logProbability");

    if (!json_is(doc, token, JSON_STRING))
        return false;
    json_begin(w, '{');
    json_name(w, "token");
    json_write_raw(w, json_raw(doc, token));
    json_name(w, "logprob");
    json_write_raw(w, json_is(doc, logprob, JSON_NUMBER) ? json_raw(doc, logprob) : span_of("0"));
    json_name(w, "bytes");
    json_write_null(w);
    return true;
}

static void write_top(const struct json_doc *doc, uint32_t top, struct json_writer *w)
{
    uint32_t list = json_find(doc, top, "candidates");

    json_name(w, "top_logprobs");
    json_begin(w, '[');
    for (uint32_t one = gemini_first(doc, list); one != JSON_NONE;
         one = gemini_after(doc, list, one))
        if (write_token(doc, one, w))
            json_end(w, '}');
    json_end(w, ']');
}

static void read_logprobs(struct answer_reader *reader, uint32_t choice, uint32_t result)
{
    const struct json_doc *doc = reader->doc;
    struct answer_event event = {.kind = EVENT_LOGPROBS, .choice = choice};
    uint32_t chosen = json_find(doc, result, "chosenCandidates");
    uint32_t tops = json_find(doc, result, "topCandidates"), top = gemini_first(doc, tops);
    struct buf text = buf_make(EXTRA_MAX);
    struct json_writer w = json_writer_make(&text);

    if (gemini_first(doc, chosen) == JSON_NONE)
        return;
    json_begin(&w, '{');
    json_name(&w, "content");
    json_begin(&w, '[');
    for (uint32_t one = gemini_first(doc, chosen); one != JSON_NONE;
         one = gemini_after(doc, chosen, one)) {
        if (write_token(doc, one, &w)) {
            write_top(doc, top, &w);
            json_end(&w, '}');
        }
        if (top != JSON_NONE)
            top = gemini_after(doc, tops, top);
    }
    json_end(&w, ']');
    json_name(&w, "refusal");
    json_write_null(&w);
    json_end(&w, '}');
    event.json = buf_span(&text);
    if (!buf_failed(&text))
        answer_reader_emit(reader, &event);
    buf_done(&text);
}

void gemini_read_extras(struct answer_reader *reader, uint32_t choice, uint32_t candidate)
{
    const struct json_doc *doc = reader->doc;

    read_grounding(reader, choice, json_find(doc, candidate, "groundingMetadata"));
    read_citations(reader, choice, json_find(doc, candidate, "citationMetadata"));
    read_logprobs(reader, choice, json_find(doc, candidate, "logprobsResult"));
}
