#include "tests/support/testing.h"

#include "common/base/mem.h"
#include "gateway/dialect/service.h"

struct setup {
    struct arena *arena;
    struct json_doc doc, ask_doc;
    struct ask ask;
    struct form form;
    struct ask_refusal refusal;
};

static void set_up(struct setup *s)
{
    *s = (struct setup){
        .arena = arena_new(4096, 4 << 20), .doc = json_doc_make(), .ask_doc = json_doc_make()};
}

static void tear_down(struct setup *s)
{
    json_doc_done(&s->doc);
    json_doc_done(&s->ask_doc);
    arena_free(s->arena);
}

static enum ask_outcome read_ask(struct setup *s, enum ask_kind kind, struct span body)
{
    const struct ask_source source = {.kind = kind, .body = body};

    return ask_read(&source, &s->ask_doc, s->arena, &s->ask, &s->refusal);
}

static enum ask_outcome read_form(struct setup *s, enum ask_kind kind, struct span body)
{
    enum ask_outcome outcome = form_read(span_of("multipart/form-data; boundary=XX"), body, kind,
                                         s->arena, &s->form, &s->refusal);

    return outcome == ASK_OK ? read_ask(s, kind, s->form.json) : outcome;
}

/* "input=3 image=1": what is present, in the order of the meters. */
static struct span meters_text(struct setup *s, const struct meters *meters)
{
    struct buf out = buf_make(1024);
    struct span text;

    for (int m = 0; m < METERS; m++)
        if (meters_has(meters, (enum meter)m))
            buf_printf(&out, "%s%s=%lld", out.size == 0 ? "" : " ", meter_name((enum meter)m),
                       (long long)meters->count[m]);
    text = arena_span(s->arena, buf_span(&out));
    buf_done(&out);
    return text;
}

#define FIELD(name, value)                                                                         \
    "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define A_FILE(name, content)                                                                      \
    "--XX\r\nContent-Disposition: form-data; name=\"" name                                         \
    "\"; filename=\"a\"\r\nContent-Type: audio/wav\r\n\r\n" content "\r\n"
#define END "--XX--\r\n"

static void requests_are_read_or_refused(void **state)
{
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *body;
        enum ask_outcome outcome;
        const char *param;
    } rows[] = {
        {"a moderation", ASK_MODERATIONS, "{\"model\":\"m\",\"input\":\"x\"}", ASK_OK, NULL},
        {"several", ASK_MODERATIONS, "{\"model\":\"m\",\"input\":[\"x\"]}", ASK_OK, NULL},
        {"a moderation of nothing", ASK_MODERATIONS, "{\"model\":\"m\"}", ASK_INVALID, "input"},
        {"of an empty list", ASK_MODERATIONS, "{\"model\":\"m\",\"input\":[]}", ASK_INVALID,
         "input"},
        {"no model", ASK_MODERATIONS, "{\"input\":\"x\"}", ASK_INVALID, "model"},
        {"a reranking", ASK_RERANK, "{\"model\":\"m\",\"query\":\"q\",\"documents\":[\"d\"]}",
         ASK_OK, NULL},
        {"without a query", ASK_RERANK, "{\"model\":\"m\",\"documents\":[\"d\"]}", ASK_INVALID,
         "query"},
        {"without documents", ASK_RERANK, "{\"model\":\"m\",\"query\":\"q\",\"documents\":[]}",
         ASK_INVALID, "documents"},
        {"a picture", ASK_IMAGES, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":2}", ASK_OK, NULL},
        {"n that is no number", ASK_IMAGES, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":\"2\"}",
         ASK_INVALID, "n"},
        {"another tier", ASK_IMAGES,
         "{\"model\":\"m\",\"prompt\":\"p\",\"service_tier\":\"priority\"}", ASK_UNSUPPORTED,
         "service_tier"},
        {"a host", ASK_IMAGES, "{\"model\":\"m\",\"prompt\":\"p\",\"base_url\":\"x\"}",
         ASK_UNSUPPORTED, "base_url"},
        {"speech", ASK_SPEECH, "{\"model\":\"m\",\"input\":\"x\",\"voice\":\"v\"}", ASK_OK, NULL},
        {"speech of a list", ASK_SPEECH, "{\"model\":\"m\",\"input\":[\"x\"]}", ASK_INVALID,
         "input"},
        {"a completion", ASK_COMPLETIONS, "{\"model\":\"m\",\"prompt\":\"p\"}", ASK_OK, NULL},
        {"more thrown away than kept", ASK_COMPLETIONS,
         "{\"model\":\"m\",\"prompt\":\"p\",\"n\":2,\"best_of\":3}", ASK_OK, NULL},
        {"the best of fewer than wanted", ASK_COMPLETIONS,
         "{\"model\":\"m\",\"prompt\":\"p\",\"n\":3,\"best_of\":2}", ASK_INVALID, "best_of"},
        {"the best of several, streamed", ASK_COMPLETIONS,
         "{\"model\":\"m\",\"prompt\":\"p\",\"stream\":true,\"best_of\":2}", ASK_INVALID,
         "best_of"},
        {"too many completions", ASK_COMPLETIONS,
         "{\"model\":\"m\",\"prompt\":[\"a\",\"b\"],\"n\":100}", ASK_INVALID, "prompt"},
        {"no prompt", ASK_COMPLETIONS, "{\"model\":\"m\"}", ASK_INVALID, "prompt"},
        {"best_of in a chat", ASK_CHAT,
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"best_of\":2}",
         ASK_UNSUPPORTED, "best_of"},
    };
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        set_up(&s);
        assert_int(rows[i].what, read_ask(&s, rows[i].kind, span_of(rows[i].body)),
                   rows[i].outcome);
        if (rows[i].param != NULL)
            assert_span(rows[i].what, span_of(s.refusal.param), rows[i].param);
        tear_down(&s);
    }
}

static void what_is_generated_and_thrown_away_counts(void **state)
{
    static const struct {
        const char *what, *body;
        int64_t choices, max_tokens;
    } rows[] = {
        {"no cap", "{\"model\":\"m\",\"prompt\":\"p\"}", 1, -1},
        {"n", "{\"model\":\"m\",\"prompt\":\"p\",\"n\":2,\"max_tokens\":5}", 2, 5},
        {"best_of", "{\"model\":\"m\",\"prompt\":\"p\",\"n\":2,\"best_of\":4}", 4, -1},
        {"several prompts", "{\"model\":\"m\",\"prompt\":[\"p\",\"q\",\"r\"],\"n\":2}", 6, -1},
        {"a prompt of tokens is one", "{\"model\":\"m\",\"prompt\":[1,2,3]}", 1, -1},
        {"several of tokens", "{\"model\":\"m\",\"prompt\":[[1,2],[3]]}", 2, -1},
    };
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        set_up(&s);
        assert_int(rows[i].what, read_ask(&s, ASK_COMPLETIONS, span_of(rows[i].body)), ASK_OK);
        assert_int(rows[i].what, s.ask.choices, rows[i].choices);
        assert_int(rows[i].what, s.ask.max_tokens, rows[i].max_tokens);
        tear_down(&s);
    }
}

static void forms_are_read_as_their_fields(void **state)
{
    static const struct {
        const char *what, *body;
        enum ask_kind kind;
        enum ask_outcome outcome;
        const char *param, *json;
    } rows[] = {
        {"a transcription", FIELD("model", "w") A_FILE("file", "x") FIELD("stream", "true") END,
         ASK_TRANSCRIPTIONS, ASK_OK, NULL, "{\"model\":\"w\",\"stream\":true}"},
        {"a list of one name",
         FIELD("model", "w") A_FILE("file", "x") FIELD("timestamp_granularities[]", "word")
             FIELD("timestamp_granularities[]", "segment") END,
         ASK_TRANSCRIPTIONS, ASK_OK, NULL, "{\"model\":\"w\"}"},
        {"what needs escapes", FIELD("model", "w") A_FILE("file", "x") FIELD("prompt", "a\"\n") END,
         ASK_TRANSCRIPTIONS, ASK_OK, NULL, "{\"model\":\"w\",\"prompt\":\"a\\\"\\n\"}"},
        {"our own as JSON",
         FIELD("model", "w") A_FILE("file", "x") FIELD("provider", "{\"only\":[\"p\"]}") END,
         ASK_TRANSCRIPTIONS, ASK_OK, NULL, "{\"model\":\"w\",\"provider\":{\"only\":[\"p\"]}}"},
        {"an edit",
         FIELD("model", "w") FIELD("n", "2") FIELD("prompt", "p") A_FILE("image[]", "x")
             A_FILE("image[]", "y") END,
         ASK_IMAGE_EDITS, ASK_OK, NULL, "{\"model\":\"w\",\"n\":2,\"prompt\":\"p\"}"},
        {"an edit of nothing", FIELD("model", "w") FIELD("prompt", "p") END, ASK_IMAGE_EDITS,
         ASK_INVALID, "image", NULL},
        {"no file", FIELD("model", "w") END, ASK_TRANSCRIPTIONS, ASK_INVALID, "file", NULL},
        {"a field where a file has to be", FIELD("model", "w") FIELD("file", "x") END,
         ASK_TRANSCRIPTIONS, ASK_INVALID, "file", NULL},
        {"two files", FIELD("model", "w") A_FILE("file", "x") A_FILE("file", "y") END,
         ASK_TRANSCRIPTIONS, ASK_INVALID, "file", NULL},
        {"two models", FIELD("model", "w") FIELD("model", "v") A_FILE("file", "x") END,
         ASK_TRANSCRIPTIONS, ASK_INVALID, "model", NULL},
        {"a model in a file", A_FILE("model", "w") A_FILE("file", "x") END, ASK_TRANSCRIPTIONS,
         ASK_INVALID, "model", NULL},
        {"a list of models", FIELD("model[]", "w") A_FILE("file", "x") END, ASK_TRANSCRIPTIONS,
         ASK_INVALID, "model", NULL},
        {"our own in pieces",
         FIELD("model", "w") FIELD("provider[only][]", "p") A_FILE("file", "x") END,
         ASK_TRANSCRIPTIONS, ASK_INVALID, "provider", NULL},
        {"n that is no number",
         FIELD("model", "w") FIELD("n", "two") FIELD("prompt", "p") A_FILE("image", "x") END,
         ASK_IMAGE_EDITS, ASK_INVALID, "n", NULL},
        {"a host", FIELD("model", "w") FIELD("api_base", "x") A_FILE("file", "x") END,
         ASK_TRANSCRIPTIONS, ASK_UNSUPPORTED, "api_base", NULL},
        {"no end", FIELD("model", "w") A_FILE("file", "x"), ASK_TRANSCRIPTIONS, ASK_MALFORMED, NULL,
         NULL},
    };
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        set_up(&s);
        assert_int(rows[i].what, read_form(&s, rows[i].kind, span_of(rows[i].body)),
                   rows[i].outcome);
        if (rows[i].param != NULL)
            assert_span(rows[i].what, span_of(s.refusal.param), rows[i].param);
        if (rows[i].json != NULL)
            assert_span(rows[i].what, s.form.json, rows[i].json);
        tear_down(&s);
    }
}

static void a_form_goes_on_with_another_model_and_without_what_is_ours(void **state)
{
    static const char body[] = FIELD("session_id", "s") A_FILE("file", "xy") FIELD("model", "w")
        FIELD("tags", "[\"a\"]") FIELD("language", "de") END;
    const struct span *pieces;
    struct buf out = buf_make(4096);
    struct setup s;
    uint32_t count;
    size_t bytes;

    (void)state;
    set_up(&s);
    assert_int("read", read_form(&s, ASK_TRANSCRIPTIONS, span_of(body)), ASK_OK);
    assert_span("its session", s.ask.session_id, "s");
    assert_int("its tags", s.ask.tag_count, 1);
    count = form_patch(&s.form, &s.ask, span_of("whisper-9"), s.arena, &pieces, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&out, pieces[i]);
    assert_span("the provider's", buf_span(&out),
                A_FILE("file", "xy") FIELD("model", "whisper-9") FIELD("language", "de") END);
    assert_int("its size", bytes, out.size);
    buf_done(&out);
    tear_down(&s);
}

static void requests_tell_their_size(void **state)
{
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *body, *counted, *bounds;
    } rows[] = {
        {"a moderation", ASK_MODERATIONS, "{\"model\":\"m\",\"input\":\"x\"}", "request=1",
         "request=1"},
        {"pictures", ASK_IMAGES, "{\"model\":\"m\",\"prompt\":\"p\",\"n\":3}",
         "output_image=18720 image=3 request=1", "output_image=60000 image=3 request=1"},
        {"small ones", ASK_IMAGES,
         "{\"model\":\"m\",\"prompt\":\"p\",\"quality\":\"low\",\"size\":\"1024x1024\"}",
         "output_image=272 image=1 request=1", "output_image=20000 image=1 request=1"},
        {"characters, not bytes", ASK_SPEECH,
         "{\"model\":\"m\",\"input\":\"a\xc3\xa4\xf0\x9f\x98\x80\\n\\u00e4\\ud83d\\ude00\\\\\"}",
         "output_audio=21 request=1 second=1 character=7",
         "output_audio=1105 request=1 second=5 character=7"},
        {"few documents", ASK_RERANK,
         "{\"model\":\"m\",\"query\":\"q\",\"documents\":[\"a\",{\"text\":\"b\"}]}", "request=1",
         "request=1"},
    };
    struct service_facts facts;
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        set_up(&s);
        assert_int(rows[i].what, read_ask(&s, rows[i].kind, span_of(rows[i].body)), ASK_OK);
        service_measure(&s.ask, NULL, &facts);
        assert_span(rows[i].what, meters_text(&s, &facts.counted), rows[i].counted);
        assert_span(rows[i].what, meters_text(&s, &facts.bounds), rows[i].bounds);
        tear_down(&s);
    }
}

static void many_and_long_documents_are_more_units(void **state)
{
    struct buf body = buf_make(1 << 20);
    struct service_facts facts;
    struct setup s;

    (void)state;
    buf_add_string(&body, "{\"model\":\"m\",\"query\":\"q\",\"documents\":[");
    for (int i = 0; i < 150; i++) {
        buf_add_string(&body, i == 0 ? "\"" : ",\"");
        for (int j = 0; j < 2100; j++)
            buf_add_byte(&body, 'x');
        buf_add_byte(&body, '"');
    }
    buf_add_string(&body, "]}");
    set_up(&s);
    assert_int("read", read_ask(&s, ASK_RERANK, buf_span(&body)), ASK_OK);
    service_measure(&s.ask, NULL, &facts);
    assert_int("150 documents of 525 tokens are 300", facts.counted.count[METER_REQUEST], 3);
    assert_int("of at most 2,102 tokens 750", facts.bounds.count[METER_REQUEST], 8);
    buf_done(&body);
    tear_down(&s);
}

/* Each provider's own words; from their pages. */
static void usage_is_normalised_once(void **state)
{
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *usage, *meters;
    } rows[] = {
        {"OpenAI: pictures", ASK_IMAGES,
         "{\"total_tokens\":100,\"input_tokens\":50,\"output_tokens\":50,\"input_tokens_details\":"
         "{\"text_tokens\":10,\"image_tokens\":40}}",
         "input=10 input_image=40 output_image=50"},
        {"OpenAI: pictures and text", ASK_IMAGE_EDITS,
         "{\"input_tokens\":50,\"output_tokens\":60,\"input_tokens_details\":{\"text_tokens\":50,"
         "\"image_tokens\":0,\"cached_tokens\":20},\"output_tokens_details\":{\"image_tokens\":50,"
         "\"text_tokens\":10}}",
         "input=30 output=10 cache_read=20 output_image=50"},
        {"OpenAI: heard, by tokens", ASK_TRANSCRIPTIONS,
         "{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":{\"text_tokens\":4,"
         "\"audio_tokens\":10},\"output_tokens\":45,\"total_tokens\":59}",
         "input=4 output=45 input_audio=10"},
        {"OpenAI: heard, by time", ASK_TRANSCRIPTIONS, "{\"type\":\"duration\",\"seconds\":12}",
         "second=12"},
        {"a beginning second", ASK_TRANSLATIONS, "{\"type\":\"duration\",\"seconds\":12.01}",
         "second=13"},
        {"OpenAI: spoken", ASK_SPEECH,
         "{\"input_tokens\":14,\"output_tokens\":101,\"total_tokens\":115}",
         "input=14 output_audio=101"},
        {"Mistral: heard", ASK_TRANSCRIPTIONS,
         "{\"prompt_audio_seconds\":203,\"prompt_tokens\":4,\"total_tokens\":3264,"
         "\"completion_tokens\":635}",
         "input=4 output=635 second=203"},
        {"Mistral: moderation", ASK_MODERATIONS,
         "{\"prompt_tokens\":13,\"total_tokens\":13,\"completion_tokens\":0}", "input=13 output=0"},
        {"Jina: reranked", ASK_RERANK, "{\"total_tokens\":815}", "input=815"},
        {"vLLM: reranked", ASK_RERANK, "{\"prompt_tokens\":25,\"total_tokens\":25}", "input=25"},
        {"Cohere: reranked", ASK_RERANK,
         "{\"api_version\":{\"version\":\"2\"},\"billed_units\":{\"search_units\":2}}",
         "request=2"},
        {"nothing known", ASK_IMAGES, "{\"credits\":3}", "absent"},
        {"parts above the whole", ASK_IMAGES,
         "{\"input_tokens\":5,\"output_tokens\":5,\"input_tokens_details\":{\"image_tokens\":6}}",
         "quarantined"},
        {"a negative number", ASK_IMAGES, "{\"input_tokens\":-5,\"output_tokens\":5}",
         "quarantined"},
        {"a text", ASK_TRANSCRIPTIONS, "{\"seconds\":\"12\"}", "quarantined"},
        {"longer than all time", ASK_TRANSCRIPTIONS, "{\"seconds\":1e30}", "quarantined"},
        {"no object", ASK_TRANSCRIPTIONS, "[1]", "quarantined"},
    };
    struct answer_usage usage;
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        set_up(&s);
        assert_int(rows[i].what, json_parse(&s.doc, span_of(rows[i].usage), &json_limits_body),
                   JSON_OK);
        service_read_usage(rows[i].kind, &s.doc, 0, &usage);
        assert_span(rows[i].what,
                    usage.state == ANSWER_USAGE_GOOD     ? meters_text(&s, &usage.meters)
                    : usage.state == ANSWER_USAGE_ABSENT ? span_of("absent")
                                                         : span_of("quarantined"),
                    rows[i].meters);
        tear_down(&s);
    }
}

static void tap(void *context, struct span inside)
{
    buf_add_span(context, inside);
}

static void whole_answers_are_known(void **state)
{
    static const char json[] = "application/json";
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *type, *body;
        uint32_t signs;
        const char *seen, *text;
    } rows[] = {
        {"pictures", ASK_IMAGES, json, "{\"created\":1,\"data\":[{\"b64_json\":\"AA\"},{}]}",
         ANSWER_CONTENT, "image=2", ""},
        {"no pictures", ASK_IMAGES, json, "{\"created\":1,\"data\":[]}", ANSWER_MALFORMED, "", ""},
        {"an error", ASK_IMAGES, json, "{\"error\":{\"message\":\"no\"}}", ANSWER_ERROR, "", ""},
        {"a moderation", ASK_MODERATIONS, json, "{\"id\":\"m\",\"results\":[{}]}", ANSWER_CONTENT,
         "", ""},
        {"a moderation of nothing", ASK_MODERATIONS, json, "{\"id\":\"m\",\"results\":[]}",
         ANSWER_MALFORMED, "", ""},
        {"reranked", ASK_RERANK, json, "{\"results\":[{\"index\":0,\"relevance_score\":1}]}",
         ANSWER_CONTENT, "", ""},
        {"a transcript", ASK_TRANSCRIPTIONS, json, "{\"text\":\"hi \\u00e4\"}", ANSWER_CONTENT, "",
         "hi \\u00e4"},
        {"with its duration", ASK_TRANSCRIPTIONS, json, "{\"duration\":2.5,\"text\":\"hi\"}",
         ANSWER_CONTENT, "second=3", "hi"},
        {"as subtitles", ASK_TRANSCRIPTIONS, "text/plain; charset=utf-8",
         "1\n00:00:00,000 --> 00:00:01,000\nhi\n", ANSWER_CONTENT, "",
         "1\n00:00:00,000 --> 00:00:01,000\nhi\n"},
        {"a text with a backslash", ASK_TRANSCRIPTIONS, "text/plain", "a\\nb\\", ANSWER_CONTENT, "",
         "a\\\\nb\\\\"},
        {"silence", ASK_TRANSLATIONS, "text/plain", "", ANSWER_CONTENT, "", ""},
        {"speech", ASK_SPEECH, "audio/mpeg", "\xff\xfb", ANSWER_CONTENT, "", ""},
        {"speech that is a page", ASK_SPEECH, "text/html", "<html>", ANSWER_MALFORMED, "", ""},
        {"speech that is an error", ASK_SPEECH, json, "{\"error\":\"no\"}", ANSWER_ERROR, "", ""},
        {"a transcript that is a page", ASK_TRANSCRIPTIONS, "text/html", "<html>", ANSWER_MALFORMED,
         "", ""},
        {"a picture that is a text", ASK_IMAGES, "text/plain", "hi", ANSWER_MALFORMED, "", ""},
    };
    struct service_places places;
    struct buf text = buf_make(4096);
    const struct answer_tap to = {tap, &text};
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_make();

        set_up(&s);
        buf_clear(&text);
        service_read_whole(&(struct service_reader){rows[i].kind, &s.doc, &to, &answer},
                           span_of(rows[i].type), span_of(rows[i].body), &places);
        assert_int(rows[i].what, answer.signs, rows[i].signs);
        assert_span(rows[i].what, meters_text(&s, &places.seen), rows[i].seen);
        assert_span(rows[i].what, buf_span(&text), rows[i].text);
        tear_down(&s);
    }
    buf_done(&text);
}

static void streams_end_with_their_usage(void **state)
{
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *data;
        uint32_t signs;
        const char *meters;
    } rows[] = {
        {"half a picture", ASK_IMAGES, "{\"type\":\"image_generation.partial_image\"}",
         ANSWER_CONTENT, ""},
        {"a picture", ASK_IMAGES,
         "{\"type\":\"image_generation.completed\",\"usage\":{\"input_tokens\":5,\"output_tokens\":"
         "6}}",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE, "input=5 output_image=6"},
        {"an edited one without usage", ASK_IMAGE_EDITS, "{\"type\":\"image_edit.completed\"}",
         ANSWER_CONTENT | ANSWER_FINISH, ""},
        {"a word", ASK_TRANSCRIPTIONS, "{\"type\":\"transcript.text.delta\",\"delta\":\"a\"}",
         ANSWER_CONTENT, ""},
        {"the whole transcript", ASK_TRANSCRIPTIONS,
         "{\"type\":\"transcript.text.done\",\"text\":\"a\",\"usage\":{\"type\":\"duration\","
         "\"seconds\":3}}",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE, "second=3"},
        {"sound", ASK_SPEECH, "{\"type\":\"speech.audio.delta\",\"audio\":\"AA\"}", ANSWER_CONTENT,
         ""},
        {"its end", ASK_SPEECH,
         "{\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE, "input=1 output_audio=2"},
        {"an event of later days", ASK_SPEECH, "{\"type\":\"speech.mood\"}", 0, ""},
        {"a marker", ASK_SPEECH, "[DONE]", 0, ""},
        {"an error", ASK_SPEECH, "{\"type\":\"error\",\"error\":{\"message\":\"no\"}}",
         ANSWER_ERROR, ""},
        {"nonsense", ASK_SPEECH, "{", ANSWER_MALFORMED, ""},
    };
    struct service_places places;
    struct setup s;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_make();

        set_up(&s);
        service_read_frame(&(struct service_reader){rows[i].kind, &s.doc, NULL, &answer},
                           span_of(rows[i].data), &places);
        assert_int(rows[i].what, answer.signs, rows[i].signs);
        assert_span(rows[i].what, meters_text(&s, &answer.usage.meters), rows[i].meters);
        tear_down(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_or_refused),
        cmocka_unit_test(what_is_generated_and_thrown_away_counts),
        cmocka_unit_test(forms_are_read_as_their_fields),
        cmocka_unit_test(a_form_goes_on_with_another_model_and_without_what_is_ours),
        cmocka_unit_test(requests_tell_their_size),
        cmocka_unit_test(many_and_long_documents_are_more_units),
        cmocka_unit_test(usage_is_normalised_once),
        cmocka_unit_test(whole_answers_are_known),
        cmocka_unit_test(streams_end_with_their_usage),
    };

    return run_test_table(tests);
}
