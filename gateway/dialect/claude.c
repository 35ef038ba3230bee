/*
 * claude: see the header.
 */
#include "gateway/dialect/claude.h"
#include "gateway/dialect/chat_text.h"

enum { LOOKS_MAX = 1 << 22 };

/* top_p below which a model that thinks does not take it. */
#define THINKING_TOP_P 0.95

bool claude_takes(const struct chat_part *part)
{
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        return !chat_text_is_blank(part->text);
    case PART_REASONING:
        /* Without a signature of its own, it does not know it again. */
        return part->signature.size > 0 && signer_reads(SIGNER_ANTHROPIC, part->signer);
    case PART_REDACTED:
        return signer_reads(SIGNER_ANTHROPIC, part->signer);
    case PART_IMAGE:
    case PART_AUDIO:
    case PART_FILE:
    case PART_TOOL_CALL:
    case PART_TOOL_RESULT:
        return true;
    case PART_KINDS:
        return false;
    }
    return false;
}

static void put_temperature(struct pieces *out, const struct chat_wish *wish,
                            struct claude_sampling rules, struct ask_losses *losses)
{
    double temperature = chat_number(wish->temperature);
    bool unusual = temperature < 1 || temperature > 1;

    if (wish->temperature.size == 0)
        return;
    if (rules.none || rules.thinks) {
        if (unusual)
            chat_lose(losses, MEMBER_TEMPERATURE);
    } else if (temperature > 1) {
        pieces_put_json(out, "temperature", span_of("1"));
        chat_lose(losses, MEMBER_TEMPERATURE);
    } else {
        pieces_put_json(out, "temperature", wish->temperature);
    }
}

void claude_put_sampling(struct pieces *out, const struct chat_wish *wish,
                         struct claude_sampling rules, const char *top_p_name,
                         struct ask_losses *losses)
{
    double top_p = chat_number(wish->top_p);

    put_temperature(out, wish, rules, losses);
    if (wish->top_p.size == 0)
        return;
    if (!rules.none && (!rules.thinks || top_p >= THINKING_TOP_P) &&
        !(rules.one && wish->temperature.size > 0))
        pieces_put_json(out, top_p_name, wish->top_p);
    else if (top_p < 1)
        chat_lose(losses, MEMBER_TOP_P);
}

void claude_put_stops(struct pieces *out, const struct chat_wish *wish, const char *name,
                      struct ask_losses *losses)
{
    uint32_t written = 0;

    for (uint32_t i = 0; i < wish->stop_count; i++) {
        if (chat_text_is_blank(wish->stops[i])) {
            chat_lose(losses, MEMBER_STOP);
            continue;
        }
        if (written++ == 0) {
            pieces_name(out, name);
            pieces_begin(out, '[');
        }
        pieces_inside(out, wish->stops[i]);
    }
    if (written > 0)
        pieces_end(out, ']');
}

bool claude_turn_calls(const struct chat *chat, struct claude_turn *turn, struct span id)
{
    for (uint32_t m = turn->first; m < turn->last; m++) {
        const struct chat_message *message = &chat->messages[m];
        for (uint32_t i = 0; message->role == CHAT_ASSISTANT && i < message->count; i++) {
            const struct chat_part *part = &chat->parts[message->first + i];
            if (++turn->looks > LOOKS_MAX)
                return false;
            if (part->kind == PART_TOOL_CALL && span_equal(part->id, id))
                return true;
        }
    }
    return false;
}
