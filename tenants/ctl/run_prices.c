/*
 * run_prices: a new version of a price: the rates that are named, and those that stay.
 */
#include "tenants/ctl/runs.h"

#include "common/base/clock.h"
#include "common/base/decimal.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/show.h"
#include "tenants/ctl/when.h"

enum { RATES_MAX = 64, WORD_MAX = 32, BODY_MAX = 65536, PAGES_MAX = 100, CURSOR_MAX = 4096 };

struct rate {
    char meter[WORD_MAX], mode[WORD_MAX], per_million[WORD_MAX];
    int64_t context_over;
};

struct rates {
    struct rate at[RATES_MAX];
    size_t count;
};

static void copy(char out[WORD_MAX], struct span text)
{
    text = span_part(text, 0, WORD_MAX - 1);
    memcpy(out, text.at, text.size);
    out[text.size] = '\0';
}

/* Sets, or adds; false when there are too many. With `keep` one that is there stays. */
static bool put(struct rates *rates, const struct rate *rate, bool keep)
{
    for (size_t i = 0; i < rates->count; i++) {
        struct rate *old = &rates->at[i];
        if (strcmp(old->meter, rate->meter) == 0 && strcmp(old->mode, rate->mode) == 0 &&
            old->context_over == rate->context_over) {
            if (!keep)
                *old = *rate;
            return true;
        }
    }
    if (rates->count == RATES_MAX)
        return false;
    rates->at[rates->count++] = *rate;
    return true;
}

/* "output:batch=5", "input:standard:200000=2.5": false when it is none. */
static bool read_rate(struct span text, struct rate *rate)
{
    struct decimal decimal;
    struct span price = text, rest = span_cut(&price, '=');
    struct span meter = span_cut(&rest, ':'), mode = span_of("standard");
    *rate = (struct rate){0};
    if (rest.at != NULL)
        mode = span_cut(&rest, ':');
    if (price.at == NULL || meter.size == 0 || mode.size == 0 ||
        decimal_parse(price, &decimal) != 0 || price.size >= WORD_MAX)
        return false;
    if (rest.at != NULL && (span_int64(rest, &rate->context_over) != 0 || rate->context_over < 0))
        return false;
    copy(rate->meter, meter);
    copy(rate->mode, mode);
    copy(rate->per_million, price);
    return true;
}

static int read_list(struct ctl *ctl, const char *value, struct rates *rates)
{
    struct span rest = span_of(value);
    while (rest.at != NULL) {
        struct rate rate;
        struct span item = span_trim(span_cut(&rest, ','));
        if (!read_rate(item, &rate))
            return ctl_fail(ctl, CTL_USAGE,
                            "--rate %.*s: it takes meter=USD, meter:mode=USD or "
                            "meter:mode:context=USD",
                            SPAN_ARG(item));
        if (!put(rates, &rate, false))
            return ctl_fail(ctl, CTL_USAGE, "there are more than %d rates", RATES_MAX);
    }
    return CTL_OK;
}

/* What the command line names. */
static int read_rates(struct ctl *ctl, struct rates *rates)
{
    static const struct {
        const char *flag, *meter;
    } meters[] = {{"input", "input"}, {"output", "output"}, {"cache-read", "cache_read"}};
    for (size_t i = 0; i < array_size(meters); i++) {
        const char *value = parse_value(ctl->line, meters[i].flag);
        struct rate rate = {.mode = "standard"};
        if (value == NULL)
            continue;
        copy(rate.meter, span_of(meters[i].meter));
        copy(rate.per_million, span_of(value));
        (void)put(rates, &rate, false);
    }
    for (size_t i = 0; i < ctl->line->given_count; i++) {
        const struct given *given = &ctl->line->given[i];
        if (strcmp(given->flag->name, "rate") != 0)
            continue;
        int code = read_list(ctl, given->value, rates);
        if (code != CTL_OK)
            return code;
    }
    if (rates->count == 0)
        return ctl_fail(ctl, CTL_USAGE, "say at least one rate: --input, --output or --rate");
    return CTL_OK;
}

/* ---- the version that would hold then ---- */

static bool holds_at(const struct json_doc *doc, uint32_t price, int64_t at_ms, const char *tenant)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t from_ms = 0, until_ms = INT64_MAX;
    uint32_t contract = json_find(doc, price, "tenant");
    if (tenant == NULL ? !json_is_null(doc, contract) : !json_string_is(doc, contract, tenant))
        return false;
    if (json_copy_string(doc, json_find(doc, price, "effective_from"), text, sizeof(text)) != 0 ||
        clock_parse(text, strlen(text), &from_ms) != 0)
        return false;
    if (json_copy_string(doc, json_find(doc, price, "effective_until"), text, sizeof(text)) == 0 &&
        clock_parse(text, strlen(text), &until_ms) != 0)
        return false;
    return from_ms <= at_ms && at_ms < until_ms;
}

static bool keep_rates(const struct json_doc *doc, uint32_t price, struct rates *rates)
{
    uint32_t list = json_find(doc, price, "rates");
    for (uint32_t i = json_first(doc, list); i != JSON_NONE; i = json_after(doc, list, i)) {
        struct rate rate = {0};
        if (json_copy_string(doc, json_find(doc, i, "meter"), rate.meter, WORD_MAX) != 0 ||
            json_copy_string(doc, json_find(doc, i, "mode"), rate.mode, WORD_MAX) != 0 ||
            json_copy_string(doc, json_find(doc, i, "per_million"), rate.per_million, WORD_MAX) !=
                0 ||
            json_int64(doc, json_find(doc, i, "context_over"), &rate.context_over) != 0 ||
            !put(rates, &rate, true))
            return false;
    }
    return true;
}

/* Adds the rates of the version that holds at that time and were not named. */
static int keep_others(struct ctl *ctl, const char *book, int64_t at_ms, struct rates *rates)
{
    const char *tenant = parse_value(ctl->line, "contract");
    cleanup(buf_done) struct buf path = buf_make(BODY_MAX);
    cleanup(buf_done) struct buf cursor = buf_make(CURSOR_MAX);
    for (int page = 0; page < PAGES_MAX; page++) {
        buf_clear(&path);
        buf_add_string(&path, "/prices?limit=200");
        request_add_query(&path, "deployment", span_of(ctl->line->arguments[0]));
        request_add_query(&path, "book", span_of(book));
        if (cursor.size > 0)
            request_add_query(&path, "cursor", buf_span(&cursor));
        int code = client_get(ctl, path.at);
        if (code != CTL_OK)
            return code;
        uint32_t data = json_find(&ctl->doc, 0, "data");
        for (uint32_t i = json_first(&ctl->doc, data); i != JSON_NONE;
             i = json_after(&ctl->doc, data, i)) {
            if (!holds_at(&ctl->doc, i, at_ms, tenant))
                continue;
            return keep_rates(&ctl->doc, i, rates)
                       ? CTL_OK
                       : ctl_fail(ctl, CTL_USAGE, "there are more than %d rates", RATES_MAX);
        }
        buf_clear(&cursor);
        cell_text(&ctl->doc, json_find(&ctl->doc, 0, "next_cursor"), &cursor);
        if (cursor.size == 0)
            break;
    }
    return CTL_OK;
}

/* ---- the call ---- */

static void write_rates(const struct rates *rates, struct json_writer *writer)
{
    json_name(writer, "rates");
    json_begin(writer, '[');
    for (size_t i = 0; i < rates->count; i++) {
        json_begin(writer, '{');
        json_put_cstring(writer, "meter", rates->at[i].meter);
        json_put_cstring(writer, "mode", rates->at[i].mode);
        json_put_int64(writer, "context_over", rates->at[i].context_over);
        json_put_cstring(writer, "per_million", rates->at[i].per_million);
        json_end(writer, '}');
    }
    json_end(writer, ']');
}

static int post_price(struct ctl *ctl, const char *book, int64_t from_ms, const struct rates *rates)
{
    cleanup(buf_done) struct buf body = buf_make(BODY_MAX);
    char time[CLOCK_TEXT_SIZE];
    struct json_writer writer = json_writer_make(&body);
    json_begin(&writer, '{');
    json_put_cstring(&writer, "deployment", ctl->line->arguments[0]);
    json_put_cstring(&writer, "book", book);
    json_put_cstring(&writer, "tenant", parse_value(ctl->line, "contract"));
    json_put_string(&writer, "effective_from", span_make(time, clock_format(from_ms, time)));
    json_put_cstring(&writer, "reason", parse_value(ctl->line, "reason"));
    if (parse_has(ctl->line, "dry-run"))
        json_put_bool(&writer, "dry_run", true);
    write_rates(rates, &writer);
    json_end(&writer, '}');
    const struct call call = {
        .method = "POST", .path = "/prices", .body = buf_span(&body), .once = true};
    return client_call(ctl, &call);
}

static void show_price(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"METER", "meter", CELL_TEXT, false},
        {"MODE", "mode", CELL_TEXT, false},
        {"CONTEXT OVER", "context_over", CELL_COUNT, false},
        {"BEFORE", "before", CELL_MONEY, false},
        {"AFTER", "after", CELL_MONEY, false},
    };
    static const struct view changes = {VIEW_COLUMNS(columns)};
    struct view price = *ctl->line->command->view;
    if (ctl->json) {
        show_raw(ctl, buf_span(&ctl->answer.body));
        return;
    }
    struct table *table = show_table(ctl, &changes);
    show_rows(ctl, &changes, json_find(&ctl->doc, 0, "changes"), table);
    show_print(ctl, table);
    if (table_rows(table) == 0)
        fprintf(ctl->out, "No rate changes.\n");
    table_free(table);
    price.root = "price";
    if (parse_has(ctl->line, "dry-run"))
        fprintf(stderr, "Nothing was changed.\n");
    else
        show_record(ctl, &price);
}

int run_prices_set(struct ctl *ctl)
{
    struct rates rates = {.count = 0};
    const char *book = parse_value(ctl->line, "book");
    int64_t from_ms = 0;
    int code = read_rates(ctl, &rates);
    if (code == CTL_OK)
        code = client_connect(ctl, false);
    if (code != CTL_OK)
        return code;
    must(when_parse(span_of(parse_value(ctl->line, "from")), ctl->now_ms, &from_ms) == 0);
    book = book == NULL ? "list" : book;
    if (!parse_has(ctl->line, "only"))
        code = keep_others(ctl, book, from_ms, &rates);
    if (code == CTL_OK)
        code = post_price(ctl, book, from_ms, &rates);
    if (code == CTL_OK)
        show_price(ctl);
    return code;
}
