"""Anthropic's Python SDK, Messages."""

import anthropic
from play import Said, play

FINISH = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


class Anthropic:
    def __init__(self, job):
        self.client = anthropic.Anthropic(api_key=job["key"], base_url=job["url"], max_retries=0, timeout=30)

    def messages(self, ask):
        messages = []
        for turn in ask.turns:
            if "said" in turn:
                messages.append({"role": "assistant", "content": turn["said"].keep})
            elif "results" in turn:
                messages.append({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": call["id"], "content": text} for call, text in turn["results"]]})
            elif "image" in turn:
                kind, data = turn["image"][len("data:"):].split(";base64,")
                messages.append({"role": "user", "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}},
                    {"type": "text", "text": turn["user"]}]})
            else:
                messages.append({"role": "user", "content": turn["user"]})
        return messages

    def words(self, ask):
        words = {"model": ask.model, "messages": self.messages(ask), "max_tokens": ask.cap or 4096}
        if ask.system:
            words["system"] = ask.system
        if ask.tools:
            words["tools"] = [{"name": tool["name"], "description": tool["about"], "input_schema": tool["schema"]}
                              for tool in ask.tools]
        if ask.choice:
            words["tool_choice"] = {"type": "tool", "name": ask.choice}
        if ask.schema:
            words["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
        if ask.think:
            words["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        return words

    def said(self, message):
        blocks = message.content
        usage = message.usage
        cached = usage.cache_read_input_tokens or 0
        return Said(
            "".join(block.text for block in blocks if block.type == "text"),
            "".join(block.thinking for block in blocks if block.type == "thinking"),
            [{"id": block.id, "name": block.name, "arguments": block.input} for block in blocks if block.type == "tool_use"],
            FINISH.get(message.stop_reason, message.stop_reason),
            {"input": usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0),
             "output": usage.output_tokens, "cached": cached},
            [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in blocks])

    def say(self, ask, client=None):
        client = client or self.client
        if not ask.streamed:
            return self.said(client.messages.create(**self.words(ask)))
        with client.messages.stream(**self.words(ask)) as stream:
            return self.said(stream.get_final_message())

    def fails(self, ask):
        client = self.client.with_options(api_key=ask.key) if ask.key else self.client
        try:
            self.say(ask, client)
        except anthropic.APIStatusError as error:
            body = error.body if isinstance(error.body, dict) else {}
            return {"class": type(error).__name__, "status": error.status_code,
                    "word": body.get("error", {}).get("type"), "says": body.get("error", {}).get("message")}
        return None

    def leave(self, ask):
        pieces = 0
        with self.client.messages.stream(**self.words(ask)) as stream:
            for _ in stream.text_stream:
                pieces += 1
                if pieces == 3:
                    break
        return pieces


if __name__ == "__main__":
    play(Anthropic)
