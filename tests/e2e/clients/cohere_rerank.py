"""Cohere's Python SDK, rerank: one call with what stands on stdin, and a wrong key; what it understood as JSON."""

import json
import sys
import types

# Imported for counting tokens on this side and for uploads of data sets, which nobody asks for here.
sys.modules["tokenizers"] = types.SimpleNamespace(Tokenizer=None)
sys.modules["fastavro"] = types.SimpleNamespace(parse_schema=None, reader=None, writer=None)
import cohere  # noqa: E402

given = json.load(sys.stdin)
answer = cohere.ClientV2(api_key=given["key"], base_url=given["url"]).rerank(
    model=given["model"], query="rivers", documents=["a tree", "rivers run to the sea", "a stone"], top_n=2)
try:
    cohere.ClientV2(api_key="sk-wrong", base_url=given["url"]).rerank(model=given["model"], query="x", documents=["y"])
    error = None
except cohere.errors.UnauthorizedError as refused:
    error = {"status": refused.status_code, "body": refused.body}
print(json.dumps({"results": [[one.index, one.relevance_score] for one in answer.results], "error": error}))
