/*
 * totals: see totals.h.
 */
#include "billing/invoice/totals.h"

#include <errno.h>

static int128 least(int128 a, int128 b)
{
    return a < b ? a : b;
}

int totals_make(const struct totals_basis *b, struct totals *totals_out)
{
    struct totals t = {.subtotal_minor = b->subtotal_minor};
    int128 rest = b->total_pico - b->charge_pico; /* what only closing adds */
    int128 burn = b->prepaid && rest <= b->free_pico ? rest : 0;
    int128 due = b->accrued_pico + rest - burn;
    int64_t due_minor;
    if (b->paid_pico + b->accrued_pico != b->charge_pico)
        return -EINVAL;
    if (due < 0) { /* more was given back than is owed: it becomes credit */
        burn += due;
        due = 0;
    }
    if (burn > 0 && b->promo_pico > 0)
        t.burn_promo_pico = least(burn, b->promo_pico);
    t.burn_prepaid_pico = burn - t.burn_promo_pico;
    t.credits_pico = b->paid_pico + burn;
    due_minor = (int64_t)money_divide_half_up(due, PICO_PER_CENT);
    t.rounding_pico = due_minor * (int128)PICO_PER_CENT - due;
    t.tax_minor = (int64_t)money_divide_half_up((int128)due_minor * b->tax_ppm, PPM_ONE);
    t.credits_minor = t.subtotal_minor - due_minor;
    t.total_minor = due_minor + t.tax_minor;
    *totals_out = t;
    return 0;
}
