/*
 * resume: see the header.
 */
#include "gateway/flow/resume.h"

#include "gateway/flow/legs.h"
#include "gateway/flow/parts.h"

/* More of a text is not kept: an answer of that length is not gone on with. */
#define TEXT_MAX_BYTES ((size_t)256 << 10)

bool resume_is_on(const struct flow *flow)
{
    return flow->resume != NULL && flow->resume->continued > 0;
}

int64_t resume_tokens(const struct flow *flow)
{
    return resume_is_on(flow) ? flow->metering.carried.output_tokens : 0;
}

int64_t resume_cap(const struct flow *flow, int64_t cap)
{
    const struct metering *m = &flow->metering;
    uint32_t begun = m->carried.first;
    const struct route_candidate candidate = {.deployment = m->attempts[begun].deployment,
                                              .leg = flow->attempt_legs[begun]};
    int64_t first;

    if (!resume_is_on(flow))
        return cap;
    first = flow_cap_at(flow, &candidate);
    return (first < cap ? first : cap) - m->carried.output_tokens;
}

/* ---- for whom ---- */

static bool is_turned_off(const struct flow *flow)
{
    struct span value = httpd_header(flow->request, "x-tollgate-continue-on-failure");

    return span_is(value, "0") || span_is(value, "false");
}

/* What a deployment keeps of a conversation is not in the request, so no other one has it. */
static bool is_wanted(const struct flow *flow)
{
    enum ask_kind kind = flow->ask.kind;
    bool chats =
        kind == ASK_CHAT || kind == ASK_MESSAGES || kind == ASK_GENERATE || kind == ASK_RESPONSES;

    return chats && flow->ask.stream && flow->ask.choices == 1 && !flow->pinned &&
           flow->request != NULL && flow->key->tenant->routing.continue_on_failure &&
           !is_turned_off(flow);
}

void resume_begin(struct flow *flow)
{
    struct resume *resume = flow->resume;

    if (resume == NULL && is_wanted(flow) && arena_room(flow->arena) > 2 * sizeof(*resume)) {
        resume = flow->resume = arena_take(flow->arena, sizeof(*resume));
        resume->text = buf_make(TEXT_MAX_BYTES);
    }
    if (resume == NULL)
        return;
    if (resume->continued > 0) {
        flow->attempt->way = WAY_TRANSLATE;
        return;
    }
    buf_clear(&resume->text);
    resume->told = 0;
    resume->over = resume->text_last = resume->shaped_text = false;
    resume->reader.language = NULL;
}

void resume_done(struct flow *flow)
{
    if (flow->resume != NULL)
        buf_done(&flow->resume->text);
    flow->resume = NULL;
}

/* ---- what is said ---- */

static void add_text(struct resume *resume, struct span inside)
{
    if (buf_add_span(&resume->text, inside) != 0)
        resume->over = true;
    resume->text_last = true;
}

static void note(struct flow *flow, const struct answer_event *event)
{
    struct resume *resume = flow->resume;

    resume->over |= event->choice != 0;
    switch (event->kind) {
    case EVENT_BEGIN:
        if (event->usage != NULL && event->usage->state == ANSWER_USAGE_GOOD)
            flow->attempt->input = event->usage->meters;
        return;
    case EVENT_TEXT:
        add_text(resume, event->text);
        return;
    case EVENT_REASONING:
    case EVENT_SIGNATURE:
    case EVENT_REDACTED:
        resume->text_last = false;
        return;
    case EVENT_REFUSAL:
    case EVENT_TOOL:
    case EVENT_ARGUMENTS:
    case EVENT_LOGPROBS:
    case EVENT_IMAGE:
    case EVENT_FINISH:
        resume->over = true;
        return;
    case EVENT_CITATION:
    case EVENT_USAGE:
    case EVENT_ERROR:
    case EVENT_DONE:
    case EVENT_KINDS:
        return;
    }
}

bool resume_hear(struct flow *flow, struct answer_event *event)
{
    if (flow->resume == NULL)
        return true;
    if (resume_is_on(flow) && event->kind == EVENT_TEXT) {
        event->text = prefill_fresh(&flow->resume->prefill, event->text);
        if (event->text.size == 0)
            return false;
    }
    note(flow, event);
    /* The client's stream has begun. */
    return !resume_is_on(flow) || event->kind != EVENT_BEGIN;
}

static void on_event(void *context, const struct answer_event *event)
{
    struct flow *flow = context;

    flow->resume->events += event->kind != EVENT_BEGIN;
    flow->resume->texts += event->kind == EVENT_TEXT;
    note(flow, event);
}

void resume_follow(struct flow *flow, struct span data)
{
    const struct json_doc *doc = &flow->worker->pool->doc;

    if (flow->resume != NULL && !flow->resume->over && flow->client->follow != NULL &&
        doc->count > 0 && doc->text.at == data.at && doc->text.size == data.size)
        flow->client->follow(&flow->attempt->writer, doc);
}

void resume_chunk(struct flow *flow, struct span data, bool learned)
{
    const struct answer_sink sink = {.on_event = on_event, .context = flow};
    struct flow_pool *pool = flow->worker->pool;
    struct resume *resume = flow->resume;

    if (resume == NULL || resume->over)
        return;
    if (resume->reader.language == NULL) {
        resume->answer = answer_make();
        resume->reader = answer_reader_make(flow->attempt->language, &pool->doc, &resume->answer,
                                            sink, pool->frame);
    }
    resume->events = resume->texts = 0;
    resume->reader.language->read_frame(&resume->reader, (struct span){0}, data);
    arena_reset(pool->frame);
    resume_follow(flow, data);
    /* What this reader does not understand is not known to be a text, or not known at all. */
    resume->over |= (resume->answer.signs & (ANSWER_ERROR | ANSWER_MALFORMED)) != 0 ||
                    (learned && resume->texts > 0 && resume->events > 1);
    if (learned)
        resume->shaped_text = resume->texts > 0;
    resume_told(flow);
}

void resume_shaped(struct flow *flow, struct span inside)
{
    struct resume *resume = flow->resume;

    if (resume == NULL)
        return;
    if (resume->shaped_text)
        add_text(resume, inside);
    else
        resume->text_last = false;
    resume_told(flow);
}

void resume_told(struct flow *flow)
{
    if (flow->resume != NULL)
        flow->resume->told = flow->resume->text.size;
}

void resume_content(struct flow *flow)
{
    if (resume_is_on(flow) && flow->request != NULL && flow->client->comments)
        out_bytes(flow, span_of(": continued\n\n"));
}

/* ---- how it ends ---- */

/* Another provider may do better; the whole time is over for all of them. */
static bool is_death(const struct verdict_in *in)
{
    struct verdict_in before = *in;

    before.content = false;
    switch (in->fault) {
    case FAULT_RESET:
    case FAULT_IDLE:
    case FAULT_TRUNCATED:
        return true;
    case FAULT_STREAM:
        return verdict_of(&before).verdict == VERDICT_NEXT;
    case FAULT_CONNECT:
    case FAULT_STALE:
    case FAULT_FIRST_TOKEN:
    case FAULT_TOTAL:
    case FAULT_STATUS:
    case FAULT_NONSENSE:
    case FAULT_BLOCKED:
    case FAULT_DEADLINE:
    case FAULT_MOCKED:
    case FAULTS:
        break;
    }
    return false;
}

/* "error" is no end of an answer. */
static bool is_finished(const struct answer *answer)
{
    return (answer->signs & ANSWER_FINISH) != 0 && strcmp(answer->finish_reason, "error") != 0;
}

/* Whether the client has the text and nothing behind it. */
static bool ends_in_text(const struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    const struct resume *resume = flow->resume;

    return !resume->over && resume->text_last && resume->told == resume->text.size &&
           attempt->told.size == 0 && attempt->tail.size == 0 && !is_finished(&attempt->answer);
}

static bool asks_for_text(const struct chat *chat)
{
    return chat->wish.format == FORMAT_TEXT && !chat->wish.logprobs && chat->wish.choices <= 1;
}

static bool writes_on(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->way == WAY_TRANSLATE)
        return true;
    spoken_name(flow);
    return flow->client->resume != NULL && flow->client->resume(&attempt->writer);
}

static bool make_entered_chat(struct flow *flow)
{
    struct resume *resume = flow->resume;
    struct span text = buf_span(&resume->text);

    /* The buffer moves while it grows, and the body that is sent points into the text. */
    if (!flow_read_chat(flow) || !asks_for_text(&flow->chat) ||
        arena_room(flow->arena) < 4 * text.size)
        return false;
    resume->prefill = prefill_make(arena_span(flow->arena, text));
    return resume->prefill.text.size > 0 &&
           prefill_chat(&flow->chat, resume->prefill.text, flow->arena, &resume->chat);
}

/* The chat that is asked next: with what a preset had changed for the answer that was begun. */
static bool make_chat(struct flow *flow)
{
    uint8_t leg = flow->attempt->candidate->leg;
    bool made;

    if (!legs_enter_body(flow, leg))
        return false;
    made = make_entered_chat(flow);
    legs_leave_body(flow, leg);
    return made;
}

static const struct meters *input_of(const struct attempt *attempt)
{
    return attempt->answer.usage.state == ANSWER_USAGE_GOOD && meters_prompt(&attempt->input) == 0
               ? &attempt->answer.usage.meters
               : &attempt->input;
}

static bool go_on(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (!ends_in_text(flow) || !make_chat(flow) || !writes_on(flow))
        return false;
    metering_carry(&flow->metering, &attempt->answer, input_of(attempt));
    flow->resume->writer = attempt->writer;
    flow->resume->continued++;
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_CONTINUED, 1);
    return true;
}

bool resume_goes_on(struct flow *flow, const struct verdict_in *in)
{
    if (flow->resume == NULL || flow->request == NULL)
        return false;
    if (flow->attempt->content)
        return is_death(in) && go_on(flow);
    /* Refused for what is in it: not the client's fault, who asked for no such thing. */
    return resume_is_on(flow) && verdict_of(in).verdict != VERDICT_GIVE_UP;
}

/* The next attempt is waited for. */
static bool between(const struct flow *flow)
{
    return flow->metering.current < flow->metering.carried.attempts;
}

enum event_outcome resume_outcome(const struct flow *flow)
{
    enum event_outcome outcome = flow->outcome;

    if (!resume_is_on(flow))
        return outcome;
    if (outcome == OUTCOME_PROVIDER_FAILED || outcome == OUTCOME_NOT_DISPATCHED)
        return OUTCOME_PROVIDER_DIED;
    if (outcome == OUTCOME_CLIENT_LEFT_EARLY && (!flow->attempt->content || between(flow)))
        return OUTCOME_CLIENT_LEFT;
    return outcome == OUTCOME_BLANK ? OUTCOME_FINISHED : outcome;
}
