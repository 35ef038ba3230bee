/*
 * money: amounts as the API tells them, exact decimal text, shown to people without ever being a float.
 *
 * Amounts are whole pico (1e-12) in a BigInt while they are compared, rounded or set in proportion. Sums are
 * never made here: they come from the API. Pure.
 */

const SCALE = 12;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,12}))?$/;

/** Whole pico of a decimal text, or null when it is none. */
export function parsePico(text: string): bigint | null {
  const match = DECIMAL.exec(text);
  if (!match) return null;
  const [, sign, whole = '0', fraction = ''] = match;
  const pico = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return sign ? -pico : pico;
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "$1,234.50", "−$0.0000123": at least two decimals, and all that are not zero. */
function write(pico: bigint, currency: string): string {
  const negative = pico < 0n;
  const digits = (negative ? -pico : pico).toString().padStart(SCALE + 1, '0');
  const whole = digits.slice(0, -SCALE);
  const fraction = digits.slice(-SCALE).replace(/0+$/, '').padEnd(2, '0');
  return `${negative ? '−' : ''}${currency}${group(whole)}.${fraction}`;
}

function symbol(currency: string): string {
  return currency === 'USD' ? '$' : `${currency} `;
}

/** The whole amount, nothing rounded away. What is no amount is shown as it came. */
export function formatExact(text: string, currency = 'USD'): string {
  const pico = parsePico(text);
  return pico === null ? text : write(pico, symbol(currency));
}

function roundHalfUp(pico: bigint, decimals: number): bigint {
  const unit = 10n ** BigInt(SCALE - decimals);
  const magnitude = pico < 0n ? -pico : pico;
  const rounded = ((magnitude + unit / 2n) / unit) * unit;
  return pico < 0n ? -rounded : rounded;
}

/**
 * An amount for a dense place: two decimals from a dollar on, four from a cent on, and below that the first
 * three digits that count: "$1,234.57", "$0.0635", "$0.0000123". An amount is never rounded to zero.
 */
export function formatShort(text: string, currency = 'USD'): string {
  const pico = parsePico(text);
  if (pico === null) return text;
  const magnitude = pico < 0n ? -pico : pico;
  if (magnitude === 0n) return write(0n, symbol(currency));
  if (magnitude >= 10n ** 12n) return write(roundHalfUp(pico, 2), symbol(currency));
  if (magnitude >= 10n ** 10n) return write(roundHalfUp(pico, 4), symbol(currency));
  const leading = SCALE - magnitude.toString().length;
  return write(roundHalfUp(pico, Math.min(SCALE, leading + 3)), symbol(currency));
}

/** Two decimals whatever comes, for invoices and balances: "$12.34"; what is less is "<$0.01". */
export function formatCents(text: string, currency = 'USD'): string {
  const pico = parsePico(text);
  if (pico === null) return text;
  const rounded = roundHalfUp(pico, 2);
  if (rounded === 0n && pico > 0n) return `<${symbol(currency)}0.01`;
  return write(rounded, symbol(currency));
}

/** A price per million units: "$1.25 / 1M". */
export function formatUnitPrice(perMillion: string): string {
  return `${formatExact(perMillion)} / 1M`;
}

export function isZero(text: string): boolean {
  return parsePico(text) === 0n;
}

export function isNegative(text: string): boolean {
  return (parsePico(text) ?? 0n) < 0n;
}

/** Below zero when `a` is less than `b`, as sorting wants it. */
export function compareMoney(a: string, b: string): number {
  const left = parsePico(a) ?? 0n;
  const right = parsePico(b) ?? 0n;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `part` of `whole` in tenths of a percent, as an integer from 0 on; null where the whole is nothing. */
export function shareInThousandths(part: string, whole: string): number | null {
  const of = parsePico(whole);
  const is = parsePico(part);
  if (of === null || is === null || of <= 0n) return null;
  return Number((is * 1000n) / of);
}

/** The height of a bar or a point: for pixels only, never for a figure that is read. */
export function forPlot(text: string): number {
  return Number(text);
}

/** How `now` compares with `before` in whole percent; null where there is nothing to compare with. */
export function changePercent(now: string, before: string): number | null {
  const from = parsePico(before);
  const to = parsePico(now);
  if (from === null || to === null || from <= 0n) return null;
  return Number(((to - from) * 100n) / from);
}

/**
 * What a person typed into a field for an amount, as the API takes it: "$5", "5,000" and " 5.00 " are fine.
 * Null when it is no amount of at least 0 with at most 12 decimals.
 */
export function readAmount(typed: string): string | null {
  const text = typed
    .trim()
    .replace(/^\$/, '')
    .replace(/,(?=\d{3}(\D|$))/g, '')
    .trim();
  return /^\d{1,12}(\.\d{1,12})?$/.test(text) ? text : null;
}
