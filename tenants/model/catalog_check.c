/*
 * catalog_check: see catalog_check.h.
 */
#include "tenants/model/catalog_check.h"

#include "tenants/model/credential.h"

static bool slug_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_';
}

static bool alphanumeric(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

bool catalog_is_slug(struct span text)
{
    if (text.size == 0 || text.size > 64 || !alphanumeric(text.at[0]))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!slug_byte(text.at[i]))
            return false;
    return true;
}

bool catalog_is_model_id(struct span text)
{
    struct span slug = text, author = span_cut(&slug, '/');

    if (slug.at == NULL || slug.size == 0 || text.size > 200 || !catalog_is_slug(author) ||
        !alphanumeric(slug.at[0]))
        return false;
    for (size_t i = 0; i < slug.size; i++)
        if (!slug_byte(slug.at[i]) && slug.at[i] != ':')
            return false;
    return true;
}

bool catalog_is_upstream_id(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f || strchr("#\"\\<>", text.at[i]) != NULL)
            return false;
    return text.size > 0;
}

bool catalog_is_key(struct span key, struct span provider, struct span upstream_id)
{
    struct span number;
    int64_t n;

    if (key.size < provider.size + upstream_id.size + 3 ||
        !span_equal(span_part(key, 0, provider.size), provider) || key.at[provider.size] != '/' ||
        !span_equal(span_part(key, provider.size + 1, upstream_id.size), upstream_id) ||
        key.at[provider.size + 1 + upstream_id.size] != '#')
        return false;
    number = span_part(key, provider.size + upstream_id.size + 2, SIZE_MAX);
    return number.size <= 4 && number.at[0] != '0' && span_int64(number, &n) == 0 && n > 0;
}

bool catalog_is_date(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    if (strlen(text) != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; shape[i] != '\0'; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';
    month = (text[5] - '0') * 10 + text[6] - '0';
    day = (text[8] - '0') * 10 + text[9] - '0';
    if (month < 1 || month > 12 || day < 1 || year == 0)
        return false;
    if (month == 2 && day == 29)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1];
}

bool catalog_is_variable(const char *name)
{
    for (size_t i = 0; name[i] != '\0'; i++) {
        bool letter = (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_';

        if (!letter && (i == 0 || name[i] < '0' || name[i] > '9'))
            return false;
    }
    return name[0] != '\0';
}

static const char *scheme_problem(struct span url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    if (span_starts(url, "https://"))
        return url.size > strlen("https://") ? NULL : "has no host";
    for (size_t i = 0; i < array_size(loopback); i++) {
        size_t size = strlen(loopback[i]);

        if (span_starts(url, loopback[i]) &&
            (url.size == size || url.at[size] == ':' || url.at[size] == '/'))
            return NULL;
    }
    return "is not https (plain http only on loopback)";
}

static bool declared(struct span name, const struct catalog_provider *provider)
{
    for (uint32_t i = 0; i < provider->variable_count; i++)
        if (span_is(name, provider->variables[i].name))
            return true;
    return false;
}

/* Whether the place is in front of the path. */
static bool in_host(struct span url, size_t at)
{
    int slashes = 0;

    for (size_t i = 0; i < at; i++)
        slashes += url.at[i] == '/';
    return slashes < 3;
}

static const char *variables_problem(struct span url, const struct catalog_provider *provider)
{
    for (size_t i = 0; i < url.size; i++) {
        struct span rest, name;

        if (url.at[i] == '}' || url.at[i] == '{')
            return "has a brace outside ${NAME}";
        if (url.at[i] != '$')
            continue;
        rest = span_part(url, i + 1, SIZE_MAX);
        name = span_cut(&rest, '}');
        if (rest.at == NULL || name.size < 2 || name.at[0] != '{')
            return "has a $ that begins no ${NAME}";
        name = span_part(name, 1, SIZE_MAX);
        if (span_is(name, CREDENTIAL_UPSTREAM_ID) ? in_host(url, i) : !declared(name, provider))
            return "names a variable that its provider does not declare, or a model in its host";
        i += 2 + name.size;
    }
    return NULL;
}

const char *catalog_url_problem(struct span url, const struct catalog_provider *provider)
{
    const char *problem = scheme_problem(url);

    if (problem != NULL)
        return problem;
    for (size_t i = 0; i < url.size; i++)
        if (url.at[i] <= 0x20 || url.at[i] >= 0x7f || strchr("?#@\"\\<>", url.at[i]) != NULL)
            return "has a blank, a user, a query or a fragment in it";
    if (url.at[url.size - 1] == '/')
        return "ends with a slash";
    return variables_problem(url, provider);
}
