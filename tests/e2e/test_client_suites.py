"""The suites that OpenAI and Anthropic wrote for their own Python SDKs, against the gateway: what their SDKs send with
every parameter there is, and what they must be able to read. They are part of the packages' sources."""

import copy
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

import pytest

from support import clients, services

# The suites' made-up models, and what stands for them here.
MODELS = {"gpt-6-astra": "suites/chat", "gpt-3.5-turbo-instruct": "services/completer",
          "text-embedding-3-small": "openai/text-embedding-3-small", "omni-moderation-2024-09-26": "services/judge",
          "gpt-image-1.5": "services/picture", "gpt-image-2.5-flare": "services/picture", "tts-1": "services/voice",
          "gpt-4o-transcribe": "services/ear", "whisper-1": "services/ear", "claude-opus-5-5": "suites/messages",
          "model": "suites/chat", "model_id": "suites/messages"}
SDKS = {"openai": "/v1", "anthropic": ""}
FILES = [("openai", name) for name in (
    "chat/test_completions", "test_completions", "test_embeddings", "test_models", "test_moderations", "test_responses",
    "responses/test_input_items", "test_images", "audio/test_transcriptions",
    "audio/test_translations")] + [("anthropic", "test_messages"), ("anthropic", "test_models")]

# What is left out, and why; audio/test_speech is, because it mocks all answers. A test counts as one of `call` when it is test_method_CALL, test_raw_response_CALL or
# test_streaming_response_CALL, with what follows in its name.
CALL = r"test_(method|raw_response|streaming_response)_"
LEFT_OUT = [(sdk, file, re.compile(CALL + call), why) for sdk, file, call, why in (
    ("openai", "chat/test_completions", "(retrieve|update|list|delete)", "stored chats are not kept"),
    ("openai", "chat/test_completions", "create_with_all_params", "asks for audio, which this model has no price for"),
    ("openai", "test_completions", "create_with_all_params", "asks for the best of none: OpenAI takes 1 and more"),
    ("openai", "test_embeddings", r"create\[.*strict", "the SDK asks for base64, and strictly takes floats only"),
    ("openai", "test_models", "delete", "nobody's models are deleted through a gateway"),
    ("openai", "test_moderations", r"create\[", "names no model"),
    ("openai", "test_responses", r"create_overload_\d", "names no model"),
    ("openai", "test_responses", "create_with_all_params", "asks for an answer in the background"),
    ("openai", "test_responses", "(retrieve|delete|cancel)", "of a response that nobody made"),
    ("openai", "test_responses", "compact", "is not served"),
    ("openai", "responses/test_input_items", "list", "of a response that nobody made"),
    ("openai", "test_images", "create_variation", "is not served"),
    ("openai", "test_images", r"(edit|generate)_overload_\d", "names no model"),
    ("anthropic", "test_messages", "(create|count_tokens)_with_all_params", "asks for a container, or speed, without a price"),
    ("anthropic", "test_models", "list_with_all_params", "filters by what Anthropic alone knows of its models"),
)] + [("anthropic", "test_messages", re.compile("test_deprecated_model_warning"), "of models that are no more")]


def catalog():
    made = services.catalog()
    by_id = {model["id"]: model for model in made["models"]}
    for name, like, dialect in (("suites/chat", "openai/gpt-4.1", "openai"),
                                ("suites/messages", "anthropic/claude-sonnet-4.5", "anthropic")):
        deployment = next(one for one in by_id[like]["deployments"] if one["dialect"] == dialect)
        deployment = {**copy.deepcopy(deployment), "upstream_id": name.split("/")[1],
                      "key": f"{deployment['provider']}/{name.split('/')[1]}#1"}
        made["models"].append(clients.model_of(name, deployment))
        by_id[name] = made["models"][-1]
    for alias, name in MODELS.items():
        by_id[name]["aliases"].append(alias)
    return made


def make_suite_stack(make_stack):
    stack = make_stack(gateways=0)
    path = stack.folder / "suites.json"
    path.write_text(json.dumps(catalog()))
    stack.control("catalog", "import", path)
    stack.add_gateway(0, upstream=[f"anthropic={stack.provider_url}/v1", f"cohere={stack.provider_url}/v2"])
    return stack


@pytest.fixture(scope="module")
def suite_stack(make_stack):
    return make_suite_stack(make_stack)


@pytest.fixture(scope="module")
def suites(suite_stack, tmp_path_factory):
    """Per SDK and file {name of a test: None, or what was wrong}; only of SDKs whose sources are there."""
    stack, results = suite_stack, {}
    for sdk, base in SDKS.items():
        sources = sorted(clients.BESIDE.glob(f"sources/{sdk}-*/tests"))
        if not sources:
            continue
        report = tmp_path_factory.mktemp("suites") / f"{sdk}.xml"
        env = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ANTHROPIC_"))}
        env.update(SUITE_SDK=sdk, SUITE_KEY=stack.key, TEST_API_BASE_URL=stack.url + base, PYTHONDONTWRITEBYTECODE="1",
                   PYTHONPATH=f"{clients.HERE / 'support'}{os.pathsep}{sources[0].parent}")
        files = [f"tests/api_resources/{file}.py" for one, file in FILES if one == sdk]
        # Only what is a suite's own is taken from its folder: no settings, no conftest. aiohttp is not installed.
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "pytest", "--noconftest", "-p", "suite_plugin", "-p", "no:cacheprovider",
             "-c", os.devnull, "--rootdir", ".", "-o", "anyio_mode=auto", "-q", "-k", "not aiohttp", "--tb=line",
             f"--junitxml={report}", *files],
            cwd=sources[0].parent, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
        assert report.exists(), done.stdout[-4000:]
        for case in tree.parse(report).getroot().iter("testcase"):
            wrong = next((found for found in (case.find("failure"), case.find("error")) if found is not None), None)
            file = case.get("classname").split("api_resources.")[1].rsplit(".", 1)[0].replace(".", "/")
            name = f"{case.get('classname').rsplit('.', 1)[1]}.{case.get('name')}"
            results.setdefault((sdk, file), {})[name] = None if wrong is None else wrong.get("message")
    return results


def left_out(sdk, file, name):
    return any((sdk, file) == (row[0], row[1]) and row[2].match(name.split(".", 1)[1]) for row in LEFT_OUT)


@pytest.mark.parametrize("sdk, file", FILES)
def test_the_sdks_own_suite(suites, sdk, file):
    if not any(name == sdk for name, _ in suites):
        pytest.skip(f"the sources of {sdk} are not there: tests/run e2e fetches them")
    results = suites[sdk, file]
    counted = {name: wrong for name, wrong in results.items() if not left_out(sdk, file, name)}
    wrong = [f"{name}: {what}" for name, what in counted.items() if what]
    assert not wrong, "\n".join(wrong)
    assert counted or file == "responses/test_input_items"
    print(f"{sdk} {file}: {len(counted)} of {len(results)}")


def test_coheres_sdk_reranks(suite_stack):
    path = clients.BESIDE / "cohere-7"
    if not path.is_dir():
        pytest.skip("the package of cohere is not there: tests/run e2e installs it")
    line, = clients.run("cohere_rerank.py", {"url": suite_stack.url, "key": suite_stack.key, "model": "services/order"}, path)
    scores = [score for _, score in line["results"]]
    assert len(scores) == 2 and scores == sorted(scores, reverse=True)
    assert {index for index, _ in line["results"]} < {0, 1, 2}
    assert line["error"]["status"] == 401
