"""Every method, range and condition, of every store: what RFC 9110 demands, what the store
itself answers, and what comes through the edge.

The result is docs/http-matrix.md. CLOAKROOM_REWRITE=1 writes it anew.
"""

import os
import re
import subprocess

import pytest

from behind import BUCKET
from core_process import REPOSITORY
from edge import keeps_quiet
from http_rules import BODY, CONDITIONS, METHODS, RANGES, demanded, outcome, request_headers

pytestmark = pytest.mark.edge

DOCUMENT = REPOSITORY / "docs" / "http-matrix.md"
KEY = "matrix.txt"
STORES = {
    "embedded": "the embedded store",
    "swift": "OpenStack Swift, by TempURL",
    "swift-s3": "OpenStack Swift, by its S3 API",
    "ceph": "Ceph's object gateway",
}
CELLS = [(m, r, c) for m in METHODS for r in RANGES for c in CONDITIONS]


@pytest.fixture(scope="module")
def measured(system):
    """For each store and cell: what the store says, and what the edge says."""
    cells = {}
    for store, behind in system.behind.items():
        behind.put(KEY, BODY, {"content-type": "text/plain"})
        seen = system.get(store, KEY).headers
        etag, modified = seen["etag"], seen["last-modified"]
        for method, range_name, condition in CELLS:
            headers = request_headers(range_name, condition, etag, modified)
            direct = behind.direct(method, KEY, headers)
            behind.recorder.take()
            through = system.get(store, KEY, headers, method)
            assert {call.method for call in behind.recorder.take()} == {method}
            keeps_quiet(through, system.secrets.values())
            assert_well_formed(through, method, etag)
            cells[store, method, range_name, condition] = tuple(
                outcome(answer, method, range_name) for answer in (direct, through)
            )
    return cells


def assert_well_formed(answer, method, etag):
    """What an answer must have beside its status."""
    headers = answer.headers
    if answer.status in (200, 206):
        assert headers["etag"] == etag, answer
    elif answer.status != 304:
        assert headers["cache-control"] == "no-store", answer
    if answer.status in (304, 412, 416) or method == "HEAD":
        assert answer.body == b"", answer


@pytest.mark.parametrize("store", STORES)
def test_the_edge_does_what_rfc_9110_demands(measured, store):
    wrong = {
        cell: (through, demanded(*cell))
        for (name, *cell), (_, through) in measured.items()
        for cell in [tuple(cell)]
        if name == store and through not in demanded(*cell) | known(store, cell[-1])
    }
    assert not wrong, "\n".join(f"{cell}: {what}" for cell, what in wrong.items())


def known(store, condition):
    """What the gate cannot put right: Ceph's 304 names no version, and a date names none either."""
    is_bare = store == "ceph" and condition.startswith("If-Modified-Since")
    return {"304 bare"} if is_bare else set()


@pytest.mark.parametrize("store", STORES)
def test_options_cost_the_store_nothing(system, store):
    system.behind[store].recorder.take()
    preflight = {"origin": "https://app.example", "access-control-request-method": "GET"}
    for headers in ({}, preflight, {"range": "bytes=0-1", "if-match": '"other"'}):
        answer = system.get(store, KEY, headers, "OPTIONS")
        assert answer.status in (204, 405), answer
        keeps_quiet(answer, system.secrets.values())
    assert system.behind[store].recorder.take() == []


def test_the_document_says_what_was_measured(measured):
    text = document(measured)
    if os.environ.get("CLOAKROOM_REWRITE"):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text)
    written = DOCUMENT.read_text()
    if versions() not in written:
        pytest.skip(f"{DOCUMENT.name} is of other versions than these: {versions()}")
    assert written == text, f"set CLOAKROOM_REWRITE=1 to write {DOCUMENT.name} anew"


def versions():
    requirements = (REPOSITORY / "tests" / "requirements-swift.txt").read_text()
    swift = re.search(r"^swift==(.*)$", requirements, re.MULTILINE)[1]
    said = subprocess.run(["radosgw", "--version"], capture_output=True, text=True, check=True)
    ceph = re.search(r"version ([\d.]+)", said.stdout)[1]
    return f"OpenStack Swift {swift}, Ceph {ceph}"


def document(measured):
    parts = [
        f"""# Methods, ranges and conditions

What comes through the edge, and what the stores behind it say themselves, for an object of 36
bytes. `tests/stores/test_http_matrix.py` measures and writes this file, and fails when it no
longer holds: {len(measured)} requests to the edge, as many to the stores ({versions()}).

Stores differ in lists of tags, in `*`, in weak tags, in dates that are none, in two conditions at
once, in several ranges, and in ranges of a HEAD. So the gate sends on what all of them understand:
one condition, with one tag or a date, and one range. All else it decides itself, by the ETag and
the date of the answer; where that ends in 304 or 412, the body is let go. Several ranges get the
whole, as at S3.

`206 parts` is a `multipart/byteranges`; `416 bare` does not say how long the object is, which it
should; `304 bare` does not say which version it is about, which it must. \\* marks what RFC 9110
does not allow. OPTIONS never reaches a store.
"""
    ]
    for method in METHODS:
        parts.append(f"## {method} through the edge\n")
        parts.append(table(method, lambda *cell: edge_says(measured, method, *cell)))
    for store, name in STORES.items():
        deviations = deviating(measured, store)
        parts.append(f"## What {name} says itself\n")
        if not deviations:
            parts.append("Nothing that RFC 9110 does not allow.\n")
            continue
        parts.append("| | conditions | ranges | it says | RFC 9110 | through the edge |")
        parts.append("|---|---|---|---|---|---|")
        parts.append("\n".join(deviations) + "\n")
    return "\n".join(parts)


def table(method, says):
    lines = [
        "| | " + " | ".join(code(name) for name in RANGES) + " |",
        "|---" * (len(RANGES) + 1) + "|",
    ]
    for condition in CONDITIONS:
        cells = [says(range_name, condition) for range_name in RANGES]
        lines.append(f"| {condition_name(condition)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def edge_says(measured, method, range_name, condition):
    """One answer; where stores come to different ones, each with the names of the others."""
    allowed = demanded(method, range_name, condition)
    stores = {}
    for store in STORES:
        what = measured[store, method, range_name, condition][1]
        stores.setdefault(what if what in allowed else f"{what} \\*", []).append(store)
    usual, *others = sorted(stores, key=lambda what: -len(stores[what]))
    return "; ".join([usual, *(f"{', '.join(stores[what])}: {what}" for what in others)])


def deviating(measured, store):
    """Rows of what is not allowed; ranges, and then conditions, that come to the same share one."""
    by_ranges = {}
    for method, range_name, condition in CELLS:
        direct, through = measured[store, method, range_name, condition]
        allowed = demanded(method, range_name, condition)
        if direct not in allowed:
            came_to = (direct, " or ".join(sorted(allowed)), through)
            by_ranges.setdefault((method, condition, came_to), []).append(range_name)
    by_conditions = {}
    for (method, condition, came_to), ranges in by_ranges.items():
        by_conditions.setdefault((method, tuple(ranges), came_to), []).append(condition)
    return [
        f"| {method} | {'; '.join(map(condition_name, conditions))} | {names(ranges)} "
        f"| {' | '.join(came_to)} |"
        for (method, ranges, came_to), conditions in by_conditions.items()
    ]


def names(ranges):
    return "any" if len(ranges) == len(RANGES) else ", ".join(map(code, ranges))


def condition_name(name):
    return "no condition" if name == "none" else name.replace("*", "\\*")


def code(name):
    return "no range" if name == "none" else f"`{name}`"
