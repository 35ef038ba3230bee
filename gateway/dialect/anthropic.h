/*
 * anthropic: what the files of the Messages language share.
 *
 * Follows https://platform.claude.com/docs/en/api/messages and the pages on streaming, thinking,
 * effort, structured outputs, prompt caching and errors.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_H
#define TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_H

#include "gateway/dialect/claude.h"
#include "gateway/dialect/language.h"

/* A model without structured outputs answers a schema by calling this tool; whoever reads the
 * answer takes the call's arguments for the text. */
#define ANTHROPIC_SCHEMA_TOOL "tollgate_structured_output"

/* What stands in a body at Vertex, where the header has no place. */
#define ANTHROPIC_VERTEX_VERSION "vertex-2023-10-16"

/* The signature of a tool call (Gemini's) goes to a client as redacted thinking behind the call:
 * this word and the signature. The client sends it back, and it is put to the call again. */
#define ANTHROPIC_CALL_SIGNATURE "tollgate_call_signature:"

/* What a model takes, told by its name: older ones are given a thinking budget, newer ones an
 * effort; the newest take no sampling parameters. */
struct anthropic_model {
    bool schema;       /* output_config.format, and strict tools */
    bool adaptive;     /* thinking of type adaptive, with output_config.effort */
    bool budget;       /* thinking of type enabled, with budget_tokens */
    bool no_sampling;  /* neither temperature nor top_p nor top_k */
    bool one_sampling; /* temperature or top_p, not both */
    bool xhigh;        /* an effort of "xhigh"; else "max" is the next above "high" */
    bool silent;       /* tells its thinking only when asked to */
    bool always;       /* thinking can not be switched off */
    bool no_prefill;   /* a chat may not end with an assistant's message */
};
/* `model` as its provider names it; names of Vertex and Bedrock too. */
must_use struct anthropic_model anthropic_model_of(struct span model);

/* Writes the messages, the system prompt and the tools of a chat (anthropic_turns.c). */
struct anthropic_writing {
    struct pieces *out;
    const struct chat *chat;
    struct ask_losses *losses;
    bool strict_tools;
    uint32_t cache_skip; /* breakpoints still to be left out: four are the most */
    struct claude_turn before;
};
void anthropic_write_cache(struct anthropic_writing *w, enum chat_cache cache);
void anthropic_write_system(struct anthropic_writing *w, struct span instruction);
void anthropic_write_turns(struct anthropic_writing *w);
void anthropic_write_tools(struct anthropic_writing *w, bool schema_tool);
/* Whether the conversation stands inside of a tool loop whose assistant turn begins with no
 * thinking that can be shown again: manual thinking is refused then. */
must_use bool anthropic_loop_without_thinking(const struct chat *chat);
must_use bool anthropic_has_calls(const struct chat *chat);

/* A schema as constrained answers and strict tools take it (anthropic_schema.c). */
struct anthropic_schema {
    struct span text; /* of the schema's own bytes, or in the arena */
    bool open;        /* an object takes members of any name: it can not be said */
    bool loosened;    /* bounds of numbers or lengths were left out */
};
must_use struct anthropic_schema anthropic_schema_of(struct span schema, struct arena *arena);

/* Chat -> body; on Vertex the model is in the path. */
must_use enum ask_written anthropic_write_ask(const struct chat *chat,
                                              const struct language_target *target, bool vertex,
                                              struct pieces *out, struct ask_losses *losses_out);

/* A body of Messages for one target: patch_ask of the two languages (anthropic_patch.c). */
must_use bool anthropic_patch_ask(struct patch *patch, const struct ask *ask,
                                  const struct language_target *target, struct arena *arena);
must_use bool anthropic_vertex_patch_ask(struct patch *patch, const struct ask *ask,
                                         const struct language_target *target, struct arena *arena);

void anthropic_read_frame(struct answer_reader *reader, struct span event, struct span data);
void anthropic_read_whole(struct answer_reader *reader, struct span body);
must_use bool anthropic_read_error(struct answer_reader *reader, struct span body);

int anthropic_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                       const char **why_out, const char **member_out);
/* The body of /v1/messages/count_tokens: the same without what shapes the answer. */
must_use int anthropic_read_count_ask(const struct json_doc *doc, struct arena *arena,
                                      struct chat *chat_out, const char **why_out,
                                      const char **member_out);
void anthropic_write_answer(struct answer_writer *writer, const struct answer_event *event);
void anthropic_write_ping(struct answer_writer *writer);
void anthropic_follow(struct answer_writer *writer, const struct json_doc *frame);
must_use bool anthropic_resume(struct answer_writer *writer);

#endif
