#include "tests/support/testing.h"

#include "gateway/dialect/pieces.h"

enum { ARENA_MAX = 1 << 20 };

static void assert_written(const char *what, struct pieces *pieces, const char *wanted)
{
    struct buf all = buf_make(ARENA_MAX);
    const struct span *spans;
    uint32_t count;
    size_t size;

    spans = pieces_spans(pieces, &count, &size);
    assert_non_null(spans);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    assert_int(what, all.size, size);
    assert_span(what, buf_span(&all), wanted);
    buf_done(&all);
}

static void commas_stand_where_json_wants_them(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);

    (void)state;
    pieces_begin(&pieces, '{');
    pieces_put_inside(&pieces, "a", span_of("x\\n"));
    pieces_put_int64(&pieces, "b", -3);
    pieces_name(&pieces, "c");
    pieces_begin(&pieces, '[');
    pieces_bool(&pieces, true);
    pieces_begin(&pieces, '{');
    pieces_end(&pieces, '}');
    pieces_json(&pieces, span_of("1e3"));
    pieces_quote(&pieces);
    pieces_raw(&pieces, span_of("data:"));
    pieces_raw(&pieces, span_of("image/png"));
    pieces_quote(&pieces);
    pieces_inside(&pieces, span_of(""));
    pieces_end(&pieces, ']');
    pieces_put_json(&pieces, "d", span_of("null"));
    pieces_end(&pieces, '}');
    assert_written(
        "all kinds", &pieces,
        "{\"a\":\"x\\n\",\"b\":-3,\"c\":[true,{},1e3,\"data:image/png\",\"\"],\"d\":null}");
    pieces_done(&pieces);
    arena_free(arena);
}

static void large_spans_are_borrowed_and_small_ones_stand_together(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    char large[PIECES_BORROW_MIN];
    const struct span *spans;
    uint32_t count;
    size_t size;

    (void)state;
    memset(large, 'x', sizeof(large));
    pieces_begin(&pieces, '[');
    pieces_inside(&pieces, span_make(large, sizeof(large)));
    pieces_inside(&pieces, span_make(large, sizeof(large) - 1));
    pieces_end(&pieces, ']');
    spans = pieces_spans(&pieces, &count, &size);
    assert_non_null(spans);
    assert_int_equal(count, 3);
    assert_ptr_equal(spans[1].at, large);
    assert_int_equal(size, 2 * sizeof(large) - 1 + 7);
    pieces_done(&pieces);
    arena_free(arena);
}

static void arguments_become_an_object_or_a_string(void **state)
{
    static const struct {
        const char *what, *text;
        bool in_string;
        const char *value, *string;
    } rows[] = {
        {"an object", "{\"a\":\"b\\n\"}", false, "{\"a\":\"b\\n\"}",
         "\"{\\\"a\\\":\\\"b\\\\n\\\"}\""},
        {"a string with an object", "{\\\"a\\\":1}", true, "{\"a\":1}", "\"{\\\"a\\\":1}\""},
        {"blanks around it", " {} \\n", true, "{}", "\" {} \\n\""},
        {"nothing", "", false, "{}", "\"{}\""},
        {"an empty string", "", true, "{}", "\"{}\""},
        {"null", "null", false, "{}", "\"{}\""},
        {"null in a string", "null", true, "{}", "\"{}\""},
        {"cut off", "{\\\"a\\\":", true, "{\"_arguments\":\"{\\\"a\\\":\"}", "\"{\\\"a\\\":\""},
        {"an array in a string", "[1]", true, "{\"_arguments\":\"[1]\"}", "\"[1]\""},
        {"an array", "[1]", false, "{\"_arguments\":[1]}", "\"[1]\""},
        {"two members of one name", "{\\\"a\\\":1,\\\"a\\\":2}", true,
         "{\"_arguments\":\"{\\\"a\\\":1,\\\"a\\\":2}\"}", "\"{\\\"a\\\":1,\\\"a\\\":2}\""},
        {"beyond ASCII", "{\\\"a\\\":\\\"\\u00e9\\\"}", true, "{\"a\":\"\xc3\xa9\"}",
         "\"{\\\"a\\\":\\\"\\u00e9\\\"}\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct chat_json json = {span_of(rows[i].text), rows[i].in_string};
        struct arena *arena = arena_new(4096, ARENA_MAX);
        struct pieces value = pieces_make(arena, ARENA_MAX);
        struct pieces string = pieces_make(arena, ARENA_MAX);
        pieces_json_value(&value, &json);
        pieces_json_string(&string, &json);
        assert_written(rows[i].what, &value, rows[i].value);
        assert_written(rows[i].what, &string, rows[i].string);
        pieces_done(&value);
        pieces_done(&string);
        arena_free(arena);
    }
}

static void more_spans_than_pieces_are_copied(void **state)
{
    enum { MANY = PIECES_MAX + 100 };
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    char *texts = arena_take(arena, PIECES_BORROW_MIN + 26);
    const struct span *spans;
    uint32_t count, seen = 0;
    size_t size;

    (void)state;
    for (int i = 0; i < PIECES_BORROW_MIN + 26; i++)
        texts[i] = (char)('a' + i % 26);
    for (int i = 0; i < MANY; i++)
        pieces_raw(&pieces, span_make(texts + i % 26, PIECES_BORROW_MIN));
    spans = pieces_spans(&pieces, &count, &size);
    assert_non_null(spans);
    assert_int("pieces", count, PIECES_MAX);
    assert_int("bytes", size, (int64_t)MANY * PIECES_BORROW_MIN);
    for (uint32_t i = 0; i < count; i++)
        for (size_t at = 0; at < spans[i].size; at += PIECES_BORROW_MIN, seen++)
            assert_memory_equal(spans[i].at + at, texts + seen % 26, PIECES_BORROW_MIN);
    assert_int("in their order", seen, MANY);
    pieces_done(&pieces);
    arena_free(arena);
}

static void more_than_the_limits_fails_as_a_whole(void **state)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces small = pieces_make(arena, 8);
    uint32_t count;
    size_t size;

    (void)state;
    pieces_inside(&small, span_of("more than that"));
    pieces_inside(&small, span_of("x"));
    assert_null(pieces_spans(&small, &count, &size));
    assert_int_equal(count, 0);
    pieces_done(&small);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_where_json_wants_them),
        cmocka_unit_test(large_spans_are_borrowed_and_small_ones_stand_together),
        cmocka_unit_test(arguments_become_an_object_or_a_string),
        cmocka_unit_test(more_spans_than_pieces_are_copied),
        cmocka_unit_test(more_than_the_limits_fails_as_a_whole),
    };

    return run_test_table(tests);
}
