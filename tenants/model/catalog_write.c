/*
 * catalog_write: structs as the file format of docs/catalog.md. See catalog_file.h.
 *
 * The writing side of catalog_read.c: what it writes, that reads back to the same catalog.
 */
#include "common/base/json_writer.h"
#include "tenants/model/catalog_facts.h"
#include "tenants/model/catalog_file.h"

/* Puts the comma that is due before a line end, so that lines begin with their object. */
static void new_line(struct json_writer *w, bool first)
{
    buf_add_string(w->out, first ? "\n" : ",\n");
    w->comma = false;
}

static void write_strings(struct json_writer *w, const char *name, const char *const *strings,
                          uint32_t count)
{
    json_name(w, name);
    json_begin(w, '[');
    for (uint32_t i = 0; i < count; i++)
        json_write_string(w, span_of(strings[i]));
    json_end(w, ']');
}

void catalog_write_endpoints(const struct catalog_provider *p, struct json_writer *w)
{
    json_begin(w, '[');
    for (uint32_t i = 0; i < p->endpoint_count; i++) {
        const struct catalog_endpoint *e = &p->endpoints[i];

        json_begin(w, '{');
        json_put_cstring(w, "dialect", catalog_word(&catalog_dialects, e->dialect));
        json_put_cstring(w, "base_url", e->base_url);
        json_put_cstring(w, "query", e->query);
        json_put_cstring(w, "auth", catalog_word(&catalog_auths, e->auth));
        json_end(w, '}');
    }
    json_end(w, ']');
}

void catalog_write_variables(const struct catalog_provider *p, struct json_writer *w)
{
    json_begin(w, '[');
    for (uint32_t i = 0; i < p->variable_count; i++) {
        const struct catalog_variable *v = &p->variables[i];

        json_begin(w, '{');
        json_put_cstring(w, "name", v->name);
        json_put_cstring(w, "what", v->what[0] == '\0' ? NULL : v->what);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void write_provider(const struct catalog_provider *p, struct json_writer *w)
{
    json_begin(w, '{');
    json_put_cstring(w, "slug", p->slug);
    json_put_cstring(w, "name", p->name);
    json_name(w, "endpoints");
    catalog_write_endpoints(p, w);
    json_name(w, "variables");
    catalog_write_variables(p, w);
    json_end(w, '}');
}

static void write_rates(const struct catalog_deployment *d, struct json_writer *w)
{
    json_name(w, "rates");
    json_begin(w, '[');
    for (uint32_t i = 0; i < d->rate_count; i++) {
        const struct price_rate *rate = &d->rates[i];
        char usd[MONEY_TEXT_MAX];

        json_begin(w, '{');
        json_put_cstring(w, "meter", meter_name((enum meter)rate->meter));
        if (rate->mode != MODE_STANDARD)
            json_put_cstring(w, "mode", price_mode_name((enum price_mode)rate->mode));
        if (rate->context_over > 0)
            json_put_int64(w, "context_over", rate->context_over);
        (void)catalog_price_format((enum meter)rate->meter, rate->pico_per_unit, usd);
        json_put_cstring(w, "usd", usd);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void write_flag(struct json_writer *w, const char *name, enum catalog_flag flag)
{
    if (flag != CATALOG_UNKNOWN)
        json_put_bool(w, name, flag == CATALOG_YES);
}

static void write_policy(const struct catalog_deployment *d, struct json_writer *w)
{
    json_put_cstring(w, "region", d->region);
    json_put_cstring(w, "quantization", d->quantization);
    if (d->trains == CATALOG_UNKNOWN && d->retains == CATALOG_UNKNOWN)
        return;
    json_name(w, "data_policy");
    json_begin(w, '{');
    write_flag(w, "trains", d->trains);
    write_flag(w, "retains", d->retains);
    json_end(w, '}');
}

static void write_quarantine(const struct catalog_deployment *d, struct json_writer *w)
{
    if (d->quarantine == 0)
        return;
    json_name(w, "quarantine");
    json_begin(w, '[');
    for (unsigned reason = 0; reason < CATALOG_REASON_COUNT; reason++)
        if ((d->quarantine & 1u << reason) != 0)
            json_write_string(w, span_of(catalog_word(&catalog_reasons, reason)));
    json_end(w, ']');
    json_put_cstring(w, "quarantine_detail", d->quarantine_detail);
}

/* The base URL only where it is not the endpoint's: that one may change for all at once. */
static bool has_own_url(const struct catalog *catalog, const struct catalog_deployment *d)
{
    const struct catalog_provider *p = catalog_provider_find(catalog, d->provider);

    for (uint32_t i = 0; p != NULL && i < p->endpoint_count; i++)
        if (p->endpoints[i].dialect == d->dialect)
            return strcmp(p->endpoints[i].base_url, d->base_url) != 0;
    return true;
}

static void write_deployment(const struct catalog *catalog, const struct catalog_deployment *d,
                             struct json_writer *w)
{
    json_begin(w, '{');
    json_put_cstring(w, "key", d->key);
    json_put_cstring(w, "provider", d->provider);
    json_put_cstring(w, "upstream_id", d->upstream_id);
    json_put_cstring(w, "failure_domain", d->failure_domain);
    json_put_cstring(w, "dialect", catalog_word(&catalog_dialects, d->dialect));
    if (has_own_url(catalog, d))
        json_put_cstring(w, "base_url", d->base_url);
    if (d->status != CATALOG_STABLE)
        json_put_cstring(w, "status", catalog_word(&catalog_statuses, d->status));
    if (d->first_party)
        json_put_bool(w, "first_party", true);
    json_put_cstring(w, "scope", d->scope);
    json_put_cstring(w, "variant", d->variant);
    json_put_cstring(w, "snapshot", d->snapshot);
    write_policy(d, w);
    catalog_write_abilities(&d->limits, &d->capabilities, w);
    write_rates(d, w);
    json_put_cstring(w, "prices_as_of", d->prices_as_of);
    json_put_cstring(w, "source", d->source);
    write_quarantine(d, w);
    json_end(w, '}');
}

static void write_model(const struct catalog *catalog, const struct catalog_model *m,
                        struct json_writer *w)
{
    json_begin(w, '{');
    json_put_cstring(w, "id", m->id);
    json_put_cstring(w, "name", m->name);
    json_put_cstring(w, "kind", catalog_word(&catalog_kinds, m->kind));
    json_put_cstring(w, "family", m->family);
    write_strings(w, "aliases", m->aliases, m->alias_count);
    json_put_cstring(w, "openrouter_id", m->openrouter_id);
    write_flag(w, "open_weights", m->open_weights);
    json_put_cstring(w, "release_date", m->release_date);
    json_put_cstring(w, "knowledge", m->knowledge);
    json_put_bool(w, "deprecated", m->deprecated);
    json_name(w, "deployments");
    json_begin(w, '[');
    for (uint32_t i = 0; i < m->deployment_count; i++) {
        new_line(w, i == 0);
        write_deployment(catalog, &m->deployments[i], w);
    }
    json_end(w, ']');
    json_end(w, '}');
}

void catalog_write(const struct catalog *catalog, struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '{');
    json_put_cstring(&w, "format", CATALOG_FORMAT);
    json_put_cstring(&w, "source", catalog->source);
    json_put_cstring(&w, "facts_as_of", catalog->facts_as_of);
    json_name(&w, "providers");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < catalog->provider_count; i++) {
        new_line(&w, i == 0);
        write_provider(&catalog->providers[i], &w);
    }
    json_end(&w, ']');
    json_name(&w, "models");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < catalog->model_count; i++) {
        new_line(&w, i == 0);
        write_model(catalog, &catalog->models[i], &w);
    }
    json_end(&w, ']');
    json_end(&w, '}');
    buf_add_byte(out, '\n');
}
