"""A disk that refuses or stalls under the journal: 503 in time, nothing dispatched, nothing lost, and it heals itself."""

import time

import httpx
import pytest

from support.process import own_program, wait_until

ASK = {"model": "openai/gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def disk(stack):
    """The gateway again, with a library before libc that does as this file says: a word to it."""
    control = stack.folder / "failing-write"
    control.write_text("off\n")
    library = own_program("tollgate-failing-write", "lib/libtollgate-failing-write.so")
    stack.gateway.stop()
    stack.gateway.env = {"LD_PRELOAD": str(library), "FAILING_WRITE_CONTROL": str(control)}
    stack.gateway.start()

    def tell(word):
        control.write_text("off\n" if word == "off" else f"{word} {stack.folder / 'data/journal'}\n")

    yield tell
    tell("off")


@pytest.mark.parametrize("word", ["eio:write", "stall:write 30000"])
def test_calls_are_refused_in_time_and_all_heals(stack, disk, word):
    assert stack.post("/v1/chat/completions", ASK).status_code == 200
    before = len(stack.truth())
    disk(word)

    def refused():
        start = time.monotonic()
        answer = stack.post("/v1/chat/completions", ASK)
        return answer if answer.status_code == 503 and time.monotonic() - start < 2 else None

    answer = wait_until(refused, "calls are refused", 10)
    assert answer.headers["retry-after"] and answer.headers["x-tollgate-error"] == "server"
    start = time.monotonic()
    assert httpx.get(stack.url + "/healthz").status_code == 200
    assert time.monotonic() - start < 0.5, "the loop goes on"
    dispatched = len(stack.truth())
    assert dispatched - before <= 1, "what was under way when the disk failed, and nothing after it"
    disk("off")
    if word.startswith("stall"):
        return  # the write that stalls sleeps its time; the next start recovers what waited
    wait_until(lambda: stack.post("/v1/chat/completions", ASK).status_code == 200, "calls are served again", 10)
    wait_until(lambda: stack.gateway.metrics()["tollgate_journal_healthy"] == 1, "the journal is healthy")


def test_every_call_that_was_answered_is_billed_once(stack, disk):
    """The stalled gateway dies; its successor brings the journal to its end."""
    disk("off")
    stack.gateway.kill()
    stack.gateway.start()
    last = stack.post("/v1/chat/completions", ASK)
    assert last.status_code == 200
    stack.event(last.headers["x-generation-id"])
    told = [call for call in stack.truth() if call["usage_told"]]
    events = {str(event["event_id"]): event for event in stack.events(outcome=1)}
    assert len(events) == len(told) == len({call["request_id"] for call in told})
    assert all(event["charge_pico"] == 0 for event in stack.events() if event["outcome_name"] != "finished")
