"""Plays the same scenes with any SDK, and prints one JSON line for each: what the SDK understood, for a test to judge.

An SDK is a class with `say(ask)`, which gives a Said, `fails(ask)`, which gives the name and status of the SDK's own
exception, and `leave(ask)`, which opens a stream, reads of it and goes. It runs in a process of its own, because older
majors stand beside newer ones by PYTHONPATH. Its jobs come on stdin; they hold all texts, tools and schemas, so that
clients in other programming languages play the same.
"""

import concurrent.futures
import dataclasses
import json
import sys
import threading
import traceback


@dataclasses.dataclass
class Ask:
    model: str
    turns: list  # {"user": text, "image": data URL?}, {"said": Said}, {"results": [(call, text)…]}
    streamed: bool = False
    system: str | None = None
    tools: list = ()  # {"name", "about", "schema"}
    choice: str | None = None  # the name of a tool that has to be called
    schema: dict | None = None
    think: bool = False
    cap: int | None = None
    key: str | None = None  # instead of the job's


@dataclasses.dataclass
class Said:
    text: str = ""
    thinking: str = ""
    calls: list = dataclasses.field(default_factory=list)  # {"id", "name", "arguments": object}
    finish: str | None = None
    usage: dict | None = None  # {"input", "output", "cached"}: input with what was cached, output with reasoning
    keep: object = None  # what the SDK wants back as this turn


def told(said):
    return {"text": said.text, "thinking": said.thinking, "calls": said.calls, "finish": said.finish, "usage": said.usage}


def both_turns(sdk, ask, answer_calls, last=None):
    """The answer, and the one to what follows it: the results of its calls, or another message."""
    first = sdk.say(ask)
    turns = [*ask.turns, {"said": first}]
    if first.calls:
        turns.append({"results": [(call, answer_calls) for call in first.calls]})
    else:
        turns.append({"user": last})
    return {**told(first), "second": told(sdk.say(dataclasses.replace(ask, turns=turns, choice=None)))}


def scene(sdk, job, name, ask, mark):
    texts = job["texts"]

    def user(text, **more):
        return [{"user": f"{mark} {text}", **more}]

    if name == "hello":
        return told(sdk.say(dataclasses.replace(ask, system=texts["system"], turns=[{"user": f"echo: {mark} {texts['hello']}"}])))
    if name == "length":
        return told(sdk.say(dataclasses.replace(ask, cap=5, turns=user(texts["rivers"]))))
    if name == "tool":
        return told(sdk.say(dataclasses.replace(ask, tools=job["tools"], choice="weather", turns=user(texts["rivers"]))))
    if name == "tools":
        return both_turns(sdk, dataclasses.replace(ask, tools=job["tools"], turns=user("use the tools")), texts["result"])
    if name == "image":
        return told(sdk.say(dataclasses.replace(ask, turns=[{"user": f"echo: {mark} seen", "image": job["image"]}])))
    if name == "schema":
        return told(sdk.say(dataclasses.replace(ask, schema=job["schema"], turns=user(texts["rivers"]))))
    if name == "think":
        return both_turns(sdk, dataclasses.replace(ask, think=True, turns=user(texts["rivers"])), None, f"echo: {mark} again")
    if name == "think-tool":
        return both_turns(sdk, dataclasses.replace(ask, think=True, tools=job["tools"][:1], turns=user("use the tool")),
                          texts["result"])
    if name == "cached":
        return told(sdk.say(dataclasses.replace(ask, turns=user("[[cached]] " + texts["rivers"] * 20))))
    if name == "wrong-key":
        return {"error": sdk.fails(dataclasses.replace(ask, key="sk-wrong", turns=user(texts["rivers"])))}
    if name == "unknown-model":
        return {"error": sdk.fails(dataclasses.replace(ask, model="nobody/nothing", turns=user(texts["rivers"])))}
    if name.startswith("fault-"):
        model = job["faults"][name][job["now"]]
        return {"error": sdk.fails(dataclasses.replace(ask, model=model, turns=user(texts["rivers"])))}
    if name == "leave":
        return {"pieces": sdk.leave(dataclasses.replace(ask, model=job["faults"]["endless"][job["now"]], streamed=True,
                                                        turns=user(texts["rivers"])))}
    raise ValueError(name)


# What two threads write into one text at once is not two lines.
PRINTING = threading.Lock()


def play_job(make, job):
    sdk = make(job)
    for upstream, model in job["upstreams"].items():
        job["now"] = upstream
        for name, ways in job["scenes"].items():
            for streamed in ways:
                mark = f"[[{job['client']}/{name}/{upstream}/{'stream' if streamed else 'whole'}]]"
                line = {"client": job["client"], "scene": name, "upstream": upstream, "streamed": streamed, "mark": mark}
                try:
                    line.update(scene(sdk, job, name, Ask(model, [], streamed), mark))
                except Exception:
                    line["failed"] = traceback.format_exc(limit=-6)
                with PRINTING:
                    sys.stdout.write(json.dumps(line) + "\n")


def play(make):
    """Reads the jobs, makes an SDK for each, and plays their scenes with every upstream, the jobs beside each other."""
    jobs = json.load(sys.stdin)
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(play_job, make, job) for job in jobs]:
            done.result()
