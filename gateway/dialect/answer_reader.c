/*
 * answer_reader: see the header.
 */
#include "gateway/dialect/language.h"

struct answer_reader answer_reader_make(const struct upstream_language *language,
                                        struct json_doc *doc, struct answer *answer,
                                        struct answer_sink sink, struct arena *arena)
{
    return (struct answer_reader){
        .language = language, .doc = doc, .answer = answer, .sink = sink, .arena = arena};
}

void answer_copy(char *at, size_t capacity, struct span inside)
{
    struct buf decoded = buf_make(capacity - 1);

    at[0] = '\0';
    /* Decoded it is never longer; what is longer than this can not fit. */
    if (inside.size > 0 && inside.size <= 6 * capacity && json_unescape(inside, &decoded) == 0 &&
        decoded.size > 0)
        memcpy(at, decoded.at, decoded.size + 1);
    buf_done(&decoded);
}

static uint32_t sign_of(enum answer_event_kind kind)
{
    switch (kind) {
    case EVENT_TEXT:
    case EVENT_REFUSAL:
    case EVENT_REASONING:
    case EVENT_SIGNATURE:
    case EVENT_REDACTED:
    case EVENT_TOOL:
    case EVENT_ARGUMENTS:
    case EVENT_IMAGE:
        return ANSWER_CONTENT;
    case EVENT_FINISH:
        return ANSWER_FINISH;
    case EVENT_USAGE:
        return ANSWER_USAGE;
    case EVENT_ERROR:
        return ANSWER_ERROR;
    case EVENT_DONE:
        return ANSWER_DONE;
    case EVENT_BEGIN:
    case EVENT_CITATION:
    case EVENT_LOGPROBS:
    case EVENT_KINDS:
        return 0;
    }
    return 0;
}

static void sign(struct answer_reader *reader, uint32_t signs)
{
    reader->signs |= signs;
    reader->answer->signs |= signs;
}

static void note(struct answer_reader *reader, const struct answer_event *event)
{
    struct answer *answer = reader->answer;

    if (event->kind == EVENT_BEGIN) {
        reader->begun = true;
        answer_copy(answer->id, sizeof(answer->id), event->id);
        answer_copy(answer->model, sizeof(answer->model), event->name);
    } else if (event->kind == EVENT_TOOL && event->choice == 0) {
        reader->tool_count++;
    } else if (event->kind == EVENT_FINISH) {
        struct span word = event->text;
        if (word.size == 0)
            word = span_of(answer_finish_name(event->finish));
        answer_copy(answer->finish_reason, sizeof(answer->finish_reason), word);
    } else if (event->kind == EVENT_DONE) {
        reader->done = true;
    }
}

/* Whether a client has to hear of a begin before it. */
static bool needs_begin(enum answer_event_kind kind)
{
    return kind != EVENT_BEGIN && kind != EVENT_ERROR;
}

static void tell(struct answer_reader *reader, const struct answer_event *event)
{
    bool is_signed = event->kind == EVENT_SIGNATURE || event->kind == EVENT_REDACTED;
    struct answer_event told = *event;

    if (is_signed && told.signer == SIGNER_UNKNOWN && reader->language != NULL)
        told.signer = reader->language->signer;
    note(reader, event);
    sign(reader, sign_of(event->kind));
    if (reader->sink.on_event != NULL)
        reader->sink.on_event(reader->sink.context, &told);
}

void answer_reader_emit(struct answer_reader *reader, const struct answer_event *event)
{
    const struct answer_event begin = {.kind = EVENT_BEGIN};

    if (reader->done || (reader->answer->signs & (ANSWER_ERROR | ANSWER_MALFORMED)) != 0)
        return;
    if (event->kind == EVENT_BEGIN && reader->begun)
        return;
    if (!reader->begun && needs_begin(event->kind))
        tell(reader, &begin);
    tell(reader, event);
}

void answer_reader_emit_text(struct answer_reader *reader, enum answer_event_kind kind,
                             uint32_t choice, struct span text)
{
    const struct answer_event event = {.kind = kind, .choice = choice, .text = text};

    if (text.size > 0)
        answer_reader_emit(reader, &event);
}

void answer_reader_cite_url(struct answer_reader *reader, uint32_t choice, struct span url,
                            struct span title)
{
    struct buf json = buf_make(url.size + title.size + 128);

    buf_add_string(&json, "{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"");
    buf_add_span(&json, url);
    buf_add_string(&json, "\",\"title\":\"");
    buf_add_span(&json, title);
    buf_add_string(&json, "\",\"start_index\":0,\"end_index\":0}}");
    if (url.size > 0)
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_CITATION,
                                                          .choice = choice,
                                                          .json = buf_span(&json)});
    buf_done(&json);
}

void answer_reader_malformed(struct answer_reader *reader)
{
    sign(reader, ANSWER_MALFORMED);
}
