/*
 * split: see split.h.
 */
#include "migrations/split.h"

struct split split_make(struct span sql)
{
    return (struct split){sql, 1};
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static char at_or_nul(struct span text, size_t i)
{
    return i < text.size ? text.at[i] : '\0';
}

/* Each of these gets the place where its token begins and answers the place behind it. */

static size_t behind_line_comment(struct span text, size_t i)
{
    while (i < text.size && text.at[i] != '\n')
        i++;
    return i;
}

static size_t behind_block_comment(struct span text, size_t i)
{
    unsigned depth = 0;
    while (i < text.size) {
        if (text.at[i] == '/' && at_or_nul(text, i + 1) == '*') {
            depth++;
            i += 2;
        } else if (text.at[i] == '*' && at_or_nul(text, i + 1) == '/') {
            depth--;
            i += 2;
            if (depth == 0)
                return i;
        } else {
            i++;
        }
    }
    return i;
}

/* A doubled quote is two strings side by side, which comes to the same. */
static size_t behind_quoted(struct span text, size_t i)
{
    char quote = text.at[i];
    bool escapes = quote == '\'' && i > 0 && (text.at[i - 1] == 'E' || text.at[i - 1] == 'e') &&
                   (i < 2 || !is_name_byte(text.at[i - 2]));
    for (i++; i < text.size && text.at[i] != quote; i++) {
        if (escapes && text.at[i] == '\\')
            i++;
    }
    return i < text.size ? i + 1 : text.size;
}

/* $$…$$ or $tag$…$tag$; a lone dollar (a parameter, part of a name) is one byte. */
static size_t behind_dollar(struct span text, size_t i)
{
    size_t tag = 1;
    while (is_name_byte(at_or_nul(text, i + tag)))
        tag++;
    if (at_or_nul(text, i + tag) != '$' || (i > 0 && is_name_byte(text.at[i - 1])))
        return i + 1;
    tag++;
    struct span body = span_part(text, i + tag, text.size);
    const char *end = body.size == 0 ? NULL : memmem(body.at, body.size, text.at + i, tag);
    return end == NULL ? text.size : (size_t)(end - text.at) + tag;
}

/* Behind the token at i, whatever it is. */
static size_t behind_token(struct span text, size_t i)
{
    char c = text.at[i], next = at_or_nul(text, i + 1);
    if (c == '-' && next == '-')
        return behind_line_comment(text, i);
    if (c == '/' && next == '*')
        return behind_block_comment(text, i);
    if (c == '\'' || c == '"')
        return behind_quoted(text, i);
    if (c == '$')
        return behind_dollar(text, i);
    return i + 1;
}

static void advance(struct split *split, size_t size)
{
    for (size_t i = 0; i < size; i++)
        split->line += split->rest.at[i] == '\n';
    split->rest = span_part(split->rest, size, split->rest.size);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';';
}

static void skip_blanks_and_comments(struct split *split)
{
    size_t i = 0;
    while (i < split->rest.size) {
        char c = split->rest.at[i], next = at_or_nul(split->rest, i + 1);
        if (!is_blank(c) && !(c == '-' && next == '-') && !(c == '/' && next == '*'))
            break;
        i = behind_token(split->rest, i);
    }
    advance(split, i);
}

bool split_next(struct split *split, struct span *statement_out, uint32_t *line_out)
{
    skip_blanks_and_comments(split);
    if (split->rest.size == 0)
        return false;
    size_t i = 0;
    while (i < split->rest.size && split->rest.at[i] != ';')
        i = behind_token(split->rest, i);
    *statement_out = span_part(split->rest, 0, i);
    *line_out = split->line;
    advance(split, i);
    return true;
}
