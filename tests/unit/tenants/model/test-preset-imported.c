/* Presets that tollgatectl makes of other gateways' configurations are presets: those that
 * tests/unit/tenants/ctl/test-import.c expects of it. */
#include "tests/support/testing.h"

#include <glob.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/file.h"
#include "tenants/model/preset.h"

#define FILES "tests/unit/tenants/ctl/import/*.expected"

/* A line is "note  …", "lost  …", or a preset's name and its text. */
static unsigned read_line(const char *file, struct span line)
{
    struct preset preset;
    struct preset_error_at error;
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct span text = line, name = span_cut(&text, ' ');
    bool report = span_is(name, "note") || span_is(name, "lost") || text.at == NULL;
    if (!report && !preset_name_good(name))
        fail_msg("%s: %.*s is no name", file, SPAN_ARG(name));
    if (!report && preset_read(text, arena, &preset, &error) != 0)
        fail_msg("%s: %.*s: %s %s", file, SPAN_ARG(name), error.path, error.text);
    arena_free(arena);
    return report ? 0 : 1;
}

static void what_is_imported_is_read(void **state)
{
    glob_t files;
    unsigned count = 0;
    (void)state;
    assert_int(FILES, glob(FILES, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct buf text = buf_make(1 << 20);
        assert_int(files.gl_pathv[i], file_read(files.gl_pathv[i], &text), 0);
        struct span rest = buf_span(&text);
        while (rest.at != NULL && rest.size > 0)
            count += read_line(files.gl_pathv[i], span_cut(&rest, '\n'));
        buf_done(&text);
    }
    globfree(&files);
    assert_true(count >= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_imported_is_read)};
    return run_test_table(tests);
}
