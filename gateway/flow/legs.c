/*
 * legs: see the header.
 */
#include "gateway/flow/legs.h"

#include "gateway/dialect/ask_needs.h"
#include "gateway/dialect/override.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/unchosen.h"

#define PRESET_PREFIX "@preset/"
enum { NEEDS_MAX = 5 };

/* The lists of a request, in the order in which they are gone to: those for one kind of failure
 * before those for any. */
struct leg_list {
    const char *member;
    const struct ask_models *models;
    uint8_t on;
};
enum { LISTS = 4 };

static void lists_of(const struct flow *flow, struct leg_list lists_out[LISTS])
{
    const struct ask_routing *routing = &flow->ask.routing;
    const struct leg_list lists[LISTS] = {
        {"context_window_fallbacks", &routing->fallbacks[FALL_CONTEXT], 1 << FALL_CONTEXT},
        {"content_policy_fallbacks", &routing->fallbacks[FALL_POLICY], 1 << FALL_POLICY},
        {"models", &routing->models, FALL_ANY},
        {"fallbacks", &routing->fallbacks[FALL_ERROR], FALL_ANY}};

    memcpy(lists_out, lists, sizeof(lists));
}

static void add(struct plan *plan, struct span model, uint8_t on)
{
    if (plan->count < PLAN_LEGS_MAX)
        plan->legs[plan->count++] = (struct plan_leg){.model = model, .on = on};
}

static void add_lists(struct flow *flow)
{
    struct leg_list lists[LISTS];

    lists_of(flow, lists);
    for (size_t i = 0; i < LISTS && !flow->pinned; i++)
        for (uint32_t j = 0; j < lists[i].models->count; j++)
            add(&flow->plan, lists[i].models->at[j], lists[i].on);
}

/* ---- which preset ---- */

/* "@preset/x" and "model@preset/x": the name, taken off the model; empty: there is none. */
static struct span take_from_model(struct span *model)
{
    static const char prefix[] = PRESET_PREFIX;

    for (size_t i = 0; i < model->size; i++) {
        struct span rest = span_part(*model, i, SIZE_MAX);

        if (span_starts(rest, prefix)) {
            *model = span_part(*model, 0, i);
            return span_part(rest, sizeof(prefix) - 1, SIZE_MAX);
        }
    }
    return (struct span){0};
}

/* By its name: of the member, or of the model. */
static enum go find_preset(struct flow *flow, struct span *model)
{
    struct span named = take_from_model(model), name = flow->ask.routing.preset;
    const char *param = name.size > 0 ? "preset" : "model";

    if (named.size > 0 && name.size > 0 && !span_equal(named, name)) {
        flow_refuse(flow, REFUSE_INVALID_VALUE,
                    &(struct refusal_say){
                        .message = span_of("'preset' and 'model' name two presets that differ."),
                        .param = "preset"});
        return GO_END;
    }
    if (name.size == 0)
        name = named;
    if (name.size == 0 && span_is(*model, "auto") &&
        snapshot_find_model(flow->snapshot, *model) == NULL) {
        name = *model;
        *model = (struct span){0};
    }
    if (name.size == 0)
        return GO_NEXT;
    flow->preset = name.size > PRESET_NAME_MAX
                       ? NULL
                       : snapshot_find_preset(flow->snapshot, flow->key->tenant, name);
    return flow->preset != NULL ? GO_NEXT : unchosen_no_preset(flow, name, param);
}

/* ---- what it looks at ---- */

static uint64_t random_of(const struct flow *flow)
{
    uint64_t number;

    memcpy(&number, &flow->call.id.at[sizeof(flow->call.id) - sizeof(number)], sizeof(number));
    return number;
}

static uint64_t conversation_of(const struct flow *flow)
{
    uint64_t tenant;

    memcpy(&tenant, flow->key->tenant->id.at, sizeof(tenant));
    if (flow->ask.session_id.size > 0)
        return tenant ^ ask_hash(flow->ask.session_id);
    return ask_is_chat(flow->ask.kind) ? tenant ^ ask_conversation(&flow->ask_doc)
                                       : random_of(flow);
}

static uint32_t needs_of(const struct flow *flow, const char *needs_out[NEEDS_MAX])
{
    const struct ask_needs needs = ask_needs_of(flow->ask.kind, &flow->ask_doc);
    const struct {
        bool needed;
        const char *word;
    } rows[NEEDS_MAX] = {{(needs.input >> MODALITY_IMAGE & 1) != 0, "image"},
                         {(needs.input >> MODALITY_AUDIO & 1) != 0, "audio"},
                         {(needs.input >> MODALITY_FILE & 1) != 0, "file"},
                         {(needs.can >> ABILITY_TOOLS & 1) != 0, "tools"},
                         {(needs.can >> ABILITY_STRUCTURED_OUTPUT & 1) != 0, "json_schema"}};
    uint32_t count = 0;

    for (size_t i = 0; i < NEEDS_MAX; i++)
        if (rows[i].needed)
            needs_out[count++] = rows[i].word;
    return count;
}

/* As they came: "key=value". */
static const struct span *tags_of(struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    struct span *tags = arena_array(flow->arena, ASK_TAGS_MAX, sizeof(*tags));

    for (uint32_t i = 0; i < ask->tag_count; i++)
        tags[i] = ask->tags[i].value.size == 0
                      ? ask->tags[i].name
                      : span_of(arena_printf(flow->arena, "%.*s=%.*s", SPAN_ARG(ask->tags[i].name),
                                             SPAN_ARG(ask->tags[i].value)));
    return tags;
}

/* A dry run is told of as the chat completion that it stands for. */
static enum endpoint endpoint_of(const struct flow *flow)
{
    return flow->call.endpoint == ENDPOINT_DRY_RUN ? ENDPOINT_CHAT_COMPLETIONS
                                                   : flow->call.endpoint;
}

static enum go resolve(struct flow *flow)
{
    const char *needs[NEEDS_MAX], *where;
    char key[ID_TEXT_SIZE];
    const struct plan_facts facts = {.body = &flow->ask_doc,
                                     .metadata = json_find(&flow->ask_doc, 0, "metadata"),
                                     .model = flow->ask.model,
                                     .endpoint = span_of(endpoint_name(endpoint_of(flow))),
                                     .user = flow->ask.user,
                                     .key = span_make(key, id_format(ID_KEY, flow->key->id, key)),
                                     .tags = tags_of(flow),
                                     .tag_count = flow->ask.tag_count,
                                     .prompt_tokens = flow->metering.counted_input,
                                     .needs = needs,
                                     .need_count = needs_of(flow, needs),
                                     .stream = flow->ask.stream,
                                     .conversation = conversation_of(flow),
                                     .random = random_of(flow)};

    if (plan_resolve(&flow->preset->preset, &facts, flow->arena, &flow->plan, &where) == 0)
        return GO_NEXT;
    flow_refuse(flow, REFUSE_INVALID_VALUE,
                &(struct refusal_say){
                    .message = span_of(arena_printf(
                        flow->arena,
                        "No condition of '%s' in the routing preset '%.*s' holds for this request, "
                        "and it has no default.",
                        where, SPAN_ARG(flow->preset->name))),
                    .param = "preset"});
    return GO_END;
}

/* A target without a model is for the one that was asked for. */
static enum go check_models(struct flow *flow)
{
    const struct plan *plan = &flow->plan;

    for (uint32_t i = 0; i < plan->count && flow->ask.model.size == 0; i++)
        if (plan->legs[i].model.size == 0) {
            flow_refuse(
                flow, REFUSE_INVALID_VALUE,
                &(struct refusal_say){
                    .message = span_of(arena_printf(
                        flow->arena,
                        "The target '%.*s' of the routing preset '%.*s' is for the model "
                        "that is asked for, and the request names none.",
                        SPAN_ARG(plan->legs[i].target->name), SPAN_ARG(flow->preset->name))),
                    .param = "model"});
            return GO_END;
        }
    return GO_NEXT;
}

/* One that is used where none is named is for chats: what it names are models for them. */
static bool uses_default(const struct flow *flow)
{
    return flow->preset == NULL && flow->key->preset != NULL && ask_is_chat(flow->ask.kind) &&
           !flow->pinned;
}

/* What a preset forbids that cannot be read nobody knows, so nothing is sent without it. */
static enum go take_default(struct flow *flow)
{
    if (!uses_default(flow))
        return GO_NEXT;
    if (flow->key->preset->preset.root == NULL) {
        flow_refuse(flow, REFUSE_STORE,
                    &(struct refusal_say){
                        .message = span_of("The routing preset of requests that name none cannot "
                                           "be read by this gateway.")});
        return GO_END;
    }
    flow->preset = flow->key->preset;
    return GO_NEXT;
}

static struct span overrides_of(const struct flow *flow, uint8_t leg)
{
    const struct preset_target *target = flow->plan.legs[leg].target;

    return target == NULL || !ask_is_chat(flow->ask.kind) ? (struct span){0} : target->overrides;
}

/* Read once: a reservation looks at them for every candidate, and more than once. */
static void note_effects(struct flow *flow)
{
    struct override_effect *effects = arena_array(flow->arena, PLAN_LEGS_MAX, sizeof(*effects));

    for (uint32_t i = 0; i < flow->plan.count; i++)
        effects[i] = override_effect_of(overrides_of(flow, (uint8_t)i));
    flow->effects = effects;
}

enum go legs_plan(struct flow *flow)
{
    flow->plan.count = 0;
    if (find_preset(flow, &flow->ask.model) != GO_NEXT || take_default(flow) != GO_NEXT)
        return GO_END;
    if (flow->preset == NULL)
        add(&flow->plan, (struct span){0}, FALL_ANY);
    else if (resolve(flow) != GO_NEXT || check_models(flow) != GO_NEXT)
        return GO_END;
    else
        flow->route.plan = &flow->plan;
    add_lists(flow);
    if (flow->preset != NULL)
        note_effects(flow);
    return GO_NEXT;
}

struct span legs_name(const struct flow *flow, uint8_t leg)
{
    const struct preset_target *target = flow->plan.legs[leg].target;

    return target == NULL ? (struct span){0} : target->name;
}

const char *legs_member(const struct flow *flow, uint32_t leg)
{
    struct leg_list lists[LISTS];
    uint32_t before = 0;

    while (before < flow->plan.count && flow->plan.legs[before].target != NULL)
        before++;
    before += before == 0;

    lists_of(flow, lists);
    for (size_t i = 0; i < LISTS && leg >= before; i++) {
        if (leg < before + lists[i].models->count)
            return lists[i].member;
        before += lists[i].models->count;
    }
    return "model";
}

/* ---- overrides ---- */

/* The body of one leg, with what it was read as. While it is in the client's place, that is here:
 * what points to a document points to the flow's, wherever its own is. */
struct leg_body {
    struct leg_body *next;
    uint8_t leg;
    bool good; /* it could be read */
    struct buf text;
    struct json_doc doc;
    struct ask ask;
    enum chat_state chat_state;
    struct chat chat;
    const char *chat_why, *chat_member;
};

int64_t legs_cap(const struct flow *flow, uint8_t leg)
{
    return flow->effects == NULL ? -1 : flow->effects[leg].max_tokens;
}

int64_t legs_added_input(const struct flow *flow, uint8_t leg)
{
    return flow->effects == NULL ? 0 : (int64_t)flow->effects[leg].system_bytes;
}

static void change_places(struct flow *flow, struct leg_body *body)
{
    struct leg_body own = *body;

    body->doc = flow->ask_doc;
    body->ask = flow->ask;
    body->chat_state = flow->chat_state;
    body->chat = flow->chat;
    body->chat_why = flow->chat_why;
    body->chat_member = flow->chat_member;
    flow->ask_doc = own.doc;
    flow->ask = own.ask;
    flow->chat_state = own.chat_state;
    flow->chat = own.chat;
    flow->chat_why = own.chat_why;
    flow->chat_member = own.chat_member;
}

/* What headers and the path said holds for it too. */
static bool read_own(struct flow *flow, struct leg_body *body)
{
    const struct ask asked = flow->ask;
    const struct ask_source source = {.kind = asked.kind,
                                      .body = buf_span(&body->text),
                                      .model = asked.model,
                                      .stream = asked.stream};
    struct ask_refusal why;

    change_places(flow, body);
    body->good = ask_read(&source, &flow->ask_doc, flow->arena, &flow->ask, &why) == ASK_OK;
    if (body->good) {
        flow->ask.model = asked.model;
        flow->ask.wish = asked.wish;
        flow->ask.routing = asked.routing;
    }
    change_places(flow, body);
    return body->good;
}

static struct leg_body *body_of(struct flow *flow, uint8_t leg)
{
    for (struct leg_body *body = flow->bodies; body != NULL; body = body->next)
        if (body->leg == leg)
            return body;
    return NULL;
}

static struct leg_body *make_body(struct flow *flow, uint8_t leg)
{
    struct leg_body *body;

    if (arena_room(flow->arena) < 2 * sizeof(*body))
        return NULL;
    body = arena_take(flow->arena, sizeof(*body));
    *body = (struct leg_body){.next = flow->bodies,
                              .leg = leg,
                              .text = buf_make(json_limits_body.max_bytes),
                              .doc = json_doc_make()};
    flow->bodies = body;
    if (override_write(flow->ask.kind, &flow->ask_doc, overrides_of(flow, leg), &body->text) == 0)
        (void)read_own(flow, body);
    return body;
}

bool legs_enter_body(struct flow *flow, uint8_t leg)
{
    struct leg_body *body;

    if (overrides_of(flow, leg).size == 0)
        return true;
    body = body_of(flow, leg);
    if (body == NULL)
        body = make_body(flow, leg);
    if (body == NULL || !body->good)
        return false;
    change_places(flow, body);
    return true;
}

void legs_leave_body(struct flow *flow, uint8_t leg)
{
    if (overrides_of(flow, leg).size > 0)
        change_places(flow, body_of(flow, leg));
}

void legs_done(struct flow *flow)
{
    for (struct leg_body *body = flow->bodies; body != NULL; body = body->next) {
        json_doc_done(&body->doc);
        buf_done(&body->text);
    }
    flow->bodies = NULL;
}
