/*
 * fuzz-models_query: any query of the Models API, in every client's shape: it is refused with a
 * sentence, or gives a list that is JSON.
 */
#include <stdint.h>

#include "common/base/json.h"
#include "common/base/mem.h"
#include "gateway/models/models.h"
#include "gateway/snapshot/build.h"

#define S(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct snapshot *build(void)
{
    static struct provider_row providers[] = {{S("acme"), S("Acme"), false}};
    static struct model_row models[] = {
        {.id = S("acme/a"), .name = S("A"), .kind = S("chat"), .facts = S("{}")},
        {.id = S("acme/b"), .name = S("B"), .kind = S("embedding"), .facts = S("{}")}};
    const struct snapshot_rows rows = {.providers = providers,
                                       .models = models,
                                       .provider_count = array_size(providers),
                                       .model_count = array_size(models)};
    const struct build_config config = {.trial = true};

    return snapshot_build(&rows, &config);
}

static void list(const struct models_view *view, struct span query)
{
    struct buf out cleanup(buf_done) = buf_make(1 << 20), why cleanup(buf_done) = buf_make(1 << 14);
    struct json_doc doc = json_doc_make();
    const char *param = NULL;
    struct models_ask ask;

    if (!models_ask_read(view, query, &ask, &param, &why)) {
        must(why.size > 0);
    } else if (models_write_list(view, &ask, &out)) {
        must(json_parse(&doc, buf_span(&out), &json_limits_body) == JSON_OK);
        buf_clear(&out);
        models_write_count(view, &ask, &out);
        must(json_parse(&doc, buf_span(&out), &json_limits_body) == JSON_OK);
    }
    json_doc_done(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct snapshot_tenant tenant = {.id = {{1}}};
    static const struct snapshot_key key = {.tenant = &tenant, .kind = KEY_LIVE};
    static struct snapshot *snapshot;
    struct models_view view = {.key = &key};

    if (size > MODELS_QUERY_MAX)
        return 0;
    if (snapshot == NULL)
        snapshot = build();
    view.snapshot = snapshot;
    for (int shape = MODELS_OPENAI; shape <= MODELS_GEMINI; shape++) {
        view.shape = (enum models_shape)shape;
        list(&view, span_make((const char *)data, size));
    }
    return 0;
}
