"""A catalog with models that are no chats, each paid by meters of its own; and what they are asked with."""

import copy
import json
import struct

from .process import ROOT


def rate(meter, usd):
    return {"meter": meter, "usd": usd}


# Kind, the provider's dialect and slug, rates in USD: a million tokens, or one unit.
MODELS = {
    "services/completer": ("chat", "openai-compatible", [rate("input", "2"), rate("output", "8")]),
    "services/picture": ("image", "openai-compatible", [rate("image", "0.04")]),
    "services/picture-by-tokens": ("image", "openai-compatible", [rate("input", "5"), rate("input_image", "10"),
                                                                  rate("output_image", "40")]),
    "services/voice": ("speech", "openai-compatible", [rate("character", "0.000015")]),
    "services/voice-by-tokens": ("speech", "openai-compatible", [rate("input", "0.6"), rate("output_audio", "12")]),
    "services/ear": ("transcription", "openai-compatible", [rate("second", "0.0001")]),
    "services/ear-by-tokens": ("transcription", "openai-compatible", [rate("input", "2.5"), rate("input_audio", "6"),
                                                                      rate("output", "10")]),
    "services/judge": ("moderation", "openai-compatible", [rate("request", "0.001")]),
    "services/judge-by-tokens": ("moderation", "openai-compatible", [rate("input", "0.1")]),
    "services/order": ("rerank", "cohere-v2", [rate("request", "0.002")]),
    "services/vectors": ("embedding", "cohere-v2", [rate("input", "0.12")]),
    "services/more-vectors": ("embedding", "gemini", [rate("input", "0.15")]),
}


def catalog():
    """What is shipped, and these."""
    catalog = copy.deepcopy(json.loads((ROOT / "deploy/catalog/catalog.json").read_text("utf-8")))
    for slug, dialect, auth in (
            ("s-openai-compatible", "openai-compatible", "bearer"), ("s-cohere-v2", "cohere-v2", "bearer"),
            ("s-gemini", "gemini", "x-goog-api-key"), ("vllm", "openai-compatible", "bearer")):
        catalog["providers"].append({"slug": slug, "name": slug, "variables": [], "endpoints": [
            {"dialect": dialect, "base_url": "https://services.example/v1", "auth": auth}]})
    for name, (kind, dialect, rates) in MODELS.items():
        short = name.split("/")[1]
        provider = "vllm" if short == "completer" else f"s-{dialect}"
        catalog["models"].append({
            "id": name, "name": short, "kind": kind, "aliases": [], "deprecated": False, "deployments": [{
                "key": f"{provider}/{short}#1", "provider": provider, "upstream_id": short,
                "failure_domain": provider, "dialect": dialect, "limits": {"context": 8000},
                "capabilities": {"input": ["text"], "output": ["text"]}, "rates": rates, "prices_as_of": "2026-06-30",
                "source": "test"}]})
    return catalog


def make_stack_of_services(make_stack):
    """The gateway's Cohere and Gemini are the fake provider's; all others are its sandbox."""
    stack = make_stack(gateways=0)
    path = stack.folder / "services.json"
    path.write_text(json.dumps(catalog()))
    stack.control("catalog", "import", path)
    stack.add_gateway(0, upstream=[f"cohere={stack.provider_url}/v2", f"gemini={stack.provider_url}/v1beta"])
    return stack


def wav(seconds, rate=8000):
    """Silence."""
    data = bytes(2 * rate * seconds)
    return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data" + struct.pack("<I", len(data)) + data)
