"""Programs that play scenes with an SDK (tests/e2e/clients), and the gateway they play with: one model per upstream language."""

import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from .process import ROOT

HERE = pathlib.Path(__file__).resolve().parents[1]
# Where tests/run puts what cannot stand in the virtual environment: other majors, Node's packages.
BESIDE = pathlib.Path(os.environ.get("TOLLGATE_CLIENTS", ROOT / "build/clients"))

# The languages of providers: the deployment of the shipped catalog that a test's model is made from, and where the fake
# provider answers for it.
UPSTREAMS = {
    "openai": ("openai", "openai/gpt-4.1", "/openai/v1"),
    "anthropic": ("anthropic", "anthropic/claude-sonnet-4.5", "/anthropic/v1"),
    "gemini": ("gemini", "google/gemini-2.5-flash", "/gemini/v1beta"),
    "bedrock": ("bedrock-converse", "anthropic/claude-sonnet-4.5", "/bedrock"),
    "cohere": ("cohere-v2", "cohere/command-a-plus-05-2026", "/cohere/v2"),
    "responses": ("bedrock-openai-responses", "openai/gpt-5.4", "/responses/v1"),
}
FAULTS = ["fault-400", "fault-429", "fault-500", "fault-cut"]

WEATHER = {"name": "weather", "about": "the weather of a city", "schema": {
    "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"], "additionalProperties": False}}
CLOCK = {"name": "clock", "about": "the time in a zone", "schema": {
    "type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"], "additionalProperties": False}}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "length_km": {"type": "integer"}},
          "required": ["name", "length_km"], "additionalProperties": False}
IMAGE = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
         "rkJggg==")
TEXTS = {"system": "You are terse: say it in seven words.", "hello": "Grüße, 世界 🌊 \"quoted\" \\ end",
         "rivers": "Tell me something about rivers.", "result": "{\"sky\": \"clear ☀\", \"degrees\": 21.50}"}


def catalog():
    """A catalog of one model `chat/UPSTREAM` for each language, and of models that fail."""
    given = json.loads((ROOT / "deploy/catalog/catalog.json").read_text("utf-8"))
    models = {model["id"]: model for model in given["models"]}
    made = []
    for number, (upstream, (dialect, model, _)) in enumerate(UPSTREAMS.items(), 1):
        deployment = next(one for one in models[model]["deployments"] if one["dialect"] == dialect)
        made.append(model_of(f"chat/{upstream}", deployment))
        for fault in [*FAULTS, "endless"]:
            failing = {**copy.deepcopy(deployment), "upstream_id": fault,
                       "key": f"{deployment['provider']}/{fault}#{number}"}
            made.append(model_of(f"chat/{upstream}-{fault}", failing))
    return {**given, "models": made}


def model_of(name, deployment):
    return {"id": name, "name": name, "kind": "chat", "aliases": [], "openrouter_id": None, "open_weights": False,
            "release_date": "2026-01-01", "deprecated": False, "deployments": [deployment]}


def prepare(stack):
    """Gives a stack without gateways that catalog and a gateway whose upstreams are all the fake provider."""
    path = stack.folder / "catalog.json"
    path.write_text(json.dumps(catalog()))
    stack.control("catalog", "import", path, "--retire-many")
    # All clients at once reserve their worst cases beside each other.
    stack.control("credit", "add", "--tenant", stack.tenant, "--usd", "100000")
    stack.add_gateway(0, upstream=[f"{name}={stack.provider_url}{base}" for name, (_, _, base) in UPSTREAMS.items()])
    stack.faults(model="endless", fault="tokens=20000;pace_us=2000", count=-1)
    return stack


def job(stack, client, scenes, upstreams=UPSTREAMS):
    faults = {fault: {name: f"chat/{name}-{fault}" for name in UPSTREAMS} for fault in [*FAULTS, "endless"]}
    return {"url": stack.url, "key": stack.key, "client": client, "scenes": scenes, "texts": TEXTS, "faults": faults,
            "upstreams": {name: f"chat/{name}" for name in upstreams}, "tools": [WEATHER, CLOCK], "schema": SCHEMA,
            "image": IMAGE}


def run(program, jobs, path=None, seconds=240):
    """Plays the jobs in one process of a program of tests/e2e/clients, or of Node; the lines it printed, as objects. `path`:
    the folder of packages that come before the others."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "LANGCHAIN_", "LANGSMITH_"))}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    if program == "node":
        for one in (HERE / "node").glob("*.mjs"):
            shutil.copy(one, path)
        words = [os.environ.get("TOLLGATE_NODE", "node"), "--no-warnings", str(path / "play.mjs")]
    else:
        words = [sys.executable, "-W", "ignore", str(HERE / "clients" / program)]
        if path:
            env["PYTHONPATH"] = str(path)
    begin = time.monotonic()
    done = subprocess.run(words, input=json.dumps(jobs), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=env, cwd=HERE / "clients", timeout=seconds)
    assert done.returncode == 0, f"{words}: {done.stderr[-4000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{program} {path or ''}: {len(lines)} scenes in {time.monotonic() - begin:.1f} s")
    return lines
