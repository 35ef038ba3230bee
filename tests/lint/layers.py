#!/usr/bin/env python3
"""Includes go down only: a part may include what it USES in the table of parts in CMakeLists.txt, and what that uses.
Foreign headers stay behind their wall, raw memory in common/base/mem.c. The linker sees none of this."""

import re

from common import ROOT, PROGRAM_FOLDERS, code_only, finish, line_of, read, tracked

# A foreign header and the only files that may see it (a prefix, or a pattern).
WALLS = [
    (r"h2o(/.*|\.h)", r"common/httpd/"),
    (r"(libpq-fe|postgres_ext|pg_config.*)\.h", r"common/pg/"),
    (r"curl/.*", r"gateway/upstream/|gateway/sign/|tenants/ctl/http"),
    (r"libsmartcols(/.*|\.h)", r"tenants/ctl/table"),
    (r"yaml\.h", r"tenants/ctl/import_yaml\.c"),
    (r"librdkafka/.*", r"gateway/journal/shipper|billing/consume/|billing/[a-z_/]*topic|common/kafka/"),
    (r"cmocka\.h", r"tests/support/testing\.h"),
]
# Files that may call free(): our allocator, and where libh2o leaves memory of its own to us.
FREE_ALLOWED = ("common/base/mem.c", "common/httpd/httpd.c")
RAW_MEMORY = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|alloca)\s*\(")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def parts():
    """Part → the set of parts it may include: itself and everything below it."""
    direct = {}
    for name, uses in re.findall(r"^tollgate_part\((\S+)\s+USES\s+([^)]*)\)", read("CMakeLists.txt"), re.M):
        direct[name] = [use for use in uses.split() if "::" not in use]
    whole = {}
    for name in direct:
        seen, todo = set(), [name]
        while todo:
            part = todo.pop()
            if part not in seen:
                seen.add(part)
                todo += direct.get(part, [])
        whole[name] = seen
    return whole


def check_include(path, allowed, where, kind, header):
    folder = path.rpartition("/")[0]
    for pattern, wall in WALLS:
        if re.fullmatch(pattern, header) and not re.match(wall, path):
            return f"{where}: {header} may be included only in {wall}"
    if kind != '"' or folder not in allowed:
        return None
    target = header if (ROOT / header).exists() else f"{folder}/{header}"
    part = target.rpartition("/")[0]
    if target.startswith("tests/"):
        return f"{where}: a program includes {header} from the tests"
    if part in allowed and part not in allowed[folder]:
        return f"{where}: {folder} may not include {header}: the table of parts does not let it use {part}"
    return None


def main():
    allowed, offenders = parts(), []
    for path in tracked("*.c", "*.h"):
        text = read(path)
        folder = path.rpartition("/")[0]
        if path.startswith(PROGRAM_FOLDERS) and folder not in allowed:
            offenders.append(f"{path}: {folder} is no part: name it in the table in CMakeLists.txt")
        for match in INCLUDE.finditer(code_only(text, keep_strings=True)):
            offender = check_include(path, allowed, f"{path}:{line_of(text, match.start())}", *match.groups())
            if offender:
                offenders.append(offender)
        if path.startswith(PROGRAM_FOLDERS) and path not in FREE_ALLOWED:
            for match in RAW_MEMORY.finditer(code_only(text)):
                offenders.append(f"{path}:{line_of(text, match.start())}: {match.group(1)} stands outside common/base/mem.c")
    finish("layers", offenders)


main()
