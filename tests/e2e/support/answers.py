"""Answers of the control plane against the schemas that the contract (openapi.yaml) has for them."""

import re

import jsonschema

from .contract import load_contract, operations, resolve


class Answers:
    def __init__(self):
        self.contract = load_contract()
        self.operations = [(method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path.count("{"), operation)
                           for (method, path), operation in operations(self.contract).items()]
        self.operations.sort(key=lambda one: one[2])  # what says more literally is meant

    def schema(self, method, path, status):
        """Of the answer's JSON; None where the contract has no JSON for it."""
        path = path.split("?")[0]
        for verb, pattern, _, operation in self.operations:
            if verb == method and pattern.match(path):
                responses = operation["responses"]
                answer = responses.get(str(status)) or responses.get(f"{status // 100}XX")
                assert answer is not None, f"{method} {path}: the contract has no answer {status}"
                content = resolve(self.contract, answer).get("content", {})
                kind = content.get("application/json") or content.get("application/problem+json")
                return kind and kind["schema"]
        # Nothing is served there, and that is told by a problem like all others.
        return {"$ref": "#/components/schemas/Problem"}

    def check(self, method, path, status, body):
        schema = self.schema(method, path, status)
        assert schema is not None, f"{method} {path}: the contract has no JSON for {status}"
        validator = jsonschema.Draft202012Validator({**schema, "components": self.contract["components"]})
        wrong = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]
        assert not wrong, f"{method} {path} {status}: {wrong[:5]}"
