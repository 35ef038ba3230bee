/*
 * catalog_facts: see catalog_facts.h. The writers of the lists stand in catalog_write.c.
 */
#include "tenants/model/catalog_facts.h"

#include <errno.h>

#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_reader.h"

int catalog_read_wire(struct span endpoints, struct span variables, struct arena *arena,
                      struct catalog_provider *provider_out, struct catalog_error *error_out)
{
    cleanup(buf_done) struct buf text = buf_make(CATALOG_MAX_BYTES);
    struct catalog_reader r;
    bool good;

    buf_add_string(&text, "{\"variables\":");
    buf_add_span(&text, variables);
    buf_add_string(&text, ",\"endpoints\":");
    buf_add_span(&text, endpoints);
    buf_add_string(&text, "}");
    good = catalog_reader_open(&r, buf_span(&text), arena, error_out) &&
           catalog_read_variables_at(&r, 0, provider_out) &&
           catalog_read_endpoints_at(&r, 0, provider_out);
    catalog_reader_done(&r);
    return good ? 0 : -EINVAL;
}

static void put_tokens(struct json_writer *w, const char *name, int64_t tokens)
{
    if (tokens > 0)
        json_put_int64(w, name, tokens);
}

void catalog_write_abilities(const struct catalog_limits *limits,
                             const struct catalog_capabilities *capabilities, struct json_writer *w)
{
    json_name(w, "limits");
    json_begin(w, '{');
    put_tokens(w, "context", limits->context);
    put_tokens(w, "input", limits->input);
    put_tokens(w, "output", limits->output);
    json_end(w, '}');
    json_name(w, "capabilities");
    catalog_write_capabilities(capabilities, w);
}

void catalog_write_model_facts(const struct catalog_model *model, struct json_writer *w)
{
    json_begin(w, '{');
    catalog_write_abilities(&model->limits, &model->capabilities, w);
    json_end(w, '}');
}
