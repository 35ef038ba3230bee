/*
 * import_names: see import_names.h.
 *
 * The providers' names are those of Portkey's gateway (its list of valid providers) and of
 * LiteLLM's prefixes (its page of providers).
 */
#include "tenants/ctl/import_names.h"

#include <ctype.h>

#include "tenants/ctl/command.h"

enum { WORD_MAX = 128, NEAREST = 3, VENDOR_MAX = 12 };

struct word {
    char at[WORD_MAX];
    size_t size;
};

static const struct {
    const char *theirs, *ours; /* ours NULL: a reseller */
} providers[] = {
    {"ai21", "ai21"},
    {"alibaba", "alibaba"},
    {"anthropic", "anthropic"},
    {"azure", "azure"},
    {"azure-ai", "azure"},
    {"azure-openai", "azure"},
    {"azure-text", "azure"},
    {"baseten", "baseten"},
    {"bedrock", "amazon-bedrock"},
    {"bedrock-converse", "amazon-bedrock"},
    {"cerebras", "cerebras"},
    {"cloudflare", "cloudflare-workers-ai"},
    {"cohere", "cohere"},
    {"cohere-chat", "cohere"},
    {"dashscope", "alibaba"},
    {"deepinfra", "deepinfra"},
    {"deepseek", "deepseek"},
    {"fireworks", "fireworks-ai"},
    {"fireworks-ai", "fireworks-ai"},
    {"friendliai", "friendli"},
    {"gemini", "google"},
    {"google", "google"},
    {"groq", "groq"},
    {"minimax", "minimax"},
    {"mistral", "mistral"},
    {"mistral-ai", "mistral"},
    {"moonshot", "moonshotai"},
    {"nebius", "nebius"},
    {"novita", "novita-ai"},
    {"novita-ai", "novita-ai"},
    {"nvidia-nim", "nvidia"},
    {"openai", "openai"},
    {"openrouter", NULL},
    {"palm", "google"},
    {"perplexity", "perplexity"},
    {"perplexity-ai", "perplexity"},
    {"siliconflow", "siliconflow"},
    {"text-completion-openai", "openai"},
    {"together", "togetherai"},
    {"together-ai", "togetherai"},
    {"upstage", "upstage"},
    {"vercel-ai-gateway", NULL},
    {"vertex", "google-vertex"},
    {"vertex-ai", "google-vertex"},
    {"vertex-ai-beta", "google-vertex"},
    {"workers-ai", "cloudflare-workers-ai"},
    {"x-ai", "xai"},
    {"xai", "xai"},
    {"z-ai", "zai"},
    {"zai", "zai"},
    {"zhipu", "zhipuai"},
};

/* ---- the catalog ---- */

const struct import_model *import_model(const struct import_names *names, struct span id)
{
    for (uint32_t i = 0; i < names->model_count; i++) {
        if (span_equal(names->models[i].id, id))
            return &names->models[i];
    }
    return NULL;
}

bool import_serves(const struct import_model *model, struct span provider)
{
    struct span rest = model->providers;
    while (rest.at != NULL && rest.size > 0) {
        struct span one = span_cut(&rest, ',');
        if (one.size > 0 && span_equal(one, provider))
            return true;
    }
    return false;
}

bool import_is_provider(const struct import_names *names, struct span slug)
{
    for (uint32_t i = 0; i < names->model_count; i++) {
        if (import_serves(&names->models[i], slug))
            return true;
    }
    return false;
}

struct span import_mapped(const struct import_names *names, struct span theirs)
{
    for (uint32_t i = 0; i < names->map_count; i++) {
        if (span_equal(names->maps[i].theirs, theirs))
            return names->maps[i].ours;
    }
    return (struct span){0};
}

/* ---- providers ---- */

/* In small letters, '_' and ' ' as '-'. */
static struct word word_of(struct span text)
{
    struct word word = {.size = 0};
    for (size_t i = 0; i < text.size && word.size < WORD_MAX; i++) {
        char c = (char)tolower((unsigned char)text.at[i]);
        word.at[word.size++] = c == '_' || c == ' ' ? '-' : c;
    }
    return word;
}

static struct span word_span(const struct word *word)
{
    return span_make(word->at, word->size);
}

/* The row that `name` is, or the longest that it begins with before a '-'. */
static int find_row(struct span name, bool *whole_out)
{
    int best = -1;
    size_t best_size = 0;
    for (size_t i = 0; i < array_size(providers); i++) {
        size_t size = strlen(providers[i].theirs);
        if (!span_starts(name, providers[i].theirs) || size <= best_size ||
            (name.size > size && name.at[size] != '-'))
            continue;
        best = (int)i;
        best_size = size;
    }
    *whole_out = best_size == name.size;
    return best;
}

enum import_provider import_provider(const struct import_names *names, struct span theirs,
                                     struct span *slug_out)
{
    bool whole = false;
    struct span mapped = import_mapped(names, theirs);
    if (theirs.size > 0 && theirs.at[0] == '@') {
        theirs = span_part(theirs, 1, SIZE_MAX);
        if (mapped.size == 0)
            mapped = import_mapped(names, theirs);
    }
    if (mapped.size > 0 && import_is_provider(names, mapped)) {
        *slug_out = mapped;
        return PROVIDER_KNOWN;
    }
    struct word word = word_of(theirs);
    int row = find_row(word_span(&word), &whole);
    if (row < 0 && import_is_provider(names, theirs)) {
        *slug_out = theirs;
        return PROVIDER_KNOWN;
    }
    if (row < 0)
        return PROVIDER_UNKNOWN;
    if (providers[row].ours == NULL)
        return PROVIDER_ANY;
    *slug_out = span_of(providers[row].ours);
    return whole ? PROVIDER_KNOWN : PROVIDER_GUESSED;
}

/* ---- models ---- */

/* "us.anthropic.claude-…" without its words before points, as Bedrock has them: letters only. */
static struct span without_vendor(struct span name)
{
    for (;;) {
        ptrdiff_t point = span_index(name, '.');
        if (point <= 0 || point > VENDOR_MAX)
            return name;
        for (ptrdiff_t i = 0; i < point; i++) {
            if (isalpha((unsigned char)name.at[i]) == 0 && name.at[i] != '-')
                return name;
        }
        name = span_part(name, (size_t)point + 1, SIZE_MAX);
    }
}

/* The name behind the last '/', in small letters, with one kind of separator. */
static struct word plain(struct span name)
{
    for (size_t i = name.size; i > 0; i--) {
        if (name.at[i - 1] == '/') {
            name = span_part(name, i, SIZE_MAX);
            break;
        }
    }
    name = without_vendor(name);
    ptrdiff_t colon = span_index(name, ':');
    if (colon > 0)
        name = span_part(name, 0, (size_t)colon);
    struct word word = word_of(name);
    for (size_t i = 0; i < word.size; i++) {
        if (word.at[i] == '.' || word.at[i] == '@')
            word.at[i] = '-';
    }
    return word;
}

static size_t digits_at_end(struct span text)
{
    size_t count = 0;
    while (count < text.size && isdigit((unsigned char)text.at[text.size - 1 - count]) != 0)
        count++;
    return count;
}

/* "-2024-06-20" at the end. */
static bool ends_with_date(struct span name)
{
    if (name.size < 12)
        return false;
    const char *date = name.at + name.size - 11;
    return date[0] == '-' && date[1] == '2' && date[2] == '0' && date[5] == '-';
}

/* Of a name with so many digits at its end the bytes that are its version. */
static size_t number_size(struct span name, size_t digits)
{
    if (digits == 0 || digits == name.size)
        return 0;
    char before = name.at[name.size - digits - 1];
    if ((digits == 8 || digits == 3) && before == '-')
        return digits + 1;
    if (digits == 1 && span_ends(span_part(name, 0, name.size - 1), "-v"))
        return 3;
    return digits == 2 && before == '-' && ends_with_date(name) ? 11 : 0;
}

/* Bytes at the end that say which version it is: "-latest", "-v1", "-001", "-20240620",
 * "-2024-06-20"; 0 when there are none. */
static size_t version_size(struct span name)
{
    static const char *const words[] = {"-latest", "-default"};
    for (size_t i = 0; i < array_size(words); i++) {
        if (span_ends(name, words[i]))
            return strlen(words[i]);
    }
    return number_size(name, digits_at_end(name));
}

static struct span base_of(struct span name)
{
    for (size_t size; (size = version_size(name)) > 0 && size < name.size;)
        name = span_part(name, 0, name.size - size);
    return name;
}

/* How alike: 0 not at all, 1 but for versions, 2 but for theirs, 3 the same. */
static int likeness(struct span theirs, struct span ours)
{
    if (span_equal(theirs, ours))
        return 3;
    if (span_equal(base_of(theirs), ours))
        return 2;
    return span_equal(base_of(theirs), base_of(ours)) ? 1 : 0;
}

const struct import_model *import_find_model(const struct import_names *names, struct span theirs,
                                             struct span provider, bool *exact_out)
{
    const struct import_model *best = import_model(names, theirs);
    struct word wanted = plain(theirs);
    int best_score = 0;
    bool several = false;
    *exact_out = best != NULL;
    if (best != NULL)
        return best;
    for (uint32_t i = 0; i < names->model_count; i++) {
        struct word own = plain(names->models[i].id);
        int like = likeness(word_span(&wanted), word_span(&own));
        bool here = provider.size == 0 || import_serves(&names->models[i], provider);
        int score = like == 0 ? 0 : like * 2 + (here ? 1 : 0);
        if (score == 0 || score < best_score)
            continue;
        several = score == best_score;
        best = &names->models[i];
        best_score = score;
        *exact_out = like == 3;
    }
    return several ? NULL : best;
}

/* ---- what is near ---- */

void import_nearest(const struct import_names *names, struct span theirs, struct buf *out)
{
    const struct import_model *best[NEAREST] = {NULL};
    size_t away[NEAREST] = {0}, count = 0;
    struct word wanted = plain(theirs);
    for (uint32_t i = 0; i < names->model_count; i++) {
        struct word own = plain(names->models[i].id);
        size_t distance = command_distance(word_span(&wanted), word_span(&own));
        if (distance > 3 + wanted.size / 3)
            continue;
        size_t at = count < NEAREST ? count++ : NEAREST;
        for (; at > 0 && away[at - 1] > distance; at--) {
            if (at < NEAREST) {
                best[at] = best[at - 1];
                away[at] = away[at - 1];
            }
        }
        if (at < NEAREST) {
            best[at] = &names->models[i];
            away[at] = distance;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_string(out, i + 1 == count ? " or " : ", ");
        buf_add_span(out, best[i]->id);
    }
}
