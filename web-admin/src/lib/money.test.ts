import { describe, expect, it } from 'vitest';
import {
  changePercent,
  compareMoney,
  formatCents,
  formatExact,
  formatShort,
  formatUnitPrice,
  parsePico,
  readAmount,
  shareInThousandths,
} from './money';

describe('money is shown exactly', () => {
  it.each([
    ['0', '$0.00'],
    ['0.0000123', '$0.0000123'],
    ['0.000000000001', '$0.000000000001'],
    ['1234567.5', '$1,234,567.50'],
    ['-12.3', '−$12.30'],
    ['9007199254740993.123456789012', '$9,007,199,254,740,993.123456789012'],
    ['100000', '$100,000.00'],
    ['not money', 'not money'],
  ])('%s is %s', (text, shown) => expect(formatExact(text)).toBe(shown));
});

describe('money in a dense place', () => {
  it.each([
    ['0', '$0.00'],
    ['1234.5678', '$1,234.57'],
    ['0.06352', '$0.0635'],
    ['0.5', '$0.50'],
    ['0.00063525', '$0.000635'],
    ['0.00000012345', '$0.000000123'],
    ['0.000000000001', '$0.000000000001'],
    ['-0.06355', '−$0.0636'],
    ['0.999999', '$1.00'],
  ])('%s is %s', (text, shown) => expect(formatShort(text)).toBe(shown));

  it.each([
    ['12.345', '$12.35'],
    ['0.004', '<$0.01'],
    ['0', '$0.00'],
  ])('%s in cents is %s', (text, shown) => expect(formatCents(text)).toBe(shown));
});

describe('money is compared without floats', () => {
  it('tells amounts apart that a float cannot', () => {
    expect(compareMoney('9007199254740993.000000000001', '9007199254740993')).toBe(1);
    expect(compareMoney('0.10', '0.1')).toBe(0);
    expect(compareMoney('-1', '0')).toBe(-1);
  });
  it('reads no exponent, no sign and no thirteenth decimal', () => {
    for (const text of ['2e-7', '+1', '', '.5', '1.', '0.0000000000001', 'NaN']) {
      expect(parsePico(text)).toBeNull();
    }
  });
  it('sets in proportion', () => {
    expect(shareInThousandths('2.5', '5')).toBe(500);
    expect(shareInThousandths('7', '5')).toBe(1400);
    expect(shareInThousandths('1', '0')).toBeNull();
    expect(changePercent('3', '2')).toBe(50);
    expect(changePercent('1', '0')).toBeNull();
  });
  it('names the unit of a price', () => expect(formatUnitPrice('1.25')).toBe('$1.25 / 1M'));
});

describe('an amount that a person typed', () => {
  it.each([
    ['5', '5'],
    ['$5.00', '5.00'],
    [' 1,250.50 ', '1250.50'],
    ['5,0', null],
    ['-5', null],
    ['2e-7', null],
    ['', null],
  ])('%s is %s', (typed, amount) => expect(readAmount(typed)).toBe(amount));
});
