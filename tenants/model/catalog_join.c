/*
 * catalog_join: see catalog_join.h. The tables are what is known of the field today; a name that
 * they do not know is not joined, which costs a line in the list and never a wrong price.
 */
#include "tenants/model/catalog_join.h"

#include "common/base/map.h"
#include "tenants/model/catalog_check.h"

struct pair {
    const char *from, *to;
};

/* Owners in upstream ids ("deepseek-ai/DeepSeek-R1", "meta.llama3…") by the author's own slug. */
static const struct pair owners[] = {
    {"ai21", "ai21"},
    {"alibaba", "qwen"},
    {"amazon", "amazon"},
    {"anthropic", "anthropic"},
    {"baai", "baai"},
    {"baidu", "baidu"},
    {"black-forest-labs", "black-forest-labs"},
    {"bytedance", "bytedance"},
    {"bytedance-seed", "bytedance"},
    {"cohere", "cohere"},
    {"coherelabs", "cohere"},
    {"deepcogito", "deepcogito"},
    {"deepseek", "deepseek"},
    {"deepseek-ai", "deepseek"},
    {"google", "google"},
    {"ibm", "ibm-granite"},
    {"ibm-granite", "ibm-granite"},
    {"inception", "inception"},
    {"inclusionai", "inclusionai"},
    {"kwaipilot", "kwaipilot"},
    {"liquid", "liquid"},
    {"liquidai", "liquid"},
    {"meta", "meta-llama"},
    {"meta-llama", "meta-llama"},
    {"microsoft", "microsoft"},
    {"minimax", "minimax"},
    {"minimaxai", "minimax"},
    {"mistral", "mistralai"},
    {"mistralai", "mistralai"},
    {"moonshot", "moonshotai"},
    {"moonshotai", "moonshotai"},
    {"nousresearch", "nousresearch"},
    {"nvidia", "nvidia"},
    {"openai", "openai"},
    {"perplexity", "perplexity"},
    {"qwen", "qwen"},
    {"stepfun", "stepfun"},
    {"stepfun-ai", "stepfun"},
    {"tencent", "tencent"},
    {"upstage", "upstage"},
    {"writer", "writer"},
    {"x-ai", "x-ai"},
    {"xai", "x-ai"},
    {"xai-org", "x-ai"},
    {"xiaomi", "xiaomi"},
    {"xiaomimimo", "xiaomi"},
    {"z-ai", "z-ai"},
    {"zai", "z-ai"},
    {"zai-org", "z-ai"},
    {"zhipuai", "z-ai"},
};

/* Providers that are the author of what they serve under a name without an owner. */
static const struct pair first_parties[] = {
    {"anthropic", "anthropic"},
    {"cohere", "cohere"},
    {"deepseek", "deepseek"},
    {"google", "google"},
    {"inception", "inception"},
    {"minimax", "minimax"},
    {"mistral", "mistralai"},
    {"moonshotai", "moonshotai"},
    {"openai", "openai"},
    {"perplexity", "perplexity"},
    {"stepfun", "stepfun"},
    {"upstage", "upstage"},
    {"xai", "x-ai"},
    {"xiaomi", "xiaomi"},
    {"zai", "z-ai"},
    {"zhipuai", "z-ai"},
};

/* The first word of a name that only one author uses. */
static const struct pair families[] = {
    {"claude-", "anthropic"},   {"codestral", "mistralai"},
    {"command-", "cohere"},     {"deepseek-", "deepseek"},
    {"devstral", "mistralai"},  {"gemini-", "google"},
    {"gemma-", "google"},       {"glm-", "z-ai"},
    {"gpt-", "openai"},         {"grok-", "x-ai"},
    {"kimi-", "moonshotai"},    {"llama-", "meta-llama"},
    {"magistral", "mistralai"}, {"mimo-", "xiaomi"},
    {"minimax-", "minimax"},    {"ministral", "mistralai"},
    {"mistral-", "mistralai"},  {"mixtral", "mistralai"},
    {"o1", "openai"},           {"o3", "openai"},
    {"o4-", "openai"},          {"phi-", "microsoft"},
    {"pixtral", "mistralai"},   {"qwen", "qwen"},
    {"sonar", "perplexity"},    {"text-embedding-3", "openai"},
};

static const char *const scopes[] = {"us", "eu", "apac", "au", "jp", "ca", "global"};

static const char *find(const struct pair *pairs, size_t count, struct span from)
{
    for (size_t i = 0; i < count; i++)
        if (span_is(from, pairs[i].from))
            return pairs[i].to;
    return NULL;
}

static const char *find_prefix(struct span name)
{
    for (size_t i = 0; i < array_size(families); i++)
        if (span_starts(name, families[i].from))
            return families[i].to;
    return NULL;
}

static char small(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool digits(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!digit(text.at[i]))
            return false;
    return text.size > 0;
}

/* The part behind the last such byte, taken off *text; an empty span when there is none. */
static struct span take_tail(struct span *text, char separator)
{
    for (size_t i = text->size; i > 0; i--) {
        if (text->at[i - 1] != separator)
            continue;
        struct span tail = span_part(*text, i, SIZE_MAX);
        *text = span_part(*text, 0, i - 1);
        return tail;
    }
    return span_make(NULL, 0);
}

static const char *keep(struct span text, struct arena *arena)
{
    return text.size == 0 ? NULL : arena_span(arena, text).at;
}

/* "us.meta.llama4…": a scope and an owner in front, as Amazon writes them. */
static void take_dotted(struct span *name, struct span *owner, struct catalog_identity *out)
{
    struct span rest = *name, head = span_cut(&rest, '.');

    for (size_t i = 0; rest.at != NULL && i < array_size(scopes); i++)
        if (span_is(head, scopes[i])) {
            out->scope = scopes[i];
            *name = rest;
            head = span_cut(&rest, '.');
            break;
        }
    if (rest.at != NULL && find(owners, array_size(owners), head) != NULL) {
        *owner = head;
        *name = rest;
    }
}

/* "…@20241022", "…:free", "…:0", "…-v1", "…-20250929" at the end. */
static void take_suffixes(struct span *name, bool dotted, struct catalog_identity *out,
                          struct arena *arena)
{
    struct span at = take_tail(name, '@'), colon = take_tail(name, ':'), cut = *name, tail;

    if (digits(at) && at.size <= 16)
        out->snapshot = keep(at, arena);
    if (colon.size > 0 && !digits(colon))
        out->variant = keep(colon, arena);
    tail = take_tail(&cut, '-');
    if (dotted && tail.size > 1 && tail.at[0] == 'v' && digits(span_part(tail, 1, SIZE_MAX))) {
        *name = cut;
        tail = take_tail(&cut, '-');
    }
    if (tail.size == 8 && digits(tail) && span_starts(tail, "20") && cut.size > 0) {
        out->snapshot = keep(tail, arena);
        *name = cut;
    }
}

static bool letter_or_digit(char byte)
{
    return digit(byte) || (byte >= 'a' && byte <= 'z');
}

/* "k2p6" is "k2.6" where no dot may stand in a name. */
static void dots_for_p(char *slug, size_t size)
{
    for (size_t i = 1; i + 1 < size; i++)
        if (slug[i] == 'p' && digit(slug[i - 1]) && digit(slug[i + 1]))
            slug[i] = '.';
}

/* What may stand in a slug; NULL when nothing is left. */
static char *slug_of(struct span name, struct arena *arena)
{
    char *slug;

    while (name.size > 0 && !letter_or_digit(name.at[0]))
        name = span_part(name, 1, SIZE_MAX);
    if (name.size == 0 || name.size > 128)
        return NULL;
    slug = arena_take(arena, name.size + 1);
    memcpy(slug, name.at, name.size);
    for (size_t i = 0; i < name.size; i++)
        if (!letter_or_digit(slug[i]) && slug[i] != '.' && slug[i] != '_')
            slug[i] = '-';
    return slug;
}

static const char *author_of(const char *provider, struct span owner, struct span slug,
                             const struct map *authors, struct arena *arena)
{
    const char *author = find(owners, array_size(owners), owner);

    if (author == NULL && owner.size > 0 && authors != NULL && map_get(authors, owner) != NULL)
        author = keep(owner, arena);
    if (author == NULL && owner.size == 0)
        author = find(first_parties, array_size(first_parties), span_of(provider));
    return author == NULL ? find_prefix(slug) : author;
}

bool catalog_identify(const char *provider, const char *upstream_id, const struct map *authors,
                      struct arena *arena, struct catalog_identity *identity_out)
{
    struct catalog_identity out = {0};
    char *text = arena_strdup(arena, upstream_id), *slug;
    struct span path = span_of(text), name, owner;
    bool dotted = strstr(provider, "bedrock") != NULL, fireworks;
    const char *own;

    for (size_t i = 0; text[i] != '\0'; i++)
        text[i] = small(text[i]);
    name = take_tail(&path, '/');
    if (name.at == NULL) {
        name = path;
        path = span_make(NULL, 0);
    }
    owner = take_tail(&path, '/');
    if (owner.at == NULL)
        owner = path;
    fireworks = span_is(owner, "models") || span_is(owner, "routers");
    if (fireworks)
        owner = span_make(NULL, 0);
    if (dotted)
        take_dotted(&name, &owner, &out);
    take_suffixes(&name, dotted, &out, arena);
    slug = slug_of(name, arena);
    if (slug == NULL)
        return false;
    if (fireworks)
        dots_for_p(slug, strlen(slug));
    out.slug = slug;
    out.author = author_of(provider, owner, span_of(out.slug), authors, arena);
    own = find(first_parties, array_size(first_parties), span_of(provider));
    out.first_party = own != NULL && out.author != NULL && strcmp(own, out.author) == 0;
    *identity_out = out;
    return true;
}

const char *catalog_fold(const char *id, struct arena *arena)
{
    char *text = arena_strdup(arena, id);
    bool behind = false;

    for (size_t i = 0; text[i] != '\0'; i++) {
        text[i] = small(text[i]);
        if (behind && strchr("._: ", text[i]) != NULL)
            text[i] = '-';
        behind |= text[i] == '/';
    }
    return text;
}
