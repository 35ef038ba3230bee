"""OpenAI's Python SDK, Responses; nothing is stored, so turns are sent again as the items they were."""

import json

import openai
from play import Said, play


class Failed(Exception):
    """A stream that ended with response.failed, which the SDK gives to its caller as an event."""


class Responses:
    def __init__(self, job):
        self.client = openai.OpenAI(api_key=job["key"], base_url=job["url"] + "/v1", max_retries=0, timeout=30)

    def items(self, ask):
        items = []
        for turn in ask.turns:
            if "said" in turn:
                items += turn["said"].keep
            elif "results" in turn:
                items += [{"type": "function_call_output", "call_id": call["id"], "output": text}
                          for call, text in turn["results"]]
            elif "image" in turn:
                items.append({"role": "user", "content": [
                    {"type": "input_text", "text": turn["user"]},
                    {"type": "input_image", "image_url": turn["image"], "detail": "auto"}]})
            else:
                items.append({"role": "user", "content": turn["user"]})
        return items

    def words(self, ask):
        words = {"model": ask.model, "input": self.items(ask), "store": False}
        if ask.system:
            words["instructions"] = ask.system
        if ask.tools:
            words["tools"] = [{"type": "function", "name": tool["name"], "description": tool["about"], "strict": False,
                               "parameters": tool["schema"]} for tool in ask.tools]
        if ask.choice:
            words["tool_choice"] = {"type": "function", "name": ask.choice}
        if ask.schema:
            words["text"] = {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": ask.schema}}
        if ask.think:
            words["reasoning"] = {"effort": "medium", "summary": "auto"}
            words["include"] = ["reasoning.encrypted_content"]
        if ask.cap:
            words["max_output_tokens"] = ask.cap
        return words

    def say(self, ask, client=None):
        client = client or self.client
        if ask.streamed:
            with client.responses.stream(**self.words(ask)) as stream:
                for event in stream:
                    if event.type == "response.failed":
                        raise Failed(event.response.error.message)
                    # A cut answer ends with an event of its own, which the SDK's gathering does not take for an end.
                    if event.type in ("response.completed", "response.incomplete"):
                        answer = event.response
        else:
            answer = client.responses.create(**self.words(ask))
        calls = [{"id": item.call_id, "name": item.name, "arguments": json.loads(item.arguments)}
                 for item in answer.output if item.type == "function_call"]
        thinking = "".join(part.text for item in answer.output if item.type == "reasoning" for part in item.summary)
        cut = answer.incomplete_details and answer.incomplete_details.reason == "max_output_tokens"
        return Said(answer.output_text, thinking, calls, "length" if cut else "tool_calls" if calls else "stop",
                    {"input": answer.usage.input_tokens, "output": answer.usage.output_tokens,
                     "cached": answer.usage.input_tokens_details.cached_tokens},
                    [item.model_dump(exclude_none=True, exclude={"parsed_arguments", "parsed"}) for item in answer.output])

    def fails(self, ask):
        client = self.client.with_options(api_key=ask.key) if ask.key else self.client
        try:
            self.say(ask, client)
        except openai.APIStatusError as error:
            return {"class": type(error).__name__, "status": error.status_code, "word": error.code, "says": error.message}
        except openai.APIError as error:
            return {"class": type(error).__name__, "status": None, "word": error.code, "says": error.message}
        except Failed as failed:
            return {"class": "response.failed", "status": None, "says": str(failed)}
        return None

    def leave(self, ask):
        pieces = 0
        stream = self.client.responses.create(**self.words(ask), stream=True)
        for event in stream:
            pieces += event.type == "response.output_text.delta"
            if pieces == 3:
                break
        stream.close()
        return pieces


if __name__ == "__main__":
    play(Responses)
