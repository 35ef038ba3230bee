/*
 * copy: see copy.h.
 *
 *   magic(8) layout(4) zeros(4) signature(32), then of everything behind: version(8) read_ms(8)
 * and, per table, count(8), the rows as they are in memory, the bytes of their texts in order,
 * their lists in order. Pointers in the rows are written as zeros and set again on reading.
 */
#include "gateway/snapshot/copy.h"

#include <errno.h>
#include <stddef.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "tenants/store/snapshot_read.h"

enum {
    SPANS_MAX = 9,
    HEAD_BYTES = 48,
    COPY_MAX_BYTES = 1 << 30,
    CHUNK_BYTES = 1 << 20,
    ROWS_MAX = 20000000
};

static const char magic[8] = {'T', 'G', 'S', 'N', 'A', 'P', '0', '1'};

/* Where the pointers of one kind of row are. */
struct table {
    size_t rows, count, row_bytes; /* the array and its count in struct snapshot_rows */
    size_t spans[SPANS_MAX], span_count;
    size_t list, list_count, item_bytes; /* one list at most; item_bytes 0: none */
    bool list_of_spans;
};

#define TABLE(array, counter, type, ...)                                                           \
    .rows = offsetof(struct snapshot_rows, array),                                                 \
    .count = offsetof(struct snapshot_rows, counter), .row_bytes = sizeof(struct type),            \
    .spans = {__VA_ARGS__}, .span_count = sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)
#define NO_SPANS(array, counter, type)                                                             \
    .rows = offsetof(struct snapshot_rows, array),                                                 \
    .count = offsetof(struct snapshot_rows, counter), .row_bytes = sizeof(struct type)
#define AT(type, member) offsetof(struct type, member)

static const struct table tables[] = {
    {TABLE(tenants, tenant_count, tenant_row, AT(tenant_row, home_cell),
           AT(tenant_row, routing.strategy)),
     .list = AT(tenant_row, routing.regions), .list_count = AT(tenant_row, routing.region_count),
     .item_bytes = sizeof(struct span), .list_of_spans = true},
    {NO_SPANS(projects, project_count, project_row)},
    {TABLE(keys, key_count, key_row, AT(key_row, status_reason)),
     .list = AT(key_row, allowed_models), .list_count = AT(key_row, allowed_count),
     .item_bytes = sizeof(struct span), .list_of_spans = true},
    {TABLE(secrets, secret_count, secret_row, AT(secret_row, public_part))},
    {TABLE(presets, preset_count, preset_row, AT(preset_row, name), AT(preset_row, body))},
    {NO_SPANS(subscriptions, subscription_count, subscription_row)},
    {TABLE(plans, plan_count, plan_version, AT(plan_version, plan))},
    {NO_SPANS(plan_discounts, plan_discount_count, plan_discount_row)},
    {TABLE(providers, provider_count, provider_row, AT(provider_row, slug),
           AT(provider_row, name))},
    {TABLE(models, model_count, model_row, AT(model_row, id), AT(model_row, name),
           AT(model_row, kind), AT(model_row, facts))},
    {TABLE(aliases, alias_count, alias_row, AT(alias_row, alias))},
    {TABLE(deployments, deployment_count, deployment_row, AT(deployment_row, upstream_id),
           AT(deployment_row, failure_domain), AT(deployment_row, dialect),
           AT(deployment_row, auth), AT(deployment_row, base_url), AT(deployment_row, query),
           AT(deployment_row, capabilities), AT(deployment_row, region),
           AT(deployment_row, quantization))},
    {NO_SPANS(prices, price_count, price_version), .list = AT(price_version, rates),
     .list_count = AT(price_version, rate_count), .item_bytes = sizeof(struct price_rate)},
    {TABLE(credentials, credential_count, credential_row, AT(credential_row, origin),
           AT(credential_row, variables), AT(credential_row, sealed),
           AT(credential_row, master_key_id))},
    {TABLE(settings, setting_count, setting_row, AT(setting_row, name), AT(setting_row, value))},
};
static uint32_t layout(void)
{
    return digest_crc32c(0, tables, sizeof(tables));
}

static const char *rows_of(const struct snapshot_rows *rows, const struct table *table)
{
    const char *at;

    memcpy(&at, (const char *)rows + table->rows, sizeof(at));
    return at;
}

static uint32_t count_at(const char *at, size_t offset)
{
    uint32_t count;

    memcpy(&count, at + offset, sizeof(count));
    return count;
}

static struct span span_at(const char *row, size_t offset)
{
    struct span text;

    memcpy(&text, row + offset, sizeof(text));
    return text;
}

/* The row as it is written: its lengths stand, its pointers don't. */
static void clear_pointers(char *row, const struct table *table)
{
    const char *nowhere = NULL;

    for (size_t i = 0; i < table->span_count; i++) {
        memcpy(row + table->spans[i] + offsetof(struct span, at), &nowhere, sizeof(nowhere));
    }
    if (table->item_bytes > 0) {
        memcpy(row + table->list, &nowhere, sizeof(nowhere));
    }
}

static void add_list(struct buf *out, const char *row, const struct table *table)
{
    uint32_t count = count_at(row, table->list_count);
    const char *items;

    memcpy(&items, row + table->list, sizeof(items));
    for (uint32_t i = 0; i < count; i++) {
        const char *item = items + i * table->item_bytes;

        if (table->list_of_spans) {
            struct span text = span_at(item, 0);
            uint64_t size = text.size;

            (void)buf_add(out, &size, sizeof(size));
            (void)buf_add_span(out, text);
        } else {
            (void)buf_add(out, item, table->item_bytes);
        }
    }
}

static void add_table(struct buf *out, const struct snapshot_rows *rows, const struct table *table)
{
    const char *at = rows_of(rows, table);
    uint64_t count = count_at((const char *)rows, table->count);
    char *row = mem_new(table->row_bytes);

    (void)buf_add(out, &count, sizeof(count));
    for (uint64_t i = 0; i < count; i++) {
        memcpy(row, at + i * table->row_bytes, table->row_bytes);
        clear_pointers(row, table);
        (void)buf_add(out, row, table->row_bytes);
        for (size_t j = 0; j < table->span_count; j++) {
            (void)buf_add_span(out, span_at(at + i * table->row_bytes, table->spans[j]));
        }
        if (table->item_bytes > 0) {
            add_list(out, at + i * table->row_bytes, table);
        }
    }
    mem_free(row);
}

int copy_write(const char *path, struct span key, const struct snapshot_rows *rows)
{
    struct buf out = buf_make(COPY_MAX_BYTES);
    uint32_t words[2] = {layout(), 0};
    struct sha256 signature = {{0}};
    int error;

    (void)buf_add(&out, magic, sizeof(magic));
    (void)buf_add(&out, words, sizeof(words));
    (void)buf_add(&out, signature.at, sizeof(signature.at));
    (void)buf_add(&out, &rows->version, sizeof(rows->version));
    (void)buf_add(&out, &rows->read_ms, sizeof(rows->read_ms));
    for (size_t i = 0; i < array_size(tables); i++) {
        add_table(&out, rows, &tables[i]);
    }
    if (buf_failed(&out)) {
        buf_done(&out);
        return -EFBIG;
    }
    signature = digest_hmac_sha256(key, span_part(buf_span(&out), HEAD_BYTES, out.size));
    memcpy(out.at + HEAD_BYTES - sizeof(signature.at), signature.at, sizeof(signature.at));
    error = file_write_atomic(path, buf_span(&out), 0600);
    buf_done(&out);
    return error;
}

/* ---- reading ---- */

struct reader {
    struct span rest;
    struct arena *arena;
    bool bad;
};

static const char *take(struct reader *r, size_t size)
{
    const char *at = r->rest.at;

    if (r->bad || size > r->rest.size) {
        r->bad = true;
        return NULL;
    }
    r->rest = span_make(at + size, r->rest.size - size);
    return at;
}

static uint64_t take64(struct reader *r)
{
    uint64_t value = 0;
    const char *at = take(r, sizeof(value));

    if (at != NULL) {
        memcpy(&value, at, sizeof(value));
    }
    return value;
}

static struct span take_text(struct reader *r, uint64_t size)
{
    const char *at = take(r, size);

    return at == NULL || size == 0 ? span_make("", 0) : arena_span(r->arena, span_make(at, size));
}

static void take_list(struct reader *r, char *row, const struct table *table)
{
    uint32_t count = count_at(row, table->list_count);
    char *items;

    if (count > r->rest.size) {
        r->bad = true;
        return;
    }
    items = arena_array(r->arena, count + 1, table->item_bytes);
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        if (table->list_of_spans) {
            struct span text = take_text(r, take64(r));

            memcpy(items + i * table->item_bytes, &text, sizeof(text));
        } else {
            const char *at = take(r, table->item_bytes);

            if (at != NULL) {
                memcpy(items + i * table->item_bytes, at, table->item_bytes);
            }
        }
    }
    memcpy(row + table->list, &items, sizeof(items));
}

static void take_table(struct reader *r, struct snapshot_rows *rows, const struct table *table)
{
    uint64_t count = take64(r);
    uint32_t count32 = (uint32_t)count;
    char *at;

    if (r->bad || count > ROWS_MAX || count * table->row_bytes > r->rest.size) {
        r->bad = true;
        return;
    }
    at = arena_array(r->arena, count + 1, table->row_bytes);
    memcpy((char *)rows + table->rows, &at, sizeof(at));
    memcpy((char *)rows + table->count, &count32, sizeof(count32));
    for (uint64_t i = 0; i < count && !r->bad; i++) {
        char *row = at + i * table->row_bytes;
        const char *from = take(r, table->row_bytes);

        if (from == NULL) {
            return;
        }
        memcpy(row, from, table->row_bytes);
        for (size_t j = 0; j < table->span_count; j++) {
            struct span text = take_text(r, span_at(row, table->spans[j]).size);

            memcpy(row + table->spans[j], &text, sizeof(text));
        }
        if (table->item_bytes > 0) {
            take_list(r, row, table);
        }
    }
}

static int check_head(struct span file, struct span key)
{
    uint32_t of_file;
    struct sha256 signature;

    if (file.size < HEAD_BYTES || memcmp(file.at, magic, sizeof(magic)) != 0) {
        return -EBADMSG;
    }
    memcpy(&of_file, file.at + sizeof(magic), sizeof(of_file));
    signature = digest_hmac_sha256(key, span_part(file, HEAD_BYTES, file.size));
    if (of_file != layout() ||
        !digest_equal(signature.at, file.at + HEAD_BYTES - sizeof(signature.at),
                      sizeof(signature.at))) {
        return -EBADMSG;
    }
    return 0;
}

int copy_read(const char *path, struct span key, struct snapshot_rows **rows_out)
{
    struct buf file = buf_make(COPY_MAX_BYTES);
    struct reader r = {0};
    struct snapshot_rows *rows;
    int error = file_read(path, &file);

    if (error == 0) {
        error = check_head(buf_span(&file), key);
    }
    if (error < 0) {
        buf_done(&file);
        return error;
    }
    r.arena = arena_new(CHUNK_BYTES, COPY_MAX_BYTES);
    r.rest = span_part(buf_span(&file), HEAD_BYTES, file.size);
    rows = mem_new(sizeof(*rows));
    rows->arena = r.arena;
    rows->version = (int64_t)take64(&r);
    rows->read_ms = (int64_t)take64(&r);
    for (size_t i = 0; i < array_size(tables); i++) {
        take_table(&r, rows, &tables[i]);
    }
    buf_done(&file);
    if (r.bad) {
        snapshot_rows_free(rows);
        return -EBADMSG;
    }
    *rows_out = rows;
    return 0;
}
