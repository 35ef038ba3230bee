"""Cohere's Python SDK, rerank: one call with what stands on stdin, and a wrong key; what it understood as JSON."""

import json
import sys

import cohere

given = json.load(sys.stdin)
answer = cohere.ClientV2(api_key=given["key"], base_url=given["url"]).rerank(
    model=given["model"], query="rivers", documents=["a tree", "rivers run to the sea", "a stone"], top_n=2)
try:
    cohere.ClientV2(api_key="sk-wrong", base_url=given["url"]).rerank(model=given["model"], query="x", documents=["y"])
    error = None
except cohere.errors.UnauthorizedError as refused:
    error = {"status": refused.status_code, "body": refused.body}
print(json.dumps({"results": [[one.index, one.relevance_score] for one in answer.results], "error": error}))
