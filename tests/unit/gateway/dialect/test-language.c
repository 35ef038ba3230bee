#include "tests/support/testing.h"

#include "gateway/dialect/languages.h"

struct seen {
    enum answer_event_kind kinds[16];
    uint32_t count;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct seen *seen = context;

    seen->kinds[seen->count++] = event->kind;
}

static struct answer_reader reader_make(struct answer *answer, struct seen *seen)
{
    *answer = answer_make();
    *seen = (struct seen){0};
    return answer_reader_make(NULL, NULL, answer, (struct answer_sink){on_event, seen}, NULL);
}

static void a_begin_comes_first_and_nothing_behind_the_end(void **state)
{
    static const enum answer_event_kind wanted[] = {EVENT_BEGIN, EVENT_TEXT, EVENT_TOOL,
                                                    EVENT_FINISH, EVENT_DONE};
    struct answer answer;
    struct seen seen;
    struct answer_reader reader = reader_make(&answer, &seen);

    (void)state;
    answer_reader_emit_text(&reader, EVENT_TEXT, 0, span_of(""));
    answer_reader_emit_text(&reader, EVENT_TEXT, 0, span_of("a"));
    answer_reader_emit(&reader, &(struct answer_event){.kind = EVENT_BEGIN});
    answer_reader_emit(&reader, &(struct answer_event){.kind = EVENT_TOOL});
    answer_reader_emit(&reader,
                       &(struct answer_event){.kind = EVENT_FINISH, .finish = FINISH_LENGTH});
    answer_reader_emit(&reader, &(struct answer_event){.kind = EVENT_DONE});
    answer_reader_emit_text(&reader, EVENT_TEXT, 0, span_of("late"));
    assert_int_equal(seen.count, array_size(wanted));
    assert_memory_equal(seen.kinds, wanted, sizeof(wanted));
    assert_int_equal(answer.signs, ANSWER_CONTENT | ANSWER_FINISH | ANSWER_DONE);
    assert_string_equal(answer.finish_reason, "length");
    assert_int_equal(reader.tool_count, 1);
    assert_true(reader.done);
}

static void an_error_needs_no_begin_and_ends(void **state)
{
    struct answer answer;
    struct seen seen;
    struct answer_reader reader = reader_make(&answer, &seen);

    (void)state;
    answer_reader_emit(&reader, &(struct answer_event){.kind = EVENT_ERROR});
    answer_reader_emit(&reader, &(struct answer_event){.kind = EVENT_DONE});
    assert_int_equal(seen.count, 1);
    assert_int_equal(answer.signs, ANSWER_ERROR);
    reader = reader_make(&answer, &seen);
    answer_reader_malformed(&reader);
    answer_reader_emit_text(&reader, EVENT_TEXT, 0, span_of("x"));
    assert_int_equal(seen.count, 0);
    assert_int_equal(reader.signs, ANSWER_MALFORMED);
}

static void a_name_is_kept_decoded_or_not_at_all(void **state)
{
    char at[8] = "before";

    (void)state;
    answer_copy(at, sizeof(at), span_of("a\\u0062c"));
    assert_string_equal(at, "abc");
    answer_copy(at, sizeof(at), span_of("1234567"));
    assert_string_equal(at, "1234567");
    answer_copy(at, sizeof(at), span_of("12345678"));
    assert_string_equal(at, "");
    answer_copy(at, sizeof(at), (struct span){0});
    assert_string_equal(at, "");
}

static void every_member_and_every_finish_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < CHAT_MEMBERS; i++)
        assert_non_null(chat_member_name((enum chat_member)i));
    for (int i = 0; i < FINISHES; i++)
        assert_non_null(answer_finish_name((enum answer_finish)i));
}

static void openais_models_are_asked_in_what_they_speak(void **state)
{
    static const struct {
        const char *what, *dialect, *model;
        bool chats, responses; /* the client's chat or response is said as a response */
    } rows[] = {
        {"most speak both", "openai", "gpt-4.1", false, true},
        {"one of Azure's", "azure-openai", "gpt-5.1", false, true},
        {"somebody else's at Azure", "azure-openai", "deepseek-v4-pro", false, false},
        {"a compatible provider's", "openai-compatible", "gpt-5-pro", false, false},
        {"one that is asked slowly", "openai", "gpt-5-pro-2025-10-06", true, true},
        {"an older one of them", "openai", "o1-pro", true, true},
        {"one for code", "azure-openai", "gpt-5.1-codex-max", true, true},
        {"one that looks things up", "openai", "o4-mini-deep-research", true, true},
        {"a name with such a word in a word", "openai", "gpt-prose", false, true},
        {"one that searches", "openai", "gpt-4o-search-preview", false, false},
        {"one that hears", "openai", "gpt-4o-audio-preview", false, false},
        {"one of the first that thought", "openai", "o1-mini", false, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct language_place place = {.wire = WIRE_OPENAI,
                                             .dialect = span_of(rows[i].dialect),
                                             .model = span_of(rows[i].model)};

        in_row(rows[i].what, (upstream_language_for(FAMILY_ANTHROPIC, &place) ==
                              &responses_upstream) == rows[i].chats);
        in_row(rows[i].what, (upstream_language_for(FAMILY_RESPONSES, &place) ==
                              &responses_upstream) == rows[i].responses);
    }
    const struct language_place other = {.wire = WIRE_ANTHROPIC, .dialect = span_of("anthropic")};
    assert_ptr_equal(upstream_language_for(FAMILY_RESPONSES, &other), &anthropic_upstream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openais_models_are_asked_in_what_they_speak),
        cmocka_unit_test(a_begin_comes_first_and_nothing_behind_the_end),
        cmocka_unit_test(an_error_needs_no_begin_and_ends),
        cmocka_unit_test(a_name_is_kept_decoded_or_not_at_all),
        cmocka_unit_test(every_member_and_every_finish_has_a_name),
    };

    return run_test_table(tests);
}
