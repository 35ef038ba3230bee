/*
 * fuzz-ask_header: whatever stands in a header of ours, it is read within its bounds, or refused
 * with a sentence that names it. A line of the input is "name: value".
 */
#include "common/base/mem.h"
#include "gateway/dialect/ask_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 4 << 20 };
static const char body[] = "{\"model\":\"m\",\"timeout\":null,\"messages\":[{\"role\":\"user\"}]}";

static void check_read(const struct ask *ask)
{
    const struct ask_routing *routing = &ask->routing;

    must(routing->models.count <= ASK_MODELS_MAX && ask->tag_count <= ASK_TAGS_MAX);
    for (int fall = 0; fall < FALLS; fall++)
        must(routing->fallbacks[fall].count <= ASK_MODELS_MAX);
    must(routing->retries >= -1 && routing->retries <= PRESET_ATTEMPTS_MAX);
    must(routing->timeout_ms == -1 || routing->timeout_ms > 0);
    must(routing->first_token_ms == -1 || routing->first_token_ms > 0);
    must(routing->preset.size == 0 || preset_name_good(routing->preset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ask_source source = {.kind = ASK_CHAT, .body = span_of(body)};
    struct span rest = span_make((const char *)data, size);
    struct arena *arena = arena_new(1 << 14, MEMORY_MAX);
    struct json_doc doc = json_doc_make();
    struct ask_refusal why = {0};
    struct ask ask;

    must(ask_read(&source, &doc, arena, &ask, &why) == ASK_OK);
    while (rest.size > 0 && arena_room(arena) > MEMORY_MAX / 2) {
        struct span value = span_cut(&rest, '\n'), name = span_cut(&value, ':');

        if (ask_read_header(&ask, name, span_trim(value), arena, &why) != ASK_OK) {
            must(why.message != NULL && why.param != NULL);
            break;
        }
        check_read(&ask);
    }
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
