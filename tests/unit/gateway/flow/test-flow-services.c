/* flow: what is no chat. */
#include <stdio.h>

#include "tests/unit/gateway/flow/answers.h"

#define FORM                                                                                       \
    "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na/s\r\n"                        \
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.webm\"\r\n\r\n"           \
    "0123456789\r\n"
#define FORM_END "--XX--\r\n"
#define FORM_TYPE "multipart/form-data; boundary=XX"
#define PICTURE "{\"created\":1,\"data\":[{\"b64_json\":\"AA\"}]"
#define SPOKEN "{\"model\":\"a/s\",\"input\":\"abcde\",\"voice\":\"v\"}"
#define DRAW "{\"model\":\"a/s\",\"prompt\":\"a cat\",\"n\":2}"

static void sell(const char *kind, enum meter meter, int64_t pico)
{
    world.service_kind = kind;
    world.service_rates[world.service_rate_count++] =
        (struct price_rate){(uint8_t)meter, MODE_STANDARD, 0, pico};
}

static void serve(enum endpoint endpoint, const char *body)
{
    world_serve(endpoint, span_of(body));
    world_write();
}

static void pictures_are_paid_by_the_picture(void **state)
{
    (void)state;
    sell("image", METER_IMAGE, 40000000000);
    serve(ENDPOINT_IMAGES, DRAW);
    assert_span("path", span_of(script_at(world.script, 0)->path), "/images/generations");
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"model\":\"up-m\""));
    assert_int_equal(world.reserved_pico, 84000000000); /* two of them, and 5 % */
    script_answer(world.script, 0, 200, JSON, PICTURE "}");
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"b64_json\":\"AA\""));
    assert_true(world_sent_has("\"usage\":{\"cost\":0.042,"));
    assert_int_equal(world_event()->charge_pico, 42000000000); /* one came */
    assert_int_equal(world_event()->meters.count[METER_IMAGE], 1);
    assert_int_equal(world_event()->meters.present, 1u << METER_IMAGE);
    assert_int_equal(world_event()->usage_from, USAGE_PROVIDER);
    assert_span("endpoint", world_event()->endpoint, "images.generations");
}

static void pictures_are_paid_by_tokens(void **state)
{
    (void)state;
    sell("image", METER_INPUT, 5000000);
    sell("image", METER_OUTPUT_IMAGE, 40000000);
    serve(ENDPOINT_IMAGES, DRAW);
    script_answer(world.script, 0, 200, JSON,
                  PICTURE ",\"usage\":{\"input_tokens\":10,\"output_tokens\":100}}");
    world_write();
    assert_true(world_sent_has("\"input_tokens\":10"));
    assert_true(world_sent_has("\"cost\":0.0042525"));
    assert_int_equal(world_event()->charge_pico, 4252500000);
    assert_int_equal(world_event()->meters.count[METER_OUTPUT_IMAGE], 100);
    assert_int_equal(world_event()->meters.count[METER_IMAGE], 0);
    assert_span("normaliser", world_event()->normaliser, "services/1");
}

static void what_a_provider_does_not_tell_is_counted(void **state)
{
    (void)state;
    sell("image", METER_INPUT, 5000000);
    sell("image", METER_OUTPUT_IMAGE, 40000000);
    serve(ENDPOINT_IMAGES, "{\"model\":\"a/s\",\"prompt\":\"abcdefgh\"}");
    script_answer(world.script, 0, 200, JSON, PICTURE "}");
    world_write();
    assert_int_equal(world_event()->meters.count[METER_INPUT], 2);
    assert_int_equal(world_event()->meters.count[METER_OUTPUT_IMAGE], 6240);
    assert_int_equal(world_event()->usage_from, USAGE_COUNTED);
    assert_true(world_sent_has("\"usage\":{\"input_tokens\":2,\"output_tokens\":6240,"));
}

static void pictures_may_be_large_and_other_answers_not(void **state)
{
    struct buf body = buf_make((size_t)32 << 20);

    (void)state;
    sell("image", METER_IMAGE, 40000000000);
    buf_add_string(&body, "{\"data\":[{\"b64_json\":\"");
    while (body.size < (size_t)20 << 20)
        buf_add_string(&body, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    buf_add_string(&body, "\"}]}");
    serve(ENDPOINT_IMAGES, DRAW);
    script_answer(world.script, 0, 200, JSON, body.at);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world.request.sent.size > body.size);
    sell("moderation", METER_REQUEST, 1000);
    serve(ENDPOINT_MODERATIONS, "{\"model\":\"a/s\",\"input\":\"x\"}");
    script_answer(world.script, 1, 200, JSON, body.at);
    world_write();
    script_answer(world.script, 2, 200, JSON, body.at);
    world_write();
    assert_int_equal(world.request.status, 502);
    buf_done(&body);
}

static void an_edit_may_come_as_json(void **state)
{
    (void)state;
    sell("image", METER_IMAGE, 40000000000);
    world.content_type = JSON;
    serve(ENDPOINT_IMAGE_EDITS,
          "{\"model\":\"a/s\",\"prompt\":\"p\",\"images\":[{\"file_id\":\"f\"}]}");
    assert_span("path", span_of(script_at(world.script, 0)->path), "/images/edits");
    assert_int("no type but the usual one", script_at(world.script, 0)->lines.size, 0);
    script_answer(world.script, 0, 200, JSON, PICTURE "}");
    world_write();
    assert_int_equal(world_event()->meters.count[METER_IMAGE], 1);
}

static void speech_is_relayed_as_it_comes(void **state)
{
    (void)state;
    sell("speech", METER_CHARACTER, 15000000);
    serve(ENDPOINT_SPEECH, SPOKEN);
    script_head(world.script, 0, 200, "audio/mpeg");
    assert_int_equal(world.request.status, 0);
    script_bytes(world.script, 0, "\xff\xfbsound");
    assert_int_equal(world.request.status, 200);
    assert_true(world_head_has("content-type: audio/mpeg"));
    script_bytes(world.script, 0, " and more");
    assert_span("what came", world_sent(), "\xff\xfbsound and more");
    script_end(world.script, 0, UPSTREAM_WHOLE);
    assert_false(world.request.ended); /* not before the FINAL is written */
    world_write();
    assert_true(world.request.complete);
    assert_int_equal(world_event()->charge_pico, 78750000);
    assert_int_equal(world_event()->meters.count[METER_CHARACTER], 5);
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
}

static void speech_that_breaks_off_is_seen_to(void **state)
{
    (void)state;
    sell("speech", METER_CHARACTER, 15000000);
    serve(ENDPOINT_SPEECH, SPOKEN);
    script_head(world.script, 0, 200, "audio/mpeg");
    script_bytes(world.script, 0, "sound");
    script_end(world.script, 0, UPSTREAM_BROKEN);
    world_write();
    assert_true(world.request.ended);
    assert_false(world.request.complete);
    assert_span("nothing behind it", world_sent(), "sound");
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
    assert_int_equal(world_event()->charge_pico, 78750000);
}

static void what_ends_with_its_connection_alone_is_not_taken_for_whole(void **state)
{
    (void)state;
    sell("speech", METER_CHARACTER, 15000000);
    serve(ENDPOINT_SPEECH, SPOKEN);
    script_head_unframed(world.script, 0, "audio/mpeg");
    script_bytes(world.script, 0, "half of it");
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_write();
    assert_true(world.request.ended);
    assert_false(world.request.complete);
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
}

static void speech_that_fails_before_it_sounds_goes_elsewhere(void **state)
{
    (void)state;
    sell("speech", METER_CHARACTER, 15000000);
    serve(ENDPOINT_SPEECH, SPOKEN);
    script_answer(world.script, 0, 200, "text/html", "<html>");
    world_write();
    assert_int_equal(script_count(world.script), 2);
    script_answer(world.script, 1, 200, "audio/wav", "RIFF");
    world_write();
    assert_true(world.request.complete);
    assert_span("the second one", world_sent(), "RIFF");
    assert_int_equal(world_event()->attempt_count, 2);
}

static void a_silent_voice_is_given_up(void **state)
{
    (void)state;
    sell("speech", METER_CHARACTER, 15000000);
    serve(ENDPOINT_SPEECH, SPOKEN);
    script_head(world.script, 0, 200, "audio/mpeg");
    script_bytes(world.script, 0, "sound");
    world_wait(61000);
    world_write();
    assert_true(script_at(world.script, 0)->cancelled);
    assert_true(world.request.ended);
    assert_false(world.request.complete);
}

static void a_form_goes_on_as_a_form(void **state)
{
    const struct script_call *call;

    (void)state;
    sell("transcription", METER_SECOND, 100000000);
    world.content_type = FORM_TYPE;
    serve(ENDPOINT_TRANSCRIPTIONS, FORM FORM_END);
    call = script_at(world.script, 0);
    assert_span("path", span_of(call->path), "/audio/transcriptions");
    assert_non_null(strstr(call->lines.at, "content-type: " FORM_TYPE "\n"));
    assert_non_null(strstr(call->body.at, "name=\"model\"\r\n\r\nup-m\r\n--XX"));
    assert_non_null(strstr(call->body.at, "\r\n\r\n0123456789\r\n--XX--"));
    script_answer(world.script, 0, 200, JSON,
                  "{\"text\":\"hello\",\"usage\":{\"type\":\"duration\",\"seconds\":3}}");
    world_write();
    assert_true(world_sent_has("\"text\":\"hello\""));
    assert_true(world_sent_has("\"seconds\":3"));
    assert_int_equal(world_event()->meters.count[METER_SECOND], 3);
    assert_int_equal(world_event()->charge_pico, 315000000);
    assert_int_equal(world_event()->usage_from, USAGE_PROVIDER);
}

static void subtitles_pass_and_their_time_is_counted(void **state)
{
    (void)state;
    sell("transcription", METER_SECOND, 100000000);
    world.content_type = FORM_TYPE;
    serve(ENDPOINT_TRANSLATIONS, FORM FORM_END);
    script_answer(world.script, 0, 200, "text/plain; charset=utf-8", "1\n00:00\nhello\n");
    world_write();
    assert_span("as they came", world_sent(), "1\n00:00\nhello\n");
    assert_true(world_head_has("content-type: text/plain; charset=utf-8"));
    assert_int_equal(world_event()->meters.count[METER_SECOND], 1);
    assert_int_equal(world_event()->usage_from, USAGE_COUNTED);
}

static void a_form_that_is_none_is_refused(void **state)
{
    (void)state;
    sell("transcription", METER_SECOND, 100000000);
    serve(ENDPOINT_TRANSCRIPTIONS, "{\"model\":\"a/s\"}");
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("no usable boundary"));
    world.content_type = FORM_TYPE;
    serve(ENDPOINT_TRANSCRIPTIONS, FORM);
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("its last boundary is missing"));
    assert_int_equal(script_count(world.script), 0);
}

static void a_transcript_is_streamed_with_its_cost_at_the_end(void **state)
{
    (void)state;
    sell("transcription", METER_SECOND, 100000000);
    world.content_type = FORM_TYPE;
    serve(ENDPOINT_TRANSCRIPTIONS,
          FORM "--XX\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n" FORM_END);
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0,
                 "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hi\"}\n\n");
    assert_true(world_sent_has("\"delta\":\"hi\"}\n\n"));
    script_bytes(world.script, 0,
                 "data: {\"type\":\"transcript.text.done\",\"text\":\"hi\",\"usage\":{\"type\":"
                 "\"duration\",\"seconds\":2}}\n\n");
    assert_false(world_sent_has("done"));
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_write();
    assert_true(world_sent_has("\"seconds\":2"));
    assert_true(world_sent_has("\"cost\":0.00021,"));
    assert_true(world.request.complete);
    assert_int_equal(world_event()->charge_pico, 210000000);
}

static void a_wish_for_a_stream_may_be_passed_over(void **state)
{
    (void)state;
    sell("image", METER_IMAGE, 40000000000);
    serve(ENDPOINT_IMAGES, "{\"model\":\"a/s\",\"prompt\":\"p\",\"stream\":true}");
    script_answer(world.script, 0, 200, JSON, PICTURE "}");
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_head_has("content-type: application/json"));
    assert_true(world_sent_has("\"usage\":{\"cost\":0.042,"));
    assert_true(world.request.complete);
}

static void an_answer_that_is_whole_too_late_is_an_error(void **state)
{
    (void)state;
    sell("image", METER_IMAGE, 40000000000);
    serve(ENDPOINT_IMAGES, "{\"model\":\"a/s\",\"prompt\":\"p\",\"stream\":true}");
    world_wait(11000);
    assert_true(world_head_has("content-type: text/event-stream; charset=utf-8"));
    for (uint32_t n = 0; n < 2; n++) {
        script_answer(world.script, n, 200, JSON, PICTURE "}");
        world_write();
    }
    assert_true(world_sent_has("data: {\"error\":"));
    assert_true(world.request.ended);
}

static void a_stream_without_its_last_event_is_cut(void **state)
{
    (void)state;
    sell("image", METER_IMAGE, 40000000000);
    serve(ENDPOINT_IMAGES, "{\"model\":\"a/s\",\"prompt\":\"p\",\"stream\":true}");
    assert_null(strstr(script_at(world.script, 0)->body.at, "stream_options"));
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0,
                 "data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n\n");
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_write();
    assert_true(world_sent_has("data: {\"error\":"));
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
}

static void a_reranking_speaks_coheres_language_to_cohere(void **state)
{
    (void)state;
    sell("rerank", METER_REQUEST, 2000000000);
    for (int i = 0; i < 2; i++) {
        world.deployments[i].wire = WIRE_COHERE;
        world.deployments[i].dialect = span_of("cohere-v2");
    }
    serve(
        ENDPOINT_RERANK,
        "{\"model\":\"a/s\",\"query\":\"q\",\"documents\":[{\"text\":\"d\"}],\"return_documents\":"
        "true}");
    assert_span("path", span_of(script_at(world.script, 0)->path), "/rerank");
    assert_span("body", buf_span(&script_at(world.script, 0)->body),
                "{\"model\":\"up-m\",\"query\":\"q\",\"documents\":[\"d\"]}");
    script_answer(world.script, 0, 200, JSON,
                  "{\"id\":\"r\",\"results\":[{\"index\":0,\"relevance_score\":0.5}],\"meta\":{"
                  "\"billed_units\":{\"search_units\":1}}}");
    world_write();
    assert_true(world_sent_has("\"document\":{\"text\":\"d\"}"));
    assert_int_equal(world_event()->charge_pico, 2100000000);
    assert_span("normaliser", world_event()->normaliser, "cohere/1");
}

static void embeddings_are_turned_around_for_gemini(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        world.deployments[i].wire = WIRE_GEMINI;
        world.deployments[i].dialect = span_of("gemini");
    }
    world_serve(ENDPOINT_EMBEDDINGS,
                span_of("{\"model\":\"a/e\",\"input\":[\"abcd\"],\"encoding_format\":\"base64\"}"));
    world_write();
    assert_span("path", span_of(script_at(world.script, 0)->path),
                "/models/up-m:batchEmbedContents");
    script_answer(world.script, 0, 200, JSON, "{\"embeddings\":[{\"values\":[1]}]}");
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"embedding\":\"AACAPw==\""));
    assert_int_equal(world_event()->meters.count[METER_INPUT], 1);
    assert_int_equal(world_event()->usage_from, USAGE_COUNTED);
    assert_true(world_sent_has("\"usage\":{\"prompt_tokens\":1,\"total_tokens\":1,\"cost\":"));
}

static void a_model_of_another_kind_is_refused(void **state)
{
    static const struct {
        const char *what, *kind;
        enum endpoint endpoint;
        int status;
    } rows[] = {
        {"a picture of a chat model", "chat", ENDPOINT_IMAGES, 400},
        {"a picture of a voice", "speech", ENDPOINT_IMAGES, 400},
        {"a moderation of a chat model", "chat", ENDPOINT_MODERATIONS, 400},
    };

    (void)state;
    sell("chat", METER_IMAGE, 1000);
    for (size_t i = 0; i < array_size(rows); i++) {
        world.service_kind = rows[i].kind;
        serve(rows[i].endpoint, "{\"model\":\"a/s\",\"prompt\":\"p\",\"input\":\"i\"}");
        assert_int(rows[i].what, world.request.status, rows[i].status);
    }
}

static void a_completion_is_asked_as_a_chat(void **state)
{
    const struct script_call *call;

    (void)state;
    serve(ENDPOINT_COMPLETIONS, "{\"model\":\"a/m\",\"prompt\":\"hello there\",\"temperature\":0}");
    call = script_at(world.script, 0);
    assert_span("path", span_of(call->path), "/chat/completions");
    assert_non_null(strstr(call->body.at, "\"content\":\"hello there\""));
    assert_non_null(strstr(call->body.at, "\"max_tokens\":16"));
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_true(world_sent_has("\"object\":\"text_completion\""));
    assert_true(world_sent_has("\"id\":\"cmpl-gen_"));
    assert_true(
        world_sent_has("\"text\":\"abcdefgh\",\"logprobs\":null,\"finish_reason\":\"stop\""));
    assert_true(world_sent_has(COST));
    assert_int_equal(world_event()->charge_pico, CHARGE);
    assert_span("endpoint", world_event()->endpoint, "completions");
}

static void a_completion_is_streamed(void **state)
{
    (void)state;
    serve(ENDPOINT_COMPLETIONS, "{\"model\":\"a/m\",\"prompt\":[\"hello there\"],\"stream\":true,"
                                "\"stream_options\":{\"include_usage\":true}}");
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    assert_true(world_sent_has("\"choices\":[{\"index\":0,\"text\":\"abcdefgh\",\"logprobs\":null,"
                               "\"finish_reason\":null}],\"usage\":null}\n\n"));
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_true(world_sent_has("\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"stop\""));
    assert_true(world_sent_has("\"choices\":[],\"usage\":{\"prompt_tokens\":10,"));
    assert_true(world_sent_has("data: [DONE]\n\n"));
    assert_true(world.request.complete);
}

static void a_provider_that_completes_is_asked_so(void **state)
{
    const struct script_call *call;

    (void)state;
    world.deployments[0].provider = span_of("vllm");
    serve(ENDPOINT_COMPLETIONS, "{\"model\":\"a/m\",\"prompt\":[\"p\",\"q\"],\"echo\":true}");
    call = script_at(world.script, 0);
    assert_span("path", span_of(call->path), "/completions");
    assert_span("body", buf_span(&call->body),
                "{\"max_tokens\":16,\"model\":\"up-m\",\"prompt\":[\"p\",\"q\"],\"echo\":true}");
    script_answer(world.script, 0, 200, JSON,
                  "{\"id\":\"c1\",\"object\":\"text_completion\",\"choices\":[{\"text\":\"pa\","
                  "\"index\":0,\"finish_reason\":\"stop\"},{\"text\":\"qb\",\"index\":1,"
                  "\"finish_reason\":\"length\"}],\"usage\":" USAGE "}");
    world_write();
    assert_true(world_sent_has("\"text\":\"qb\""));
    assert_true(world_sent_has(COST));
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void a_completion_passes_as_a_stream(void **state)
{
    (void)state;
    world.deployments[0].provider = span_of("vllm");
    serve(ENDPOINT_COMPLETIONS, "{\"model\":\"a/m\",\"prompt\":\"p\",\"stream\":true}");
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"include_usage\":true"));
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0,
                 "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"text\":\"abcdefgh\","
                 "\"finish_reason\":null}],\"usage\":null}\n\n");
    assert_true(world_sent_has("\"text\":\"abcdefgh\""));
    script_bytes(world.script, 0,
                 "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":"
                 "\"stop\"}]}\n\n" TOLD DONE);
    world_write();
    assert_true(world_sent_has("data: [DONE]\n\n"));
    assert_false(world_sent_has("prompt_tokens"));
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void a_chat_is_passed_over_for_one_that_completes(void **state)
{
    (void)state;
    world.deployments[1].provider = span_of("vllm");
    serve(ENDPOINT_COMPLETIONS, "{\"model\":\"a/m\",\"prompt\":[1,2,3]}");
    assert_int_equal(script_count(world.script), 1);
    assert_span("path", span_of(script_at(world.script, 0)->path), "/completions");
    script_answer(world.script, 0, 404, JSON, "{\"error\":{\"message\":\"no such path\"}}");
    world_write();
    assert_int_equal(world.request.status, 503);
    assert_int_equal(board_back_ms(world.worker.board, world.deployments[1].model, world.now_ms),
                     0);
}

static void what_a_chat_cannot_complete_is_refused(void **state)
{
    static const struct {
        const char *what, *rest, *param;
    } rows[] = {
        {"echo", "\"prompt\":\"p\",\"echo\":true", "\"param\":\"echo\""},
        {"suffix", "\"prompt\":\"p\",\"suffix\":\"s\"", "\"param\":\"suffix\""},
        {"logprobs", "\"prompt\":\"p\",\"logprobs\":1", "\"param\":\"logprobs\""},
        {"best_of", "\"prompt\":\"p\",\"best_of\":2", "\"param\":\"best_of\""},
        {"several prompts", "\"prompt\":[\"p\",\"q\"]", "\"param\":\"prompt\""},
        {"tokens", "\"prompt\":[1,2]", "\"param\":\"prompt\""},
    };
    char body[256];

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        snprintf(body, sizeof(body), "{\"model\":\"a/m\",%s}", rows[i].rest);
        serve(ENDPOINT_COMPLETIONS, body);
        assert_int(rows[i].what, world.request.status, 400);
        in_row(rows[i].what, world_sent_has(rows[i].param));
    }
    assert_int_equal(script_count(world.script), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(pictures_are_paid_by_the_picture),
        world_row(pictures_are_paid_by_tokens),
        world_row(what_a_provider_does_not_tell_is_counted),
        world_row(pictures_may_be_large_and_other_answers_not),
        world_row(an_edit_may_come_as_json),
        world_row(speech_is_relayed_as_it_comes),
        world_row(speech_that_breaks_off_is_seen_to),
        world_row(what_ends_with_its_connection_alone_is_not_taken_for_whole),
        world_row(speech_that_fails_before_it_sounds_goes_elsewhere),
        world_row(a_silent_voice_is_given_up),
        world_row(a_form_goes_on_as_a_form),
        world_row(subtitles_pass_and_their_time_is_counted),
        world_row(a_form_that_is_none_is_refused),
        world_row(a_transcript_is_streamed_with_its_cost_at_the_end),
        world_row(a_wish_for_a_stream_may_be_passed_over),
        world_row(an_answer_that_is_whole_too_late_is_an_error),
        world_row(a_stream_without_its_last_event_is_cut),
        world_row(a_reranking_speaks_coheres_language_to_cohere),
        world_row(embeddings_are_turned_around_for_gemini),
        world_row(a_model_of_another_kind_is_refused),
        world_row(a_completion_is_asked_as_a_chat),
        world_row(a_completion_is_streamed),
        world_row(a_provider_that_completes_is_asked_so),
        world_row(a_completion_passes_as_a_stream),
        world_row(a_chat_is_passed_over_for_one_that_completes),
        world_row(what_a_chat_cannot_complete_is_refused),
    };

    return run_test_table(tests);
}
