"""The contract as a generator: calls that it allows and calls that it does not, by the hundred, held to what it promises.

More of them with TOLLGATE_SCALE (1 is ten times the default). The same ones at each run.
"""

import collections
import os
import re

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (content_type_conformance, negative_data_rejection, response_schema_conformance,
                                               status_code_conformance)

from support.contract import CONTRACT
from support.control import PREFIX
from support.people import operator, plane  # noqa: F401
from support.sides import PASSWORD, make_side

SCALE = float(os.environ.get("TOLLGATE_SCALE", "0.1"))
EXAMPLES = max(2, round(40 * SCALE))
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance]
ENDS_THE_CALLER = {"logout", "changePassword"}


@pytest.fixture(scope="module")
def real(stack, plane, operator):
    """Ids of things that are there; the operator among them is not the one who calls."""
    side = make_side(stack, plane, operator, "sigma")
    first = {"deployment": "/deployments", "price": "/prices", "plan_version": "/plans", "provider": "/providers"}
    provider = operator.get("/providers")["data"][0]["id"]
    credential = operator.post("/credentials", {"provider": provider, "name": "schema", "secret": "sk-schema-secret"})
    another = operator.post("/operators", {"email": "another@example.com", "password": PASSWORD})
    return side, {**side.ids, **{name: operator.get(path)["data"][0]["id"] for name, path in first.items()},
                  "credential": credential.get("credential", credential)["id"], "operator": another["operator"]["id"],
                  "model": operator.get("/models", status="published")["data"][0]["id"]}


class Findings:
    def __init__(self):
        self.calls = collections.Counter()
        self.violations = {}

    def note(self, case, response, failure):
        where = f"{case.method} {case.operation.path}"
        key = where, type(failure).__name__, re.sub(r"[0-9a-f-]{8,}|\d+", "#", str(failure.title)), response.status_code
        said = re.sub(r"\s+", " ", str(failure.message))[:400]
        self.violations.setdefault(key, f"{where} -> {response.status_code}: {failure.title}: {said}\n"
                                        f"    {case.as_curl_command()[:600]}\n    {response.text[:400]}")


def check(findings, case, response, checks):
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        for failure in group.exceptions:
            findings.note(case, response, failure)
    except Failure as failure:
        findings.note(case, response, failure)


def try_operation(findings, plane, bearer, operation, mode, path_parameters):
    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                         suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate])
    @hypothesis.given(operation.as_strategy(generation_mode=mode, path_parameters=path_parameters))
    def run(case):
        headers = {"authorization": f"Bearer {bearer}"}
        if mode is GenerationMode.POSITIVE and path_parameters:
            headers |= {"if-match": "*", "idempotency-key": os.urandom(8).hex()}
        response = case.call(base_url=plane.url + PREFIX, headers=headers, timeout=30)
        findings.calls[response.status_code] += 1
        rejected = mode is GenerationMode.POSITIVE or response.status_code == 412  # If-Match is of any form
        check(findings, case, response, CHECKS if rejected else [*CHECKS, negative_data_rejection])

    try:
        run()
    except hypothesis.errors.Unsatisfiable:
        pass  # nothing about it can be wrong


def own_parameters(operation, real_ids):
    """Real ids for the path of this operation; None where it has none."""
    names = re.findall(r"\{(\w+)\}", operation.path)
    return {name: real_ids[name] for name in names} or None


@pytest.mark.timeout(1800)
def test_the_contract_is_kept(stack, plane, real):
    side, ids = real
    schema = schemathesis.openapi.from_path(str(CONTRACT))
    callers = {"operator": stack.boot["TOLLGATE_OPERATOR_TOKEN"], "owner": side.callers[0].bearer}
    findings = Findings()
    for found in schema.get_all_operations():
        operation = found.ok()
        definition = operation.definition.raw
        for who, bearer in callers.items():
            if who not in definition["x-roles"] + ["operator"] or (
                    who == "owner" and definition["operationId"] in ENDS_THE_CALLER):
                continue
            parameters = own_parameters(operation, ids)
            try_operation(findings, plane, bearer, operation, GenerationMode.POSITIVE, parameters)
            try_operation(findings, plane, bearer, operation, GenerationMode.NEGATIVE, parameters)
            if parameters and who == "operator":  # and ids that are made up
                try_operation(findings, plane, bearer, operation, GenerationMode.POSITIVE, None)
                try_operation(findings, plane, bearer, operation, GenerationMode.NEGATIVE, None)
    bad = sum(count for status, count in findings.calls.items() if status >= 500)
    print(f"\nschemathesis: {sum(findings.calls.values())} calls, {bad} 5xx, {len(findings.violations)} violations; "
          f"by status {dict(sorted(findings.calls.items()))}")
    assert not findings.violations and bad == 0, "\n".join(findings.violations.values())
