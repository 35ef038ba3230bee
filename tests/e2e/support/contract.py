"""The contract (openapi.yaml) and the table of routes (`tollgate-control routes`), and what one says against the other."""

import functools
import json
import re

import yaml

from .process import BIN, ROOT
from .stack import run

CONTRACT = ROOT / "tenants/api/openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
LIST_QUERY = {"limit", "cursor", "format"}
DECIMAL = re.compile(r"\^\[0-9\]\{1,(\d+)\}\(\\\.\[0-9\]\{1,(\d+)\}\)\?\$$")
UNBOUNDED = {"text": (0, 1000), "secret": (0, 1000), "usd": (0, 9000000)}


@functools.cache
def load_contract():
    return yaml.safe_load(CONTRACT.read_text())


@functools.cache
def load_routes():
    return json.loads(run(BIN / "tollgate-control", "routes"))


def resolve(contract, thing):
    while "$ref" in thing:
        found = contract
        for name in thing["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        thing = found
    return thing


def operations(contract):
    """(METHOD, path) -> the operation, with its parameters resolved."""
    found = {}
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                operation = dict(item[method])
                operation["parameters"] = [resolve(contract, one) for one in
                                           [*item.get("parameters", []), *operation.get("parameters", [])]]
                found[method.upper(), path] = operation
    return found


def body_schema(contract, operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return resolve(contract, content["schema"]) if content else {"properties": {}, "required": []}


def shape(contract, schema):
    """What a schema lets through, in the words of the table of routes."""
    schema = resolve(contract, schema)
    nullable = False
    for word in ("oneOf", "anyOf"):
        if word in schema:
            others = [one for one in schema[word] if one.get("type") != "null"]
            nullable = len(others) < len(schema[word])
            schema = {**schema, **resolve(contract, others[0])} if len(others) == 1 else {"type": "json"}
    kind = schema.get("type")
    if isinstance(kind, list):
        nullable = nullable or "null" in kind
        kind = next(one for one in kind if one != "null")
    enum = schema.get("enum")
    if enum:
        return {"type": "choice", "choices": [one for one in enum if one is not None], "nullable": nullable or None in enum}
    return {**plain_shape(contract, kind, schema), "nullable": nullable}


def plain_shape(contract, kind, schema):
    pattern = schema.get("pattern", "")
    if kind == "string" and "{26}$" in pattern:
        return {"type": "id", "prefix": pattern.removeprefix("^").split("_")[0]}
    if kind == "string" and schema.get("format") == "date-time":
        return {"type": "time"}
    if kind == "string" and schema.get("format") == "email":
        return {"type": "email"}
    decimal = DECIMAL.match(pattern)
    if kind == "string" and decimal and decimal[2] in ("2", "12"):
        return {"type": "usd"}
    if kind == "string" and decimal:
        return {"type": "text", "min": 1, "max": int(decimal[1]) + 1 + int(decimal[2])}
    if kind == "string":
        return {"type": "text", "min": schema.get("minLength", 0), "max": schema.get("maxLength")}
    if kind == "integer":
        return {"type": "int", "min": schema.get("minimum"), "max": schema.get("maximum")}
    if kind == "boolean":
        return {"type": "bool"}
    items = resolve(contract, schema.get("items", {}))
    if kind == "array" and items.get("type") == "string":
        return {"type": "texts", "max": schema.get("maxItems")}
    return {"type": "json"}


def field_shape(field):
    """The same of a row of the table."""
    kind, low, high = field["type"], field["min"], field["max"]
    if low == high == 0:
        low, high = UNBOUNDED.get(kind, (None, None))
    found = {"type": "text" if kind == "secret" else kind, "nullable": field["nullable"]}
    if kind in ("text", "secret", "int"):
        found.update(min=low, max=high)
    if kind == "texts":
        found.update(max=high if high is not None else 100)
    if kind == "choice":
        found["choices"] = field["choices"]
    if kind == "id":
        found["prefix"] = field["id"].split("_")[0]
    return found


def compare_fields(where, contract, schemas, fields):
    """`schemas`: name -> (schema, required)."""
    told = []
    rows = {field["name"]: field for field in fields}
    for name in sorted(set(schemas) | set(rows)):
        if name not in rows or name not in schemas:
            told.append(f"{where} {name}: only in the {'contract' if name in schemas else 'table'}")
            continue
        schema, required = schemas[name]
        wanted, got = shape(contract, schema), field_shape(rows[name])
        if required != rows[name]["required"]:
            told.append(f"{where} {name}: required {required} in the contract, {rows[name]['required']} in the table")
        if wanted != got:
            told.append(f"{where} {name}: contract {wanted}, table {got}")
    return told


def compare_route(contract, operation, route):
    where = f"{route['method']} {route['path']}"
    told = []
    names = {one["name"] for one in operation["parameters"]}
    flags = set(route["flags"])
    expected = {
        "roles": (set(operation["x-roles"]), set(route["roles"])),
        "scope": (operation.get("x-scope"), route.get("scope")),
        "list": ("limit" in names, "list" in flags),
        "If-Match": ("If-Match" in names, "if_match" in flags),
        "Idempotency-Key needed": (any(one["name"] == "Idempotency-Key" and one.get("required")
                                       for one in operation["parameters"]), "needs_idempotency" in flags),
        "Idempotency-Key": ("Idempotency-Key" in names, route["method"] == "POST" and "public" not in route["roles"]),
        "path": ({one["name"] for one in operation["parameters"] if one["in"] == "path"},
                 {part[1:-1] for part in route["path"].split("/") if part.startswith("{")}),
    }
    told += [f"{where}: {what} is {wanted} in the contract, {got} in the table"
             for what, (wanted, got) in expected.items() if wanted != got]
    query = {one["name"]: (one["schema"], one.get("required", False)) for one in operation["parameters"]
             if one["in"] == "query" and not ("list" in flags and one["name"] in LIST_QUERY)}
    told += compare_fields(f"{where} query", contract, query, route["query"])
    schema = body_schema(contract, operation)
    body = {name: (one, name in schema.get("required", [])) for name, one in schema.get("properties", {}).items()}
    return told + compare_fields(f"{where} body", contract, body, route["body"])


def differences(contract, routes):
    """Every sentence in which the two do not agree."""
    wanted = operations(contract)
    got = {(route["method"], route["path"]): route for route in routes}
    told = [f"{method} {path}: only in the {'contract' if (method, path) in wanted else 'table'}"
            for method, path in sorted(set(wanted) ^ set(got))]
    for key in sorted(set(wanted) & set(got)):
        told += compare_route(contract, wanted[key], got[key])
    return told
