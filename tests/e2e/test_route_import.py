"""Configurations of Portkey and LiteLLM as presets of a tenant, by tollgatectl, and a call that goes by one."""

import json

import pytest

from support.ctl import HOSTILE, Ctl
from support.process import wait_until

PORTKEY = {
    "strategy": {"mode": "fallback", "on_status_codes": [429, 500, 503]},
    "targets": [
        {"provider": "@azure-eu", "api_key": "sk-secret", "override_params": {"model": "gpt-4.1-mini", "max_tokens": 50}},
        {"override_params": {"model": "@openai/gpt-4.1-mini-2025-04-14"}, "retry": {"attempts": 1}, "request_timeout": 20000},
    ],
}
LITELLM = """
model_list:
  - model_name: Fast
    litellm_params: &azure
      model: azure/our-mini
      api_key: os.environ/SECRET
      api_base: https://secret.openai.azure.com
      rpm: 900
    model_info: {base_model: azure/gpt-4.1-mini}
  - model_name: Fast
    litellm_params: {model: openai/gpt-4.1-mini, api_key: sk-secret, rpm: 100}
  - model_name: long
    litellm_params: {<<: *azure, model: openai/gpt-4o-mini, api_base: null}
router_settings:
  context_window_fallbacks: [{Fast: [long]}]
  num_retries: 2
  model_group_alias: {quick: Fast}
"""


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(control=True)


@pytest.fixture(scope="module")
def owner(stack, tmp_path_factory):
    ctl = Ctl(tmp_path_factory.mktemp("ctl"), url=stack.url)
    secret = ctl.file("password", stack.boot["TOLLGATE_MEMBER_PASSWORD"] + "\n")
    ctl("login", stack.boot["TOLLGATE_MEMBER_EMAIL"], "--password-file", secret)
    return ctl


def presets_of(done):
    return {one["name"]: one["preset"] for one in done.json}


def test_a_config_of_portkey_is_shown_and_written(stack, owner):
    file = owner.file("our.json", json.dumps(PORTKEY))
    tried = owner("route import", file, "--dry-run")
    assert presets_of(tried)["our"]["targets"][0] == {
        "model": "openai/gpt-4.1-mini", "provider": {"only": ["azure"]}, "override_params": {"max_tokens": 50}}
    assert "targets[0].api_key" in tried.err and "secret" not in tried.err + tried.out
    assert "gpt-4.1-mini-2025-04-14 is taken for openai/gpt-4.1-mini" in tried.err
    assert owner("presets list --json").json["data"] == []
    assert owner("route import", file, "--name portkey").out == "portkey is version 1\n"
    file.write_text(json.dumps({**PORTKEY, "targets": PORTKEY["targets"][::-1]}))
    assert owner("route import", file, "--name portkey --json").json[0]["version"] == 2
    kept = owner("presets show portkey --body").json
    assert [one["provider"]["only"] for one in kept["targets"]] == [["openai"], ["azure"]]


def test_a_file_of_litellm_becomes_a_preset_for_each_group(stack, owner):
    file = owner.file("config.yaml", LITELLM)
    done = owner("route import", file)
    assert done.out == "fast is version 1\nlong is version 1\nquick is version 1\n"
    assert "secret" not in done.err.lower().replace("os.environ/secret", "")
    fast = owner("presets show fast --body").json
    assert fast["targets"][0]["targets"][0] == {
        "weight": 900, "model": "openai/gpt-4.1-mini", "provider": {"only": ["azure"]}}
    assert fast["targets"][1]["on"] == ["context_window"]
    assert owner("presets show quick --body").json == fast
    assert owner("route import", file, "--name long").out == "long is version 1\n", "the same body makes no version"


def test_what_would_be_lost_keeps_all_from_being_written(owner):
    broken = {"strategy": {"mode": "loadbalance"}, "input_guardrails": [{"x": "secret"}],
              "targets": [{"virtual_key": "main-1234", "override_params": {"model": "gpt-4.1-mini"}},
                          {"provider": "openai", "override_params": {"model": "gpt-4.1-mni"}}]}
    file = owner.file("broken.json", json.dumps(broken))
    done = owner.run("route import", file)
    assert done.code == 2 and "nothing was written, as 4 would be lost" in done.err and "secret" not in done.err
    assert "near are openai/gpt-4.1-mini" in done.err and "--map main-1234=PROVIDER" in done.err
    assert done.out == "" and not HOSTILE.search(done.err)
    done = owner("route import", file, "--map main-1234=openai,gpt-4.1-mni=openai/gpt-4.1-nano --partial")
    assert done.out == "broken is version 1\n" and "lost  input_guardrails" in done.err
    kept = owner("presets show broken --body").json
    assert [one["model"] for one in kept["targets"]] == ["openai/gpt-4.1-mini", "openai/gpt-4.1-nano"]


@pytest.mark.parametrize("text, words, says", [
    ("model_list: [", "", "it is not valid YAML: "),
    ("just words", "", "is no configuration"),
    ("{\"a\": 1, \"a\": 2}", "", "has a duplicate member"),
    ("a: 1", "--from litellm", "has no model_list"),
    ("{\"provider\": \"openai\"}", "--map x", "--map takes THEIRS=OURS"),
    ("{\"provider\": \"openai\"}", "--map x=openai/gpt-4.1-mni", "near are openai/gpt-4.1-mini"),
    ("a: &a [x]\nb: *c", "", "it is not valid YAML"),
    ("x" * (600 << 10), "", "is larger than 512 KiB"),
], ids=["no YAML", "no object", "twice", "not LiteLLM's", "no map", "an unknown model", "no anchor", "too large"])
def test_what_is_no_configuration_is_refused(owner, text, words, says):
    assert says in owner.refused("route import", owner.file("bad", text), words, code=2)


def test_requests_go_where_what_was_imported_says(stack, owner):
    """By name, after the gateway has them; what they named as a group before is a preset now."""
    owner("route import", owner.file("routed.yaml", LITELLM.replace("rpm: 100", "rpm: 1").replace("900", "100000")))
    owner("route import", owner.file("routed.json", json.dumps(PORTKEY)))
    ask = {"messages": [{"role": "user", "content": "Say hello."}]}

    def tried(name):
        answer = stack.post("/v1/route/dry-run", {"model": f"@preset/{name}", **ask})
        return [one["provider"] for one in answer.json()["order"]] if answer.status_code == 200 else None

    wait_until(lambda: tried("routed") and tried("quick"), "the gateway has the presets")
    assert tried("routed") == ["azure", "openai"] and tried("quick") == ["azure", "openai"]
    legs = stack.post("/v1/route/dry-run", {"model": "@preset/fast", **ask}).json()["legs"]
    assert legs[-1]["model"] == "openai/gpt-4o-mini" and legs[-1]["on"] == ["context_window"]
    served = stack.post("/v1/chat/completions", {"model": "openai/gpt-4o", "preset": "routed", **ask}, headers={"x-tollgate-trace": "1"})
    assert served.status_code == 200, served.text
    assert served.headers["x-tollgate-model"] == "openai/gpt-4.1-mini"
    assert served.json()["tollgate"]["preset"] == {"name": "routed", "version": 1}
