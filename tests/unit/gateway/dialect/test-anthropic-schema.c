#include "tests/support/testing.h"

#include "gateway/dialect/anthropic.h"

static void a_schema_is_closed_and_loses_its_bounds(void **state)
{
    static const struct {
        const char *what, *schema, *wanted; /* NULL: as it is */
        bool open, loosened;
    } rows[] = {
        {"closed already",
         "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},"
         "\"additionalProperties\":false}",
         NULL, false, false},
        {"no object", "{\"type\":\"string\",\"enum\":[\"a\"]}", NULL, false, false},
        {"an object", "{\"type\":\"object\"}",
         "{\"additionalProperties\":false,\"type\":\"object\"}", false, false},
        {"an object by its properties", "{\"properties\":{}}",
         "{\"additionalProperties\":false,\"properties\":{}}", false, false},
        {"an object or null", "{ \"type\":[\"null\",\"object\"]}",
         "{\"additionalProperties\":false, \"type\":[\"null\",\"object\"]}", false, false},
        {"objects wherever schemas stand",
         "{\"$defs\":{\"d\":{\"type\":\"object\"}},\"items\":{\"type\":\"object\"},\"anyOf\":[{"
         "\"type\":\"object\"},{\"$ref\":\"#/$defs/d\"}]}",
         "{\"$defs\":{\"d\":{\"additionalProperties\":false,\"type\":\"object\"}},\"items\":{"
         "\"additionalProperties\":false,\"type\":\"object\"},\"anyOf\":[{\"additionalProperties\":"
         "false,\"type\":\"object\"},{\"$ref\":\"#/$defs/d\"}]}",
         false, false},
        {"but not in what is no schema",
         "{\"enum\":[{\"type\":\"object\"}],\"default\":{\"type\":\"object\"}}", NULL, false,
         false},
        {"bounds go",
         "{\"minimum\":1,\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":3},"
         "\"minItems\":1,\"maxItems\":5}",
         "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1}", false, true},
        {"more than one item at least", "{\"type\":\"array\",\"minItems\":2}",
         "{\"type\":\"array\"}", false, true},
        {"a property of such a name is none",
         "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"minimum\":{"
         "\"type\":"
         "\"number\"},\"properties\":{\"type\":\"object\",\"maxProperties\":1}}}",
         "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"minimum\":{"
         "\"type\":"
         "\"number\"},\"properties\":{\"additionalProperties\":false,\"type\":\"object\"}}}",
         false, true},
        {"any member", "{\"type\":\"object\",\"additionalProperties\":true}", NULL, true, false},
        {"members of a kind",
         "{\"items\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}", NULL,
         true, false},
        {"no schema", "[1]", NULL, true, false},
        {"no JSON", "{", NULL, true, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct anthropic_schema schema = anthropic_schema_of(span_of(rows[i].schema), arena);

        assert_int(rows[i].what, schema.open, rows[i].open);
        assert_int(rows[i].what, schema.loosened, rows[i].loosened);
        assert_span(rows[i].what, schema.text,
                    rows[i].wanted == NULL ? rows[i].schema : rows[i].wanted);
        arena_free(arena);
    }
}

static void a_schema_with_too_much_to_change_is_told(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    struct buf schema = buf_make(1 << 16);

    (void)state;
    buf_add_string(&schema, "{\"anyOf\":[{}");
    for (int i = 0; i < 200; i++)
        buf_add_string(&schema, ",{\"type\":\"object\"}");
    buf_add_string(&schema, "]}");
    in_row("open", anthropic_schema_of(buf_span(&schema), arena).open);
    buf_done(&schema);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_closed_and_loses_its_bounds),
        cmocka_unit_test(a_schema_with_too_much_to_change_is_told),
    };

    return run_test_table(tests);
}
