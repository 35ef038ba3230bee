/*
 * import_place: see import_place.h.
 */
#include "tenants/ctl/import_place.h"

enum { NEAREST_MAX = 1024 };

static void lose_model(const struct import_names *names, struct span theirs, const char *path,
                       struct import_report *report)
{
    cleanup(buf_done) struct buf near = buf_make(NEAREST_MAX);
    import_nearest(names, theirs, &near);
    if (near.size == 0)
        import_lose(report, path, "the catalog has no model like %.*s; say --map %.*s=MODEL",
                    SPAN_ARG(theirs), SPAN_ARG(theirs));
    else
        import_lose(report, path,
                    "the catalog has no model %.*s; near are %s; say --map %.*s=MODEL",
                    SPAN_ARG(theirs), near.at, SPAN_ARG(theirs));
}

/* The model of the catalog; NULL and reported when there is none. */
static const struct import_model *find_model(const struct import_place *place, struct span slug,
                                             const struct import_names *names, const char *path,
                                             struct import_report *report)
{
    bool exact = true;
    struct span mapped = import_mapped(names, place->whole);
    if (mapped.size == 0)
        mapped = import_mapped(names, place->model);
    const struct import_model *model = mapped.size > 0
                                           ? import_model(names, mapped)
                                           : import_find_model(names, place->model, slug, &exact);
    if (model == NULL)
        lose_model(names, place->whole.size > 0 ? place->whole : place->model, path, report);
    else if (!exact)
        import_note(report, path, "%.*s is taken for %.*s", SPAN_ARG(place->model),
                    SPAN_ARG(model->id));
    return model;
}

static void put_provider(struct import_target *target, struct span slug)
{
    target->providers[0] = slug;
    target->provider_count = 1;
}

/* Who makes a model serves it where nobody else was named. */
static void put_author(const struct import_model *model, struct import_target *target)
{
    struct span rest = model->id, author = span_cut(&rest, '/');
    if (import_serves(model, author))
        put_provider(target, author);
}

/* Notes how the provider was found. False, and reported, when it was not. */
static bool judge_provider(enum import_provider how, struct span theirs, struct span slug,
                           const char *path, struct import_report *report)
{
    switch (how) {
    case PROVIDER_KNOWN:
        break;
    case PROVIDER_GUESSED:
        import_note(report, path, "%.*s is taken for %.*s; else say --map %.*s=PROVIDER",
                    SPAN_ARG(theirs), SPAN_ARG(slug), SPAN_ARG(theirs));
        break;
    case PROVIDER_ANY:
        import_note(report, path, "goes to any provider of the model, as there is no %.*s",
                    SPAN_ARG(theirs));
        break;
    case PROVIDER_UNKNOWN:
        import_lose(report, path, "%.*s is no provider that is known; say --map %.*s=PROVIDER",
                    SPAN_ARG(theirs), SPAN_ARG(theirs));
        break;
    }
    return how != PROVIDER_UNKNOWN;
}

bool import_put(const struct import_place *place, const struct import_names *names,
                const char *path, struct import_report *report, struct import_target *target)
{
    struct span slug = {0};
    enum import_provider how = PROVIDER_KNOWN;
    /* Where the model was said by --map, who has it is enough. */
    bool said = import_model(names, import_mapped(names, place->whole)) != NULL;
    if (place->provider.size > 0)
        how = import_provider(names, place->provider, &slug);
    if (!(how == PROVIDER_UNKNOWN && said) &&
        !judge_provider(how, place->provider, slug, path, report))
        return false;
    if (slug.size > 0 && !import_is_provider(names, slug)) {
        import_lose(report, path, "the catalog has nothing of the provider %.*s", SPAN_ARG(slug));
        return false;
    }
    if (slug.size > 0)
        put_provider(target, slug);
    if (place->model.size == 0)
        return true;
    const struct import_model *model = find_model(place, slug, names, path, report);
    if (model == NULL)
        return false;
    target->model = model->id;
    if (slug.size > 0 && !import_serves(model, slug)) {
        import_lose(report, path, "%.*s is not to be had of %.*s", SPAN_ARG(model->id),
                    SPAN_ARG(slug));
        return false;
    }
    if (place->provider.size == 0)
        put_author(model, target);
    return true;
}
