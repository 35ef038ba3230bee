/*
 * clock: see clock.h.
 */
#include "common/base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "common/base/mem.h"

#define DAY_MS INT64_C(86400000)
/* 0000-01-01 and the last millisecond of 9999: what four digits of a year can say. */
#define FIRST_MS INT64_C(-62167219200000)
#define LAST_MS INT64_C(253402300799999)

static int64_t read_us(clockid_t which)
{
    struct timespec now;

    must(clock_gettime(which, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

/* Proleptic Gregorian calendar, years counted from March so that the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *year_out, int64_t *month_out, int64_t *day_out)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t m = (5 * doy + 2) / 153;

    *day_out = doy - (153 * m + 2) / 5 + 1;
    *month_out = m < 10 ? m + 3 : m - 9;
    *year_out = yoe + era * 400 + (*month_out <= 2);
}

static char *put_digits(char *at, int64_t value, int count, char after)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[count] = after;
    return at + count + 1;
}

size_t clock_format(int64_t unix_ms, char text_out[CLOCK_TEXT_SIZE])
{
    int64_t ms = unix_ms < FIRST_MS ? FIRST_MS : unix_ms > LAST_MS ? LAST_MS : unix_ms;
    int64_t of_day = ((ms % DAY_MS) + DAY_MS) % DAY_MS;
    int64_t year, month, day;
    char *at = text_out;

    date_of((ms - of_day) / DAY_MS, &year, &month, &day);
    at = put_digits(at, year, 4, '-');
    at = put_digits(at, month, 2, '-');
    at = put_digits(at, day, 2, 'T');
    at = put_digits(at, of_day / 3600000, 2, ':');
    at = put_digits(at, of_day / 60000 % 60, 2, ':');
    at = put_digits(at, of_day / 1000 % 60, 2, '.');
    at = put_digits(at, of_day % 1000, 3, 'Z');
    *at = '\0';
    return (size_t)(at - text_out);
}

struct reader {
    const char *at, *end;
    bool bad;
};

static int64_t number(struct reader *reader, int digits, int64_t max)
{
    int64_t value = 0;

    for (int i = 0; i < digits; i++) {
        if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9') {
            reader->bad = true;
            return 0;
        }
        value = value * 10 + (*reader->at++ - '0');
    }
    if (value > max)
        reader->bad = true;
    return value;
}

static bool skip(struct reader *reader, char upper, char lower)
{
    if (reader->at == reader->end || (*reader->at != upper && *reader->at != lower))
        return false;
    reader->at++;
    return true;
}

static void expect(struct reader *reader, char upper, char lower)
{
    if (!skip(reader, upper, lower))
        reader->bad = true;
}

/* Milliseconds of ".123456"; what is finer is cut off. */
static int64_t fraction(struct reader *reader)
{
    static const int64_t weights[] = {100, 10, 1};
    int64_t ms = 0;
    size_t count = 0;

    if (!skip(reader, '.', '.'))
        return 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        if (count < array_size(weights))
            ms += weights[count] * (*reader->at - '0');
        count++;
    }
    if (count == 0)
        reader->bad = true;
    return ms;
}

static int64_t offset_minutes(struct reader *reader)
{
    if (skip(reader, 'Z', 'z'))
        return 0;
    int64_t sign = skip(reader, '-', '-') ? -1 : 1;
    if (sign > 0)
        expect(reader, '+', '+');
    int64_t hours = number(reader, 2, 23);
    expect(reader, ':', ':');
    return sign * (hours * 60 + number(reader, 2, 59));
}

static int64_t days_in(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

int clock_parse(const char *text, size_t size, int64_t *unix_ms_out)
{
    struct reader reader = {text, text + size, false};
    struct reader *r = &reader;

    int64_t year = number(r, 4, 9999);
    expect(r, '-', '-');
    int64_t month = number(r, 2, 12);
    expect(r, '-', '-');
    int64_t day = number(r, 2, 31);
    expect(r, 'T', 't');
    int64_t hour = number(r, 2, 23);
    expect(r, ':', ':');
    int64_t minute = number(r, 2, 59);
    expect(r, ':', ':');
    int64_t second = number(r, 2, 60); /* a leap second is the first of the next minute */
    int64_t ms = fraction(r);
    minute -= offset_minutes(r);
    if (r->bad || r->at != r->end || month < 1 || day < 1 || day > days_in(year, month))
        return -EINVAL;
    *unix_ms_out =
        days_of(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return 0;
}
