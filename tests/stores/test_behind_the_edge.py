"""Objects of real stores through the edge under workerd: names, fallbacks, what shows of them."""

import gzip

import pytest

from behind import BUCKET
from edge import keeps_quiet
from names import NAMES
from random_requests import Credentials
from s3 import S3
from wire import send

pytestmark = pytest.mark.edge

STORES = ["embedded", "swift", "swift-s3", "ceph"]

each_store = pytest.mark.parametrize("store", STORES)


@each_store
def test_every_name(system, store):
    """What is stored under a name comes back under it, to the byte, and from nowhere else."""
    bodies = {name: f"{store}: {name}".encode() for name in NAMES}
    behind = system.behind[store]
    for name, body in bodies.items():
        behind.put(name, body, {"content-type": "text/plain"})
    for route, cache in (
        (store, "bypass"),
        (f"{store}-cached", "miss"),
        (f"{store}-cached", "hit"),
    ):
        for name, body in bodies.items():
            answer = system.get(route, name)
            assert (answer.status, answer.body) == (200, body), name
            assert system.edge.entry(answer)["cache"] == cache, name
            keeps_quiet(answer, system.secrets.values())
            head = system.get(route, name, method="HEAD")
            assert (head.status, head.body) == (200, b""), name
            assert head.headers["content-length"] == str(len(body)), name
    for name, body in bodies.items():
        sent = system.get(f"{store}-sent", name)
        assert sent.status == 302, name
        assert send("GET", sent.headers["location"]).body == body, name
    for name in NAMES:
        behind.delete(name)
        answer = system.get(store, name)
        assert (answer.status, system.edge.entry(answer)["reason"]) == (404, "object_not_found")
        keeps_quiet(answer, system.secrets.values())


@each_store
def test_a_signed_name(system, core, store):
    """An app's own ticket for a private object, where the edge stands in for S3."""
    key = "private/ü 100%+.txt"
    system.behind[store].put(key, b"for one pair of eyes")
    credentials = Credentials("APP", system.secrets["APP_SECRET"], None)
    app = S3(core, system.edge.endpoint, "us-east-1", credentials)
    for form in ("header", "presigned"):
        answer = app.request("GET", app.url(store, key), form=form)
        assert answer.body == b"for one pair of eyes"
        keeps_quiet(answer, system.secrets.values())
    assert system.get(store, key).status == 403


@each_store
def test_what_is_stored_with_an_object(system, store):
    """Its headers come with it; an encoding is the object's own and nobody undoes it."""
    packed = gzip.compress(b"a coat, folded " * 100, mtime=0)
    stored = {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "content-disposition": 'inline; filename="coat.json"',
        "cache-control": "max-age=60",
    }
    if store.startswith("swift"):
        del stored["cache-control"]  # Swift keeps it only where it is configured to.
    system.behind[store].put("packed", packed, stored)
    for accepted in (None, "gzip", "identity", "br, gzip;q=0.5"):
        headers = {"accept-encoding": accepted} if accepted else {}
        for method in ("GET", "HEAD"):
            answer = system.get(store, "packed", headers, method)
            assert answer.status == 200
            assert answer.body == (packed if method == "GET" else b"")
            assert answer.headers["content-length"] == str(len(packed))
            assert {name: answer.headers.get(name) for name in stored} == stored
    part = system.get(store, "packed", {"range": "bytes=2-11"})
    assert (part.status, part.body) == (206, packed[2:12])
    assert part.headers["content-encoding"] == "gzip"


@each_store
def test_a_large_object(system, store):
    body = bytes(range(256)) * (16 * 1024 * 1024 // 256)
    system.behind[store].put("large", body)
    assert system.get(store, "large").body == body
    last = system.get(store, "large", {"range": "bytes=-1000"})
    assert (last.status, last.body) == (206, body[-1000:])
    system.behind[store].delete("large")


@each_store
def test_a_head_costs_no_body(system, store):
    behind = system.behind[store]
    behind.put("head", b"a body")
    behind.recorder.take()
    answer = system.get(store, "head", {"range": "bytes=0-1"}, "HEAD")
    assert (answer.status, answer.headers["content-length"]) == (200, "6")
    *refused, call = behind.recorder.take()
    assert call.method == "HEAD" and "range" not in call.headers
    # Swift may be shown its wrong key first.
    assert len(refused) <= (1 if store == "swift" else 0)


def test_the_second_key_of_a_tempurl(system):
    behind = system.behind["swift"]
    behind.put("keys", b"opened by the second")
    with system.new_edge() as edge:
        behind.recorder.take()
        answer = send("GET", f"{edge.endpoint}/swift/keys")
        assert answer.body == b"opened by the second"
        first, second = behind.recorder.take()
        assert first.target != second.target
        assert edge.entry(answer)["attempts"] == ["swift 401", "swift 200"]
        # From now on it comes first.
        for _ in range(3):
            answer = send("GET", f"{edge.endpoint}/swift/keys")
            assert answer.body == b"opened by the second"
            assert len(behind.recorder.take()) == 1
            assert "attempts" not in edge.entry(answer)


def test_a_store_asked_is_told_nothing_of_the_viewer(system):
    for store, behind in system.behind.items():
        behind.put("told", b"x")
        behind.recorder.take()
        sent = {
            "cookie": "session=secret",
            "x-amz-acl": "public-read",
            "referer": "https://elsewhere.example/secret",
            "user-agent": "secret",
            "x-forwarded-for": "10.0.0.1",
            "x-newest": "true",
        }
        assert system.get(store, "told", sent).status == 200
        for call in behind.recorder.take():
            assert "secret" not in str(call) and "10.0.0.1" not in str(call), call
            assert not {"x-amz-acl", "x-newest"} & set(call.headers), call


class TestFallback:
    """A route whose objects move from Swift to S3."""

    def test_an_object_that_is_in_swift_alone(self, system):
        system.archived("only archived", b"the archive's")
        embedded, swift = system.behind["embedded"].recorder, system.behind["swift"].recorder
        for recorder in (embedded, swift):
            recorder.take()
        answer = system.get("moving", "only archived")
        assert (answer.status, answer.body) == (200, b"the archive's")
        keeps_quiet(answer, system.secrets.values())
        assert len(embedded.take()) == 1
        attempts = system.edge.entry(answer)["attempts"]
        assert (attempts[0], attempts[-1]) == ("embedded 404", "swift 200")
        assert len(swift.take()) == len(attempts) - 1
        part = system.get("moving", "only archived", {"range": "bytes=4-"})
        assert (part.status, part.body) == (206, b"archive's")
        head = system.get("moving", "only archived", method="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, "13")
        again = system.get("moving", "only archived", {"if-none-match": answer.headers["etag"]})
        assert again.status == 304

    def test_an_object_that_is_in_both(self, system):
        system.archived("both", b"the archive's")
        system.behind["embedded"].put("both", b"the new one")
        system.behind["swift"].recorder.take()
        assert system.get("moving", "both").body == b"the new one"
        assert system.behind["swift"].recorder.take() == []

    def test_an_object_that_is_in_neither(self, system):
        answer = system.get("moving", "nowhere")
        assert (answer.status, system.edge.entry(answer)["reason"]) == (404, "object_not_found")
        keeps_quiet(answer, system.secrets.values())

    def test_names(self, system):
        for name in NAMES:
            system.archived(name, name.encode())
            answer = system.get("moving", name)
            assert (answer.status, answer.body) == (200, name.encode()), name

    def test_a_store_that_stops(self, system):
        """Its objects are not called absent, and those of the other one are served."""
        for key in ("new", "both"):
            url = system.primary.url(BUCKET, key)
            assert system.primary.request("PUT", url, body=b"the new one").accepted
        for key in ("old", "both"):
            system.archived(key, b"the archive's")
        expected = {"new": b"the new one", "both": b"the new one", "old": b"the archive's"}
        for key, body in expected.items():
            assert system.get("stopping", key).body == body, key
        system.stopping.stop()
        reasons = set()
        for _ in range(4):
            for key in ("old", "both"):
                answer = system.get("stopping", key)
                assert (answer.status, answer.body) == (200, b"the archive's")
                keeps_quiet(answer, system.secrets.values())
            answer = system.get("stopping", "new")
            assert answer.status in (502, 503)
            keeps_quiet(answer, system.secrets.values())
            reasons.add(system.edge.entry(answer)["reason"])
        assert reasons <= {"store_unreachable", "store_resting"} and "store_resting" in reasons


def test_the_log_keeps_quiet(system):
    log = system.edge.log()
    assert not [name for name, secret in system.secrets.items() if secret in log]
    for store, behind in system.behind.items():
        assert behind.recorder.signatures, store
        assert not [each for each in behind.recorder.signatures if each in log], store
        assert behind.recorder.endpoint not in log, store
