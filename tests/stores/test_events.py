"""What a store has is looked at when an event says so, and uploads that nobody completes are ended:
by the function, at every store that it signs for.
"""

import base64
import contextlib
import datetime
import hashlib
import hmac
import http.server
import json
import threading
import urllib.parse

import pytest

import function
from function import bucket_of, put

pytestmark = pytest.mark.edge

STORES = ["embedded", "swift-s3", "ceph"]
HOOK_KEY = b"the app's own key of thirty bytes"
HOOK_SECRET = "whsec_" + base64.b64encode(HOOK_KEY).decode()


class App:
    """An app that is told of uploads, and verifies what it is told."""

    def __init__(self):
        self.told = []

    def take(self, headers, body):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        digest = hmac.new(HOOK_KEY, signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
        self.told.append((headers["webhook-id"], json.loads(body)))


@contextlib.contextmanager
def receiving(app):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            app.take(self.headers, body)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def app():
    return App()


@pytest.fixture(scope="module")
def uploads(app, swift, ceph, tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    with receiving(app) as url:
        notify = {"url": url, "secrets": ["HOOK_SECRET"]}
        secrets = {"HOOK_SECRET": HOOK_SECRET}
        with function.running(folder, swift, ceph, notify, secrets) as running:
            yield running


@pytest.fixture(scope="module")
def owners(core, uploads, swift, ceph):
    return uploads.owners(core, swift, ceph)


def created(name, key):
    """The event of S3 about an object."""
    key = urllib.parse.quote_plus(key, safe="/")
    s3 = {"bucket": {"name": bucket_of(name)}, "object": {"key": key, "sequencer": "1"}}
    return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}


def news(app, begun, name):
    """What the app was told since of a store: the buckets of several have one name."""
    told = [(webhook, it["type"], it["data"]) for webhook, it in app.told[begun:]]
    return [(webhook, kind, data) for webhook, kind, data in told if data["store"] == name]


@pytest.mark.parametrize("name", STORES)
def test_an_event_tells_what_a_confirmation_tells(app, uploads, name):
    body = b"0123456789"
    upload = uploads.order(name, size=len(body), filename="a b+c%é.bin")
    begun = len(app.told)
    assert put(upload, body).status == 200
    assert uploads.invoke({"Records": [created(name, upload["key"])]}) is None
    assert uploads.confirm(upload)[0] == 200
    (first, kind, data), (second, *_) = news(app, begun, name)
    assert (first, kind, data["key"]) == (second, "upload.stored", upload["key"])
    assert (data["size"], data["principal"]) == (len(body), "alice")


@pytest.mark.parametrize("name", STORES)
def test_an_object_that_the_rule_does_not_allow(app, uploads, owners, name):
    key = f"users/alice/{'0' * 32}/disguised {name}.png"
    headers = {"content-type": "image/png"}
    owner = owners[name]
    answer = owner.request("PUT", owner.url(bucket_of(name), key), headers, b"%PDF-1.7")
    assert answer.status in (200, 201), answer
    begun = len(app.told)
    assert uploads.invoke({"Records": [created(name, key)]}) is None
    [(_, kind, data)] = news(app, begun, name)
    assert kind == "upload.refused"
    assert "its bytes are those of `application/pdf`" in data["problem"]


@pytest.mark.parametrize("name", STORES)
def test_an_object_that_is_gone(app, uploads, name):
    begun = len(app.told)
    key = f"users/alice/{'0' * 32}/gone"
    assert uploads.invoke({"Records": [created(name, key)]}) is None
    assert len(app.told) == begun


def test_uploads_that_nobody_completes(uploads):
    """More of them than a page has, at one store; some at each."""
    count = {"embedded": 3, "swift-s3": 3, "ceph": 105}
    started = [
        uploads.order(name, kind="multipart", size=10, filename=f"a b+c%é {n}")
        for name in STORES
        for n in range(count[name])
    ]
    for hours, status in [(25, 200), (27, 404)]:
        time = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)
        said = uploads.invoke({
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detail": {},
        })
        assert said is None
        for upload in started:
            assert uploads.go_on(upload, "GET", "/parts")[0] == status, upload["key"]
