"""LangChain's chat models for OpenAI, Anthropic and Google: which one says the job's client, "langchain-openai"."""

import anthropic
import openai
from google.genai import errors
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_google_genai.chat_models import ChatGoogleGenerativeAIError
from langchain_openai import ChatOpenAI
from play import Said, play

FINISH = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls", "STOP": "stop", "MAX_TOKENS": "length",
          "stop": "stop", "length": "length", "tool_calls": "tool_calls"}


class LangChain:
    def __init__(self, job):
        self.job = job
        self.kind = job["client"].removeprefix("langchain-")

    def chat(self, ask):
        """A model with what is LangChain's to set at construction."""
        key, url, more = ask.key or self.job["key"], self.job["url"], {}
        if self.kind == "openai":
            if ask.cap:
                more["max_completion_tokens"] = ask.cap
            if ask.think:
                more["reasoning_effort"] = "medium"
            return ChatOpenAI(model=ask.model, api_key=key, base_url=url + "/v1", max_retries=0, timeout=30,
                              stream_usage=True, **more)
        if self.kind == "anthropic":
            if ask.think:
                more["thinking"] = {"type": "enabled", "budget_tokens": 1024}
            return ChatAnthropic(model=ask.model, api_key=key, base_url=url, max_retries=0, timeout=30,
                                 max_tokens=ask.cap or 4096, **more)
        if ask.think:
            more = {"include_thoughts": True, "thinking_budget": 1024}
        return ChatGoogleGenerativeAI(model=ask.model, api_key=key, base_url=url, max_retries=1, timeout=30,
                                      max_tokens=ask.cap, vertexai=False, **more)

    def bound(self, ask):
        chat = self.chat(ask)
        if ask.schema:
            return chat.with_structured_output({"title": "answer", "description": "a river", **ask.schema},
                                               method="json_schema", include_raw=True)
        if ask.tools:
            tools = [{"name": tool["name"], "description": tool["about"], "parameters": tool["schema"]} for tool in ask.tools]
            return chat.bind_tools(tools, **({"tool_choice": ask.choice} if ask.choice else {}))
        return chat

    def messages(self, ask):
        messages = [SystemMessage(ask.system)] if ask.system else []
        for turn in ask.turns:
            if "said" in turn:
                messages.append(turn["said"].keep)
            elif "results" in turn:
                messages += [ToolMessage(text, tool_call_id=call["id"], name=call["name"]) for call, text in turn["results"]]
            elif "image" in turn:
                messages.append(HumanMessage([{"type": "text", "text": turn["user"]},
                                              {"type": "image_url", "image_url": {"url": turn["image"]}}]))
            else:
                messages.append(HumanMessage(turn["user"]))
        return messages

    def say(self, ask):
        bound, messages = self.bound(ask), self.messages(ask)
        if not ask.streamed:
            message = bound.invoke(messages)
            message = message["raw"] if ask.schema else message
        elif ask.schema:
            message = None
            for piece in bound.stream(messages):
                message = piece.get("raw", message)
        else:
            message = None
            for piece in bound.stream(messages):
                message = piece if message is None else message + piece
        return self.said(message)

    def said(self, message):
        usage = message.usage_metadata
        meta = message.response_metadata
        finish = meta.get("finish_reason") or meta.get("stop_reason")
        calls = [{"id": call["id"], "name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
        thoughts = "".join(block.get("reasoning", "") for block in message.content_blocks if block["type"] == "reasoning")
        return Said(message.text, thoughts, calls, "tool_calls" if calls and finish == "STOP" else FINISH.get(finish, finish),
                    {"input": usage["input_tokens"], "output": usage["output_tokens"],
                     "cached": usage.get("input_token_details", {}).get("cache_read") or 0}, message)

    def fails(self, ask):
        try:
            self.say(ask)
        except (openai.APIStatusError, anthropic.APIStatusError) as error:
            return {"class": type(error).__name__, "status": error.status_code, "says": str(error)}
        except openai.APIError as error:
            return {"class": type(error).__name__, "status": None, "says": str(error)}
        except errors.APIError as error:
            return {"class": type(error).__name__, "status": error.code, "says": str(error)}
        except ChatGoogleGenerativeAIError as error:
            cause = error.__cause__
            return {"class": type(cause).__name__, "status": getattr(cause, "code", None), "says": str(error)}
        return None

    def leave(self, ask):
        pieces = 0
        stream = self.chat(ask).stream(self.messages(ask))
        for piece in stream:
            pieces += isinstance(piece, AIMessageChunk)
            if pieces == 3:
                break
        stream.close()
        return pieces


if __name__ == "__main__":
    play(LangChain)
