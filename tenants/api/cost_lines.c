/*
 * cost_lines: see cost_lines.h.
 */
#include "tenants/api/cost_lines.h"

bool cost_lines_make(const struct request_priced *priced, const struct price_version *price,
                     struct rated *lines_out)
{
    static const struct rate_terms none = {0};
    struct rated rated;

    *lines_out = (struct rated){.line_count = 0};
    if (priced->base_pico == 0)
        return true;
    if (price == NULL ||
        rate_event(&priced->meters, priced->mode, price, &none, &rated, NULL) != RATE_OK ||
        rated.base_pico != priced->base_pico)
        return false;
    *lines_out = rated;
    return true;
}

void cost_lines_write(const struct rated *lines, struct json_writer *w)
{
    json_begin(w, '[');
    for (uint32_t i = 0; i < lines->line_count; i++) {
        const struct rated_line *line = &lines->lines[i];
        char per_million[MONEY_TEXT_MAX], amount[MONEY_TEXT_MAX];

        money_format((int128)line->pico_per_unit * PPM_ONE, per_million);
        money_format(line->amount_pico, amount);
        json_begin(w, '{');
        json_put_cstring(w, "meter", meter_name(line->meter));
        json_put_cstring(w, "priced_as", meter_name(line->priced_as));
        json_put_int64(w, "quantity", line->quantity);
        json_put_cstring(w, "per_million", per_million);
        json_put_cstring(w, "amount", amount);
        json_end(w, '}');
    }
    json_end(w, ']');
}
