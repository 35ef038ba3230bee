/*
 * prefill: see the header.
 */
#include "gateway/dialect/prefill.h"

#include "gateway/dialect/anthropic.h"
#include "gateway/dialect/bedrock_ask.h"
#include "gateway/dialect/chat_text.h"
#include "gateway/dialect/compatible.h"

/* ---- the text ---- */

struct prefill prefill_make(struct span text)
{
    struct span kept = chat_text_without_end(text);

    return (struct prefill){.text = kept, .blanks = span_part(text, kept.size, SIZE_MAX)};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The blank that an inside begins with, and its size; 0: with another character. */
static char first_blank(struct span inside, size_t *size_out)
{
    static const char names[] = "nrt", blanks[] = "\n\r\t";
    const char *found;

    *size_out = 1;
    if (inside.size > 0 && inside.at[0] == ' ')
        return ' ';
    if (inside.size < 2 || inside.at[0] != '\\')
        return 0;
    *size_out = 2;
    found = memchr(names, inside.at[1], sizeof(names) - 1);
    if (found != NULL)
        return blanks[found - names];
    *size_out = 6;
    if (inside.size < 6 || memcmp(inside.at, "\\u00", 4) != 0 || hex_digit(inside.at[4]) < 0 ||
        hex_digit(inside.at[5]) < 0)
        return 0;
    char c = (char)(hex_digit(inside.at[4]) * 16 + hex_digit(inside.at[5]));
    return c == ' ' || memchr(blanks, c, sizeof(blanks) - 1) != NULL ? c : 0;
}

struct span prefill_fresh(struct prefill *prefill, struct span text)
{
    size_t told, said;

    while (text.size > 0 && prefill->blanks.size > 0) {
        char blank = first_blank(prefill->blanks, &told);
        if (blank == 0 || first_blank(text, &said) != blank) {
            prefill->blanks = (struct span){0};
            return text;
        }
        prefill->blanks = span_part(prefill->blanks, told, SIZE_MAX);
        text = span_part(text, said, SIZE_MAX);
    }
    return text;
}

/* ---- the chat ---- */

static bool ends_with_assistant(const struct chat *chat)
{
    return chat->message_count > 0 &&
           chat->messages[chat->message_count - 1].role == CHAT_ASSISTANT;
}

bool prefill_chat(const struct chat *chat, struct span text, struct arena *arena,
                  struct chat *chat_out)
{
    bool joins = ends_with_assistant(chat);
    uint32_t last = joins ? chat->message_count - 1 : chat->message_count;
    uint32_t said = joins ? chat->messages[last].count : 0;
    size_t messages = (size_t)last + 1, parts = (size_t)chat->part_count + said + 1;
    struct chat_message *message;

    if (arena_room(arena) / 2 < messages * sizeof(*chat->messages) + parts * sizeof(*chat->parts))
        return false;
    *chat_out = *chat;
    chat_out->messages = arena_array(arena, messages, sizeof(*chat->messages));
    chat_out->parts = arena_array(arena, parts, sizeof(*chat->parts));
    if (chat->message_count > 0)
        memcpy(chat_out->messages, chat->messages, last * sizeof(*chat->messages));
    if (chat->part_count > 0)
        memcpy(chat_out->parts, chat->parts, chat->part_count * sizeof(*chat->parts));
    message = &chat_out->messages[last];
    *message = (struct chat_message){.role = CHAT_ASSISTANT};
    if (joins) {
        *message = chat->messages[last];
        if (said > 0)
            memcpy(&chat_out->parts[chat->part_count], &chat->parts[message->first],
                   said * sizeof(*chat->parts));
    }
    message->first = chat->part_count;
    message->count = said + 1;
    chat_out->parts[chat->part_count + said] = (struct chat_part){.kind = PART_TEXT, .text = text};
    chat_out->message_count = last + 1;
    chat_out->part_count = (uint32_t)parts;
    chat_out->goes_on = true;
    chat_out->wish.effort = EFFORT_NONE;
    chat_out->wish.reasoning_budget = -1;
    return true;
}

/* ---- who goes on ---- */

bool prefill_is_taken(const struct upstream_language *language,
                      const struct language_target *target)
{
    switch (language->family) {
    case FAMILY_ANTHROPIC:
        return !anthropic_model_of(target->model).no_prefill;
    case FAMILY_BEDROCK:
        return bedrock_model_of(target->model).prefill;
    case FAMILY_OPENAI:
        return (target->compatible == NULL || !target->compatible->no_prefill) &&
               !anthropic_model_of(target->model).no_prefill;
    case FAMILY_GEMINI:
    case FAMILY_COHERE:
    case FAMILY_RESPONSES:
        return true;
    case FAMILY_COMPLETIONS:
        break;
    }
    return false;
}
