/*
 * answer_fixtures: see the header.
 */
#include "tests/unit/gateway/dialect/answer_fixtures.h"

#include <stdio.h>

#define CHUNK(rest) "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\"," rest "}"
#define DELTA(delta) CHUNK("\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]")
#define OPENAI_USAGE                                                                               \
    "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":9,\"total_tokens\":29,"                 \
    "\"prompt_tokens_details\":{\"cached_tokens\":5},"                                             \
    "\"completion_tokens_details\":{\"reasoning_tokens\":3}}"
#define ANTHROPIC_USAGE                                                                            \
    "{\"input_tokens\":11,\"cache_read_input_tokens\":5,\"cache_creation_input_tokens\":4,"        \
    "\"output_tokens\":9}"
#define BLOCK(kind, index, rest) "{\"type\":\"content_block_" kind "\",\"index\":" index rest "}"
#define GEMINI_USAGE                                                                               \
    "\"usageMetadata\":{\"promptTokenCount\":20,\"cachedContentTokenCount\":5,"                    \
    "\"candidatesTokenCount\":6,\"thoughtsTokenCount\":3,\"totalTokenCount\":29}"
#define PARTS(parts, rest)                                                                         \
    "{\"candidates\":[{\"content\":{\"parts\":[" parts "],\"role\":\"model\"},\"index\":0" rest    \
    "}],"
#define GEMINI_END "\"modelVersion\":\"m\",\"responseId\":\"g1\"}"
#define BEDROCK_USAGE                                                                              \
    "{\"inputTokens\":11,\"outputTokens\":9,\"totalTokens\":29,\"cacheReadInputTokens\":5,"        \
    "\"cacheWriteInputTokens\":4}"
#define COHERE_USAGE                                                                               \
    "{\"billed_units\":{\"input_tokens\":12,\"output_tokens\":7},\"tokens\":{\"input_tokens\":20," \
    "\"output_tokens\":9},\"cached_tokens\":5}"
#define MESSAGE(message) "\"delta\":{\"message\":" message "}"
#define RESPONSES_USAGE                                                                            \
    "\"usage\":{\"input_tokens\":20,\"input_tokens_details\":{\"cached_tokens\":5},"               \
    "\"output_tokens\":9,\"output_tokens_details\":{\"reasoning_tokens\":3},\"total_tokens\":29}"
#define RESPONSES_OUTPUT                                                                           \
    "\"output\":[{\"type\":\"reasoning\",\"id\":\"rs1\",\"summary\":[{\"type\":\"summary_text\","  \
    "\"text\":\"Hm.\"}]},{\"type\":\"message\",\"id\":\"ms1\",\"role\":\"assistant\",\"content\":" \
    "["                                                                                            \
    "{\"type\":\"output_text\",\"text\":\"It is\\n7\\u00b0.\",\"annotations\":[]}]},"              \
    "{\"type\":\"function_call\",\"id\":\"fc1\",\"call_id\":\"call_1\",\"name\":\"f\","            \
    "\"arguments\":\"{\\\"a\\\":1}\"}]"

const struct answer_fixture answer_fixtures[ANSWER_FIXTURES] = {
    {.language = &openai_upstream,
     .frames = {{NULL, DELTA("{\"role\":\"assistant\",\"content\":\"\"}")},
                {NULL, DELTA("{\"reasoning_content\":\"H\"}")},
                {NULL, DELTA("{\"reasoning_content\":\"m.\"}")},
                {NULL, DELTA("{\"content\":\"It is\\n\"}")},
                {NULL, DELTA("{\"content\":\"7\\u00b0.\"}")},
                {NULL, DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":"
                             "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}")},
                {NULL, DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
                             "\"{\\\"a\\\"\"}}]}")},
                {NULL, DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
                             "\":1}\"}}]}")},
                {NULL, CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
                             "\"tool_calls\"}]")},
                {NULL, CHUNK("\"choices\":[]," OPENAI_USAGE)},
                {NULL, "[DONE]"}},
     .whole = "{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{"
              "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"It is\\n7\\u00b0.\","
              "\"reasoning_content\":\"Hm.\",\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
              "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},"
              "\"finish_reason\":\"tool_calls\"}]," OPENAI_USAGE "}",
     .swaps = {8},
     .thinks = true},
    {.language = &anthropic_upstream,
     .frames =
         {{"message_start",
           "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
           "\"role\":"
           "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":11,"
           "\"cache_read_input_tokens\":5,\"cache_creation_input_tokens\":4,\"output_tokens\":1}}"
           "}"},
          {"content_block_start",
           BLOCK("start", "0", ",\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}")},
          {"ping", "{\"type\":\"ping\"}"},
          {"content_block_delta",
           BLOCK("delta", "0", ",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}")},
          {"content_block_delta",
           BLOCK("delta", "0", ",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}")},
          {"content_block_stop", BLOCK("stop", "0", "")},
          {"content_block_start",
           BLOCK("start", "1", ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}")},
          {"content_block_delta",
           BLOCK("delta", "1", ",\"delta\":{\"type\":\"text_delta\",\"text\":\"It is\\n\"}")},
          {"content_block_delta",
           BLOCK("delta", "1", ",\"delta\":{\"type\":\"text_delta\",\"text\":\"7\\u00b0.\"}")},
          {"content_block_stop", BLOCK("stop", "1", "")},
          {"content_block_start",
           BLOCK("start", "2",
                 ",\"content_block\":{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"f\","
                 "\"input\":{}}")},
          {"content_block_delta",
           BLOCK("delta", "2",
                 ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\"\"}")},
          {"content_block_delta",
           BLOCK("delta", "2",
                 ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\":1}\"}")},
          {"content_block_stop", BLOCK("stop", "2", "")},
          {"message_delta", "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},"
                            "\"usage\":" ANTHROPIC_USAGE "}"},
          {"message_stop", "{\"type\":\"message_stop\"}"}},
     .whole = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
              "\"content\":[{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"c2ln\"},"
              "{\"type\":\"text\",\"text\":\"It is\\n7\\u00b0.\"},{\"type\":\"tool_use\",\"id\":"
              "\"call_1\",\"name\":\"f\",\"input\":{\"a\":1}}],\"stop_reason\":\"tool_use\","
              "\"usage\":" ANTHROPIC_USAGE "}",
     .swaps = {1, 2},
     .thinks = true,
     .cache_write = 4},
    {.language = &gemini_upstream,
     .frames = {{NULL, PARTS("{\"text\":\"Hm.\",\"thought\":true}", "") GEMINI_END},
                {NULL, PARTS("{\"text\":\"It is\\n\"}", "") GEMINI_USAGE "," GEMINI_END},
                {NULL, PARTS("{\"text\":\"7\\u00b0.\"}", "") GEMINI_END},
                {NULL, PARTS("{\"functionCall\":{\"id\":\"call_1\",\"name\":\"f\",\"args\":{\"a\":"
                             "1}}}",
                             "") GEMINI_END},
                {NULL, PARTS("{\"text\":\"\"}", ",\"finishReason\":\"STOP\"") GEMINI_USAGE
                 "," GEMINI_END}},
     .whole = PARTS("{\"text\":\"Hm.\",\"thought\":true},{\"text\":\"It is\\n7\\u00b0.\"},"
                    "{\"functionCall\":{\"id\":\"call_1\",\"name\":\"f\",\"args\":{\"a\":1}}}",
                    ",\"finishReason\":\"STOP\"") GEMINI_USAGE "," GEMINI_END,
     .thinks = true},
    {.language = &bedrock_upstream,
     .frames = {{"messageStart", "{\"role\":\"assistant\"}"},
                {"contentBlockDelta",
                 "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":"
                 "\"Hm.\"}}}"},
                {"contentBlockStop", "{\"contentBlockIndex\":0}"},
                {"contentBlockDelta",
                 "{\"contentBlockIndex\":1,\"delta\":{\"text\":\"It is\\n\"},\"p\":\"abc\"}"},
                {"contentBlockDelta",
                 "{\"contentBlockIndex\":1,\"delta\":{\"text\":\"7\\u00b0.\"}}"},
                {"contentBlockStop", "{\"contentBlockIndex\":1}"},
                {"contentBlockStart",
                 "{\"contentBlockIndex\":2,\"start\":{\"toolUse\":{\"toolUseId\":"
                 "\"call_1\",\"name\":\"f\"}}}"},
                {"contentBlockDelta", "{\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":"
                                      "\"{\\\"a\\\"\"}}}"},
                {"contentBlockDelta",
                 "{\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":\":1}\"}}}"},
                {"contentBlockStop", "{\"contentBlockIndex\":2}"},
                {"messageStop", "{\"stopReason\":\"tool_use\"}"},
                {"metadata", "{\"usage\":" BEDROCK_USAGE ",\"metrics\":{\"latencyMs\":1}}"}},
     .whole = "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":"
              "{\"reasoningText\":{\"text\":\"Hm.\"}}},{\"text\":\"It is\\n7\\u00b0.\"},{"
              "\"toolUse\":{\"toolUseId\":\"call_1\",\"name\":\"f\",\"input\":{\"a\":1}}}]}},"
              "\"stopReason\":\"tool_use\",\"usage\":" BEDROCK_USAGE "}",
     .thinks = true,
     .cache_write = 4},
    {.language = &cohere_upstream,
     .frames =
         {{"message-start", "{\"type\":\"message-start\",\"id\":\"co1\"," MESSAGE(
                                "{\"role\":\"assistant\",\"content\":[]}") "}"},
          {"content-start", "{\"type\":\"content-start\",\"index\":0," MESSAGE(
                                "{\"content\":{\"type\":\"text\",\"text\":\"\"}}") "}"},
          {"content-delta", "{\"type\":\"content-delta\",\"index\":0," MESSAGE(
                                "{\"content\":{\"text\":\"It is\\n\"}}") "}"},
          {"content-delta", "{\"type\":\"content-delta\",\"index\":0," MESSAGE(
                                "{\"content\":{\"text\":\"7\\u00b0.\"}}") "}"},
          {"content-end", "{\"type\":\"content-end\",\"index\":0}"},
          {"tool-call-start",
           "{\"type\":\"tool-call-start\",\"index\":0," MESSAGE(
               "{\"tool_calls\":{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":"
               "\"f\",\"arguments\":\"\"}}}") "}"},
          {"tool-call-delta",
           "{\"type\":\"tool-call-delta\",\"index\":0," MESSAGE(
               "{\"tool_calls\":{\"function\":{\"arguments\":\"{\\\"a\\\"\"}}}") "}"},
          {"tool-call-delta", "{\"type\":\"tool-call-delta\",\"index\":0," MESSAGE(
                                  "{\"tool_calls\":{\"function\":{\"arguments\":\":1}\"}}}") "}"},
          {"tool-call-end", "{\"type\":\"tool-call-end\",\"index\":0}"},
          {"message-end", "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\","
                          "\"usage\":" COHERE_USAGE "}}"}},
     .whole = "{\"id\":\"co1\",\"finish_reason\":\"TOOL_CALL\",\"message\":{\"role\":\"assistant\","
              "\"content\":[{\"type\":\"text\",\"text\":\"It is\\n7\\u00b0.\"}],\"tool_calls\":[{"
              "\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
              "\"{\\\"a\\\":1}\"}}]},\"usage\":" COHERE_USAGE "}"},
    {.language = &responses_upstream,
     .frames =
         {{"response.created", "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\","
                               "\"model\":\"m\",\"status\":\"in_progress\",\"output\":[]}}"},
          {"response.output_item.added",
           "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":"
           "\"reasoning\",\"id\":\"rs1\",\"summary\":[]}}"},
          {"response.reasoning_summary_text.delta",
           "{\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"rs1\","
           "\"output_index\":0,\"summary_index\":0,\"delta\":\"Hm.\"}"},
          {"response.output_item.added",
           "{\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":"
           "\"message\",\"id\":\"ms1\",\"role\":\"assistant\",\"content\":[]}}"},
          {"response.output_text.delta",
           "{\"type\":\"response.output_text.delta\",\"item_id\":\"ms1\",\"output_index\":1,"
           "\"content_index\":0,\"delta\":\"It is\\n\"}"},
          {"response.output_text.delta",
           "{\"type\":\"response.output_text.delta\",\"item_id\":\"ms1\",\"output_index\":1,"
           "\"content_index\":0,\"delta\":\"7\\u00b0.\"}"},
          {"response.output_item.added",
           "{\"type\":\"response.output_item.added\",\"output_index\":2,\"item\":{\"type\":"
           "\"function_call\",\"id\":\"fc1\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":"
           "\"\"}}"},
          {"response.function_call_arguments.delta",
           "{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"fc1\","
           "\"output_index\":2,\"delta\":\"{\\\"a\\\"\"}"},
          {"response.function_call_arguments.delta",
           "{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"fc1\","
           "\"output_index\":2,\"delta\":\":1}\"}"},
          {"response.completed",
           "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"object\":"
           "\"response\","
           "\"model\":\"m\",\"status\":\"completed\"," RESPONSES_OUTPUT "," RESPONSES_USAGE "}}"}},
     .whole = "{\"id\":\"resp_1\",\"object\":\"response\",\"model\":\"m\",\"status\":"
              "\"completed\"," RESPONSES_OUTPUT "," RESPONSES_USAGE "}",
     .thinks = true},
};

const char *const fixture_event_names[EVENT_KINDS] = {
    [EVENT_BEGIN] = "begin",         [EVENT_TEXT] = "text",           [EVENT_REFUSAL] = "refusal",
    [EVENT_REASONING] = "reasoning", [EVENT_SIGNATURE] = "signature", [EVENT_REDACTED] = "redacted",
    [EVENT_TOOL] = "tool",           [EVENT_ARGUMENTS] = "arguments", [EVENT_CITATION] = "citation",
    [EVENT_LOGPROBS] = "logprobs",   [EVENT_IMAGE] = "image",         [EVENT_FINISH] = "finish",
    [EVENT_USAGE] = "usage",         [EVENT_ERROR] = "error",         [EVENT_DONE] = "done",
};

void fixture_note(void *context, const struct answer_event *event)
{
    static const char letters[EVENT_KINDS] = {
        [EVENT_BEGIN] = 'B',     [EVENT_TEXT] = 't',      [EVENT_REFUSAL] = 'f',
        [EVENT_REASONING] = 'r', [EVENT_SIGNATURE] = 's', [EVENT_REDACTED] = 'x',
        [EVENT_TOOL] = 'T',      [EVENT_ARGUMENTS] = 'a', [EVENT_CITATION] = 'c',
        [EVENT_LOGPROBS] = 'l',  [EVENT_IMAGE] = 'i',     [EVENT_FINISH] = 'F',
        [EVENT_USAGE] = 'U',     [EVENT_ERROR] = 'E',     [EVENT_DONE] = 'D'};
    struct buf *out = context;
    const char *last = out->size == 0 ? NULL : strrchr(out->at, '|');
    char head[16];

    (void)snprintf(head, sizeof(head), "|%c%u:", event->plan ? 'p' : letters[event->kind],
                   event->tool);
    if (last == NULL || strncmp(last, head, strlen(head)) != 0 || event->kind == EVENT_TOOL)
        buf_add_string(out, head);
    if (event->kind == EVENT_TOOL || event->kind == EVENT_BEGIN)
        buf_printf(out, "%.*s=%.*s", SPAN_ARG(event->id), SPAN_ARG(event->name));
    else if (event->kind == EVENT_FINISH)
        buf_add_string(out, answer_finish_name(event->finish));
    else if (event->kind == EVENT_CITATION || event->kind == EVENT_LOGPROBS)
        buf_add_span(out, event->json);
    else
        buf_add_span(out, event->text);
}
