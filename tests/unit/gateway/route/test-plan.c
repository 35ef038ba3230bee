/* A preset resolved for a request: what is chosen, drawn and tried in which order, and what leads
 * from one to the next. */
#include "gateway/route/plan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "gateway/route/policy.h"
#include "tests/support/testing.h"

struct scene {
    struct arena *arena;
    struct json_doc body;
    struct preset preset;
    struct plan_facts facts;
    struct plan plan;
    const char *where;
};

static struct scene scene_make(const char *preset, const char *body)
{
    struct scene scene = {.arena = arena_new(1 << 14, PRESET_ARENA_MAX), .body = json_doc_make()};
    struct preset_error_at error = {"", ""};

    if (preset_read(span_of(preset), scene.arena, &scene.preset, &error) != 0)
        fail_msg("%s: %s %s", preset, error.path, error.text);
    assert_int("body", json_parse(&scene.body, span_of(body), &json_limits_body), JSON_OK);
    return scene;
}

/* Its facts point to its body, so it has to stay where it is. */
static int resolve(struct scene *scene)
{
    scene->facts.body = &scene->body;
    scene->facts.metadata = json_find(&scene->body, 0, "metadata");
    scene->plan.count = 0;
    return plan_resolve(&scene->preset, &scene->facts, scene->arena, &scene->plan, &scene->where);
}

static void scene_done(struct scene *scene)
{
    arena_free(scene->arena);
    json_doc_done(&scene->body);
}

static const char *names_of(const struct scene *scene)
{
    struct buf text = buf_make(1024);
    const char *names;

    for (uint32_t i = 0; i < scene->plan.count; i++)
        buf_printf(&text, "%s%.*s", i > 0 ? " " : "", SPAN_ARG(scene->plan.legs[i].target->name));
    names = arena_span(scene->arena, buf_span(&text)).at;
    buf_done(&text);
    return names;
}

#define FALLBACK(members, targets)                                                                 \
    "{" members "\"strategy\":{\"mode\":\"fallback\"},\"targets\":[" targets "]}"
#define LEAF(name) "{\"name\":\"" name "\"}"
#define ON(name, on) "{\"name\":\"" name "\",\"on\":[\"" on "\"]}"

static void fallbacks_come_in_their_order(void **state)
{
    static const struct {
        const char *preset, *names;
    } rows[] = {
        {LEAF("a"), "a"},
        {FALLBACK("", LEAF("a") "," LEAF("b") "," LEAF("c")), "a b c"},
        {FALLBACK("", FALLBACK("\"name\":\"x\",", LEAF("a") "," LEAF("b")) "," LEAF("c")), "a b c"},
        {FALLBACK("", LEAF("a") "," FALLBACK("", LEAF("b") "," FALLBACK("", LEAF("c")))), "a b c"},
        {FALLBACK("", LEAF("a") ",{},{}," LEAF("d")), "a 1 2 d"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct scene scene = scene_make(rows[i].preset, "{}");

        assert_int(rows[i].preset, resolve(&scene), 0);
        assert_span(rows[i].preset, span_of(names_of(&scene)), rows[i].names);
        scene_done(&scene);
    }
}

static void a_plan_has_room_for_so_many(void **state)
{
    struct scene scene = scene_make(
        FALLBACK("", "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}"), "{}");

    (void)state;
    assert_int("all", resolve(&scene), 0);
    assert_int("the first ones", scene.plan.count, PLAN_LEGS_MAX);
    assert_span("in order", scene.plan.legs[15].target->name, "15");
    assert_int("appended to what is there",
               plan_resolve(&scene.preset, &scene.facts, scene.arena, &scene.plan, &scene.where),
               0);
    assert_int("no more", scene.plan.count, PLAN_LEGS_MAX);
    scene_done(&scene);
}

/* ---- what leads where ---- */

static const char *leads_of(const struct scene *scene)
{
    struct buf text = buf_make(1024);
    const struct preset_statuses *statuses;
    const char *leads;

    for (uint32_t from = 0; from + 1 < scene->plan.count; from++) {
        buf_add_string(&text, from > 0 ? " | " : "");
        for (uint32_t to = from + 1; to < scene->plan.count; to++) {
            buf_printf(&text, "%s%u", to > from + 1 ? " " : "",
                       plan_leads(&scene->plan, from, to, &statuses));
            if (statuses != NULL)
                buf_printf(&text, "@%u", statuses->at[0]);
        }
    }
    leads = arena_span(scene->arena, buf_span(&text)).at;
    buf_done(&text);
    return leads;
}

#define STATUSES(status, members, targets)                                                         \
    "{" members "\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[" status                 \
    "]},\"targets\":[" targets "]}"

static void causes_and_statuses_lead_on(void **state)
{
    static const struct {
        const char *what, *preset;
        const char *ons;   /* of the legs, as they are from anywhere */
        const char *leads; /* from the first to those behind it | from the second … */
    } rows[] = {
        {"any", FALLBACK("", LEAF("a") "," LEAF("b")), "7 7", "7"},
        {"one cause", FALLBACK("", LEAF("a") "," ON("b", "context_window") "," ON("c", "error")),
         "7 2 1", "2 1 | 1"},
        {"statuses", STATUSES("429", "", LEAF("a") "," LEAF("b")), "7@429 7@429", "7@429"},
        {"a cause leads to a fallback, whose own leads on",
         FALLBACK("", LEAF("a") "," FALLBACK("\"on\":[\"context_window\"],",
                                             LEAF("b") "," LEAF("c")) "," LEAF("d")),
         "7 2 2 7", "2 2 7 | 7 7 | 7"},
        {"what is not entered by a failure is not entered",
         FALLBACK("", LEAF("a") "," FALLBACK("", LEAF("b") "," ON("c", "content_policy"))), "7 7 4",
         "7 0 | 4"},
        {"statuses of the nearest, of what is outside where there are none",
         STATUSES("500", "",
                  STATUSES("429", "",
                           LEAF("a") "," LEAF("b")) "," FALLBACK("", LEAF("c") "," LEAF("d"))),
         "7@429 7@429 7@500 7@500", "7@429 7@500 7@500 | 7@500 7@500 | 7@500"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct scene scene = scene_make(rows[i].preset, "{}");
        struct buf ons = buf_make(256);

        assert_int(rows[i].what, resolve(&scene), 0);
        for (uint32_t j = 0; j < scene.plan.count; j++) {
            const struct plan_leg *leg = &scene.plan.legs[j];

            buf_printf(&ons, "%s%u", j > 0 ? " " : "", leg->on);
            if (leg->leave_on != NULL)
                buf_printf(&ons, "@%u", leg->leave_on->at[0]);
        }
        assert_span(rows[i].what, buf_span(&ons), rows[i].ons);
        assert_span(rows[i].what, span_of(leads_of(&scene)), rows[i].leads);
        buf_done(&ons);
        scene_done(&scene);
    }
}

static void models_of_the_request_take_what_is_left(void **state)
{
    const struct preset_statuses *statuses;
    struct scene scene = scene_make(STATUSES("429", "", LEAF("a") "," LEAF("b")), "{}");

    (void)state;
    assert_int("preset", resolve(&scene), 0);
    scene.plan.legs[scene.plan.count++] = (struct plan_leg){.model = span_of("x"), .on = FALL_ANY};
    assert_int("from the preset", plan_leads(&scene.plan, 1, 2, &statuses), FALL_ANY);
    assert_null(statuses);
    scene_done(&scene);
}

/* ---- conditions ---- */

#define CHOOSE(query, otherwise)                                                                   \
    "{\"name\":\"top\",\"strategy\":{\"mode\":\"conditional\",\"conditions\":[{\"query\":" query   \
    ",\"then\":\"yes\"}]" otherwise "},\"targets\":[{\"name\":\"no\"},{\"name\":\"yes\"}]}"
#define ELSE_NO ",\"default\":\"no\""

static void conditions_look_at_the_request(void **state)
{
    static const struct span tags[] = {{"team=red", 8}, {"x", 1}};
    static const char *const needs[] = {"image", "tools"};
    static const struct {
        const char *query;
        bool holds;
    } rows[] = {
        {"{\"metadata.tier\":\"paid\"}", true},
        {"{\"metadata.tier\":\"free\"}", false},
        {"{\"metadata.missing\":{\"$exists\":false}}", true},
        {"{\"params.temperature\":{\"$gt\":0.5}}", true},
        {"{\"params.temperature\":{\"$gt\":0.9}}", false},
        {"{\"params.stop\":{\"$contains\":\"b\"}}", true},
        {"{\"params.missing\":1}", false},
        {"{\"request.model\":{\"$regex\":\"^openai/\"}}", true},
        {"{\"request.endpoint\":\"chat.completions\"}", true},
        {"{\"request.stream\":true}", true},
        {"{\"request.stream\":false}", false},
        {"{\"request.prompt_tokens\":{\"$gte\":1000,\"$lt\":2000}}", true},
        {"{\"request.prompt_tokens\":{\"$gt\":1200}}", false},
        {"{\"request.needs\":{\"$contains\":\"image\"}}", true},
        {"{\"request.needs\":{\"$contains\":\"audio\"}}", false},
        {"{\"request.user\":\"u1\"}", true},
        {"{\"request.tags\":{\"$contains\":\"team=red\"}}", true},
        {"{\"request.tags\":\"team=blue\"}", false},
        {"{\"request.key\":{\"$in\":[\"k0\",\"k1\"]}}", true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char preset[1024];

        snprintf(preset, sizeof(preset), CHOOSE("%s", ELSE_NO), rows[i].query);
        struct scene scene = scene_make(
            preset,
            "{\"metadata\":{\"tier\":\"paid\"},\"temperature\":0.7,\"stop\":[\"a\",\"b\"]}");
        scene.facts = (struct plan_facts){.model = span_of("openai/gpt"),
                                          .endpoint = span_of("chat.completions"),
                                          .user = span_of("u1"),
                                          .key = span_of("k1"),
                                          .tags = tags,
                                          .tag_count = 2,
                                          .prompt_tokens = 1200,
                                          .needs = needs,
                                          .need_count = 2,
                                          .stream = true};
        assert_int(rows[i].query, resolve(&scene), 0);
        assert_span(rows[i].query, span_of(names_of(&scene)), rows[i].holds ? "yes" : "no");
        scene_done(&scene);
    }
}

static void who_is_taken_by_none_is_told_where(void **state)
{
    struct scene scene =
        scene_make(FALLBACK("", LEAF("first") "," CHOOSE("{\"request.user\":\"x\"}", "")), "{}");

    (void)state;
    scene.plan.count = 0;
    assert_int("refused", resolve(&scene), -ENOENT);
    assert_span("by", span_of(scene.where), "top");
    assert_int("nothing is left in it", scene.plan.count, 0);
    scene_done(&scene);
}

/* ---- draws ---- */

#define CANARY(sticky, stable, canary)                                                             \
    "{\"strategy\":{\"mode\":\"loadbalance\"" sticky "},\"targets\":[{\"name\":\"stable\","        \
    "\"weight\":" stable "},{\"name\":\"canary\",\"weight\":" canary "},{\"name\":\"third\","      \
    "\"weight\":25}]}"

enum { DRAWS = 100000 };

/* Numbers that look like chance. */
static uint64_t mix64(uint64_t i)
{
    i = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return i ^ (i >> 29);
}

static void shares_are_as_the_weights(void **state)
{
    static const double wanted[] = {0.7, 0.05, 0.25};
    struct scene scene = scene_make(CANARY("", "70", "5"), "{}");
    uint32_t firsts[3] = {0, 0, 0}, seconds[3] = {0, 0, 0};

    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        scene.facts.conversation = i;
        assert_int("resolved", resolve(&scene), 0);
        assert_int("all of them", scene.plan.count, 3);
        firsts[scene.plan.legs[0].levels[0].child]++;
        if (scene.plan.legs[0].levels[0].child == 0)
            seconds[scene.plan.legs[1].levels[0].child]++;
    }
    for (int i = 0; i < 3; i++) {
        double sigma = sqrt(DRAWS * wanted[i] * (1 - wanted[i]));

        if (fabs(firsts[i] - DRAWS * wanted[i]) > 3 * sigma)
            fail_msg("%d: %u draws, wanted %.0f +- %.0f", i, firsts[i], DRAWS * wanted[i],
                     3 * sigma);
    }
    /* Who stands behind is drawn likewise among those that are left: 5 to 25. */
    double sigma = sqrt(firsts[0] * (1 / 6.0) * (5 / 6.0));
    in_row("the second", fabs(seconds[1] - firsts[0] / 6.0) <= 3 * sigma);
    scene_done(&scene);
}

static void only_those_move_whose_share_did(void **state)
{
    struct scene before = scene_make(CANARY("", "70", "5"), "{}"),
                 after = scene_make(CANARY("", "70", "10"), "{}");
    uint32_t moved = 0;

    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        uint32_t was, is;

        before.facts.conversation = after.facts.conversation = mix64(i);
        assert_int("before", resolve(&before), 0);
        assert_int("after", resolve(&after), 0);
        was = before.plan.legs[0].levels[0].child;
        is = after.plan.legs[0].levels[0].child;
        if (was != is)
            assert_int("to the canary, from any other", is, 1);
        moved += was != is;
    }
    /* From 5 of 100 to 10 of 105. */
    in_row("no more than it gains",
           fabs(moved - DRAWS * (10 / 105.0 - 0.05)) <= 3 * sqrt(DRAWS * 0.0452 * 0.9548));
    scene_done(&before);
    scene_done(&after);
}

/* How many of 200 requests go where the first did. */
static int together(const char *sticky, const char *body, bool same_user, bool same_conversation)
{
    char preset[512];
    int same = 0;

    snprintf(preset, sizeof(preset), CANARY("%s", "50", "50"), sticky);
    struct scene scene = scene_make(preset, body);
    uint32_t first = 0;

    for (uint64_t i = 0; i < 200; i++) {
        char user[16];

        snprintf(user, sizeof(user), "u%u", same_user ? 0 : (unsigned)i);
        scene.facts.user = scene.facts.key = span_of(user);
        scene.facts.conversation = same_conversation ? 7 : mix64(i);
        scene.facts.random = mix64(i);
        assert_int("resolved", resolve(&scene), 0);
        if (i == 0)
            first = scene.plan.legs[0].levels[0].child;
        same += scene.plan.legs[0].levels[0].child == first;
    }
    scene_done(&scene);
    return same;
}

static void equals_stay_together(void **state)
{
    static const struct {
        const char *what, *sticky, *body;
        bool same_user, same_conversation, together;
    } rows[] = {
        {"a conversation", "", "{}", false, true, true},
        {"other conversations", ",\"sticky\":\"conversation\"", "{}", true, false, false},
        {"none", ",\"sticky\":\"none\"", "{}", true, true, false},
        {"a user", ",\"sticky\":\"user\"", "{}", true, false, true},
        {"other users", ",\"sticky\":\"user\"", "{}", false, true, false},
        {"a key", ",\"sticky\":\"key\"", "{}", true, false, true},
        {"a member of metadata", ",\"sticky\":\"metadata.team\"",
         "{\"metadata\":{\"team\":\"red\"}}", false, false, true},
        {"without that, a conversation", ",\"sticky\":\"metadata.team\"", "{\"metadata\":{}}",
         false, true, true},
        {"and others not", ",\"sticky\":\"metadata.team\"", "{}", true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int same =
            together(rows[i].sticky, rows[i].body, rows[i].same_user, rows[i].same_conversation);

        in_row(rows[i].what, rows[i].together ? same == 200 : same < 150);
    }
}

/* ---- words ---- */

static void the_words_of_sort_are_the_strategies(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 16);
    struct json_doc doc = json_doc_make();
    struct provider_wish wish;
    struct wish_error error;

    (void)state;
    assert_string_equal(WISH_SORTS, POLICY_NAMES);
    for (int i = 0; i < POLICIES; i++) {
        const char *text = arena_printf(arena, "{\"sort\":\"%s\"}", policy_name((enum policy)i));

        assert_int(text, json_parse(&doc, span_of(text), &json_limits_body), JSON_OK);
        assert_int(text, provider_wish_read(&doc, 0, "provider", arena, &wish, &error), 0);
    }
    json_doc_done(&doc);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fallbacks_come_in_their_order),
        cmocka_unit_test(a_plan_has_room_for_so_many),
        cmocka_unit_test(causes_and_statuses_lead_on),
        cmocka_unit_test(models_of_the_request_take_what_is_left),
        cmocka_unit_test(conditions_look_at_the_request),
        cmocka_unit_test(who_is_taken_by_none_is_told_where),
        cmocka_unit_test(shares_are_as_the_weights),
        cmocka_unit_test(only_those_move_whose_share_did),
        cmocka_unit_test(equals_stay_together),
        cmocka_unit_test(the_words_of_sort_are_the_strategies),
    };

    return run_test_table(tests);
}
