"""Files in parts to Swift: segments by TempURL, put together by a manifest. What was agreed is one
object for everybody who reads it, and of what was not agreed nothing is left."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
from urllib.parse import quote, urlsplit

import pytest

import doctor
import function
import keystone
from behind import BUCKET, SWIFT_KEY
from function import MEBIBYTE, Function, put
from swift_api import SwiftUser
from wire import send

pytestmark = pytest.mark.edge

PART = 5 * MEBIBYTE
MAX = 12 * MEBIBYTE
TYPE = "application/x-a"
SEGMENTS = f"{BUCKET}_segments"
ELSEWHERE = "parts of é files"
NAME = "a b é?.bin"
OWNER = ("test:owner", "owning")


@pytest.fixture(scope="module")
def owner(swift):
    user = SwiftUser.sign_in(swift.endpoint, *OWNER)
    key = {"X-Account-Meta-Temp-URL-Key-2": SWIFT_KEY}
    assert user.request("POST", user.account, key).accepted
    return user


@pytest.fixture(scope="module")
def uploads(swift, owner, tmp_path_factory):
    store = {"kind": "swift", "endpoint": swift.endpoint, "account": "AUTH_test"}
    store["keys"] = ["TEMPURL_KEY"]
    version_1 = {"version": "v1", "url": f"{swift.endpoint}/auth/v1.0"}
    version_1 |= {"user": "SWIFT_USER", "key": "SWIFT_KEY"}
    with keystone.Keystone(swift.endpoint, *OWNER) as identity:
        version_3 = {"version": "v3", "url": identity.url, "id": "KEYSTONE_ID"}
        version_3 |= {"secret": "KEYSTONE_SECRET"}
        wrong = {**version_1, "key": "WRONG_KEY"}
        auths = {"swift": version_1, "keystone": version_3, "wrong": wrong}
        stores = {name: {**store, "auth": auth} for name, auth in auths.items()}

        def make_policy(_store, app, edge):
            policy = function.policy(stores, app, edge)
            rules = {name: rule(name, app) for name in stores}
            rules["elsewhere"] = {**rules["swift"], "segments": ELSEWHERE}
            return {**policy, "uploads": rules}

        secrets = {"TEMPURL_KEY": SWIFT_KEY, "SWIFT_USER": OWNER[0], "SWIFT_KEY": OWNER[1]}
        secrets |= {"KEYSTONE_ID": keystone.ID, "KEYSTONE_SECRET": keystone.SECRET}
        secrets["WRONG_KEY"] = "no key of anybody's"
        folder = tmp_path_factory.mktemp("large-objects")
        with function.dev_system.running(folder, make_policy, secrets) as said:
            running = Function(said)
            running.identity = identity
            yield running


def rule(name, app):
    stored_as = {"cache_control": "max-age=60", "content_disposition": "attachment"}
    stored_as["metadata"] = {"by": "{principal}", "name": "{filename}"}
    rule = {**function.rule(name, app), "kinds": ["multipart"], "stored_as": stored_as}
    return {**rule, "unenforced": ["signed_headers"]}


def begin(uploads, rule="swift", **fields):
    return uploads.order(rule, filename=NAME, **fields)


def parts(uploads, upload, *numbers):
    status, said = uploads.go_on(upload, "POST", "/parts", {"numbers": numbers})
    assert status == 200, said
    return said["parts"]


def send_all(uploads, upload, body):
    """Sends a body in parts, and says the ETag of each as a browser reads it."""
    numbers = range(1, len(range(0, len(body), PART)) + 1)
    sent = []
    for part in parts(uploads, upload, *numbers):
        start = (part["number"] - 1) * PART
        answer = put(part, body[start : start + PART])
        assert answer.status == 201, answer
        sent.append({"number": part["number"], "etag": answer.headers["etag"]})
    return sent


def lasting(said):
    """What is said of an object, but for the link, which is another one every second."""
    return {name: value for name, value in said.items() if name != "read"}


def segments(owner, upload):
    """The names of an upload's segments, and of others of its key."""
    query = f"format=json&prefix={quote(upload['key'], '')}"
    url = f"{owner.endpoint}{owner.account}/{SEGMENTS}?{query}"
    answer = send("GET", url, {"x-auth-token": owner.token})
    assert answer.accepted, answer
    return [each["name"] for each in json.loads(answer.body)]


def look(owner, upload, headers=None):
    """What is read by the account, which sees what a TempURL does not show."""
    return owner.request("GET", f"{owner.account}/{BUCKET}/{upload['key']}", headers)


def body_of(length):
    """Bytes of which no two parts are the same."""
    whole, rest = divmod(length, 32)
    blocks = [hashlib.sha256(str(n).encode()).digest() for n in range(whole + 1)]
    return b"".join(blocks[:whole]) + blocks[-1][:rest]


BODY = body_of(11 * MEBIBYTE)


@pytest.mark.parametrize("rule", ["swift", "keystone"])
def test_parts_become_one_object(uploads, owner, rule):
    upload = begin(uploads, rule, size=len(BODY))
    assert (upload["part_size"], upload["parts"]) == (PART, 3)
    first, second, third = parts(uploads, upload, 1, 2, 3)
    assert [part["size"] for part in (first, second, third)] == [PART, PART, MEBIBYTE]
    assert put(first, BODY[:PART]).status == 201
    # Not all of it is there yet.
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, "were announced" in said["message"]) == (409, True), said
    assert look(owner, upload).status == 404
    # Whoever resumes it is told what there is.
    status, said = uploads.go_on(upload, "GET", "/parts")
    etag = f'"{hashlib.md5(BODY[:PART]).hexdigest()}"'
    assert (status, said) == (200, {"parts": [{"number": 1, "size": PART, "etag": etag}]})
    send_all(uploads, upload, BODY)
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, said.get("size")) == (200, len(BODY)), said
    stored = look(owner, upload)
    assert (stored.status, stored.body) == (200, BODY)
    expected = {
        "content-type": TYPE,
        "cache-control": "max-age=60",
        "x-object-meta-by": "alice",
        "x-object-meta-name": quote(NAME, ""),
        "x-static-large-object": "True",
    }
    assert expected.items() <= stored.headers.items(), stored.headers
    assert stored.headers["content-disposition"].startswith('attachment; filename="a b ')
    assert said["etag"] == stored.headers["etag"]
    status, again = uploads.confirm(upload)
    assert (status, lasting(again)) == (200, lasting(said))
    if rule == "keystone":
        # The first token had ended. Each of the four processes of the function asks once.
        for _ in range(9):
            assert uploads.go_on(upload, "GET", "/parts")[0] == 404
        assert 1 < uploads.identity.asked <= 5


def test_an_answer_that_was_lost(uploads, owner):
    upload = begin(uploads, size=len(BODY))
    sent = send_all(uploads, upload, BODY)
    status, first = uploads.go_on(upload, "POST", "/complete", {"parts": sent})
    assert status == 200, first
    modified = look(owner, upload).headers["last-modified"]
    quoted = [{**part, "etag": f'"{part["etag"]}"'} for part in sent]
    for body in (None, {"parts": sent}, {"parts": quoted}):
        status, again = uploads.go_on(upload, "POST", "/complete", body)
        assert (status, lasting(again)) == (200, lasting(first))
    # What was completed has no parts to be listed, and none to be thrown away.
    assert uploads.go_on(upload, "GET", "/parts")[0] == 404
    for _ in range(2):
        assert uploads.go_on(upload, "DELETE", "")[0] == 204
    assert len(segments(owner, upload)) == 3
    stored = look(owner, upload)
    assert (stored.body, stored.headers["last-modified"]) == (BODY, modified)


@pytest.mark.parametrize("size", [None, 0, 1, PART, MAX])
def test_sizes(uploads, owner, size):
    body = body_of(3 if size is None else size)
    upload = begin(uploads, size=size)
    if body:
        send_all(uploads, upload, body)
    else:
        assert put(parts(uploads, upload, 1)[0], b"").status == 201
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, said.get("size")) == (200, len(body)), said
    assert look(owner, upload).body == body


def test_readers_see_one_object(uploads):
    upload = begin(uploads, size=len(BODY))
    send_all(uploads, upload, BODY)
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert status == 200, said
    edge = uploads.running["edge"]

    def read(*ranges, method="GET", headers=None):
        headers = {**(headers or {}), **({"range": f"bytes={ranges[0]}"} if ranges else {})}
        return send(method, said["read"], headers, to=edge)

    whole = read()
    assert (whole.status, whole.body, whole.headers["etag"]) == (200, BODY, said["etag"])
    assert whole.headers["content-type"] == TYPE
    assert not any("object-meta" in name or "large" in name for name in whole.headers)
    for first, last in [(0, 0), (PART - 1, PART), (PART - 9, 2 * PART + 9), (PART, 2 * PART - 1)]:
        answer = read(f"{first}-{last}")
        expected = (206, BODY[first : last + 1], f"bytes {first}-{last}/{len(BODY)}")
        assert (answer.status, answer.body, answer.headers["content-range"]) == expected
    answer = read("-7")
    assert (answer.status, answer.body) == (206, BODY[-7:])
    assert read(f"{len(BODY)}-").status == 416
    assert read(headers={"if-none-match": said["etag"]}).status == 304
    # The function sends readers to the store, by a TempURL.
    sent = send("GET", said["read"], to=uploads.running["uploads"])
    assert sent.status in (302, 307), sent
    first, last = PART - 2, PART + 1
    answer = send("GET", sent.headers["location"], {"range": f"bytes={first}-{last}"})
    assert (answer.status, answer.body) == (206, BODY[first : last + 1])


def test_parts_are_not_what_was_agreed(uploads, owner):
    upload = begin(uploads, size=len(BODY))
    sent = send_all(uploads, upload, BODY)
    wrong = {"number": 2, "etag": hashlib.md5(b"other").hexdigest()}
    for named, words in [
        ([sent[0], wrong, sent[2]], "no part 2 with this ETag"),
        ([*sent, {"number": 4, "etag": wrong["etag"]}], "no part 4 with this ETag"),
        (sent[:2], "were announced"),
        ([sent[1], sent[0], sent[2]], "in the order of their numbers"),
    ]:
        status, said = uploads.go_on(upload, "POST", "/complete", {"parts": named})
        assert (status, words in said["message"]) == (409, True), said
    for number in (4, 1001):
        status, _ = uploads.go_on(upload, "POST", "/parts", {"numbers": [number]})
        assert status == 400
    # Of a file of unknown size there may be as many as a manifest takes.
    first, last = parts(uploads, begin(uploads), 1, 1000)
    assert (first["size"], last["number"]) == (None, 1000)
    other = begin(uploads, size=PART)
    (one,) = parts(uploads, other, 1)
    assert put(one, b"").status == 201
    assert uploads.go_on(other, "POST", "/complete")[0] == 409
    # An empty part that is not the last one, of a sum that is allowed: Swift itself refuses it.
    unknown = begin(uploads)
    first, second = parts(uploads, unknown, 1, 2)
    assert put(first, b"").status == put(second, b"x").status == 201
    status, said = uploads.go_on(unknown, "POST", "/complete")
    assert (status, "a byte at least" in said["message"]) == (409, True), said
    for each in (upload, other, unknown):
        assert look(owner, each).status == 404


def test_too_much_is_thrown_away(uploads, owner):
    upload = begin(uploads)
    for part in parts(uploads, upload, 1, 2, 3):
        assert put(part, bytes(PART)).status == 201
    assert len(segments(owner, upload)) == 3
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, "thrown away" in said["message"]) == (409, True), said
    assert (look(owner, upload).status, segments(owner, upload)) == (404, [])


def test_aborted_uploads_leave_nothing(uploads, owner):
    upload = begin(uploads, size=len(BODY))
    assert uploads.go_on(upload, "DELETE", "")[0] == 204
    send_all(uploads, upload, BODY)
    # Of a key that goes on as this one's segments do, everything stays.
    folder = segments(owner, upload)[0].rsplit("/", 1)[0]
    path = f"{owner.account}/{SEGMENTS}/{folder}/{'0' * 32}/00000001"
    assert owner.request("PUT", path, body=b"beside").accepted
    for _ in range(2):
        assert uploads.go_on(upload, "DELETE", "")[0] == 204
    assert owner.request("GET", path).body == b"beside"
    assert owner.request("DELETE", path).accepted
    assert segments(owner, upload) == []
    assert uploads.go_on(upload, "GET", "/parts") == (200, {"parts": []})
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, "has no parts" in said["message"]) == (409, True), said
    assert look(owner, upload).status == 404


def test_every_upload_is_its_users_alone(uploads, owner):
    upload = begin(uploads, size=10)
    (part,) = parts(uploads, upload, 1)
    for user, expected in [("bob", 404), (None, 401)]:
        for method, step, body in [
            ("POST", "/parts", {"numbers": [1]}),
            ("GET", "/parts", None),
            ("POST", "/complete", None),
            ("DELETE", "", None),
        ]:
            assert uploads.go_on(upload, method, step, body, user)[0] == expected
    key = urlsplit(part["url"]).path
    for astray in [
        part["url"].replace("/alice/", "/bob/"),
        part["url"].replace("00000001", "00000002"),
        part["url"].replace(f"/{SEGMENTS}/", f"/{BUCKET}/"),
        part["url"].replace(key.split("/")[-2], "0" * 32),
    ]:
        assert astray != part["url"]
        assert put({"url": astray}, b"0123456789").status == 401
    assert segments(owner, upload) == []


def test_a_part_points_at_nothing(uploads, owner):
    """Whoever has the URL of a part has no manifest of his own."""
    victim = f"{owner.account}/{BUCKET}/users/bob/secret"
    assert owner.request("PUT", victim, body=b"bob's secret").accepted
    target = f"{BUCKET}/users/bob/secret"
    upload = begin(uploads)
    (part,) = parts(uploads, upload, 1)
    for headers in [
        {"x-object-manifest": target},
        {"x-symlink-target": target},
        {"x-copy-from": f"/{target}"},
    ]:
        answer = put(part, b"", headers)
        assert answer.status == 400, (headers, answer)
    listed = json.dumps([{"path": f"/{target}"}]).encode()
    as_manifest = {"url": f"{part['url']}&multipart-manifest=put"}
    assert put(as_manifest, listed).status == 201
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, said.get("size")) == (200, len(listed)), said
    assert look(owner, upload).body == listed


def test_what_is_there_stays(uploads, owner):
    upload = begin(uploads, size=3)
    send_all(uploads, upload, b"new")
    path = f"{owner.account}/{BUCKET}/{upload['key']}"
    assert owner.request("PUT", path, {"content-type": TYPE}, b"what was there").accepted
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, "has 14 bytes; 3 were" in said["message"]) == (409, True), said
    assert look(owner, upload).body == b"what was there"
    assert uploads.go_on(upload, "DELETE", "")[0] == 204
    assert (look(owner, upload).body, segments(owner, upload)) == (b"what was there", [])


def test_a_part_that_is_sent_again_afterwards_breaks_the_object_and_changes_nothing(uploads, owner):
    upload = begin(uploads, size=10)
    (part,) = parts(uploads, upload, 1)
    assert put(part, b"0123456789").status == 201
    assert uploads.go_on(upload, "POST", "/complete")[0] == 200
    assert put(part, b"9876543210").status == 201
    answer = look(owner, upload)
    assert (answer.status, b"9876" in answer.body) == (409, False), answer


def test_a_wrong_key_is_known_before_a_file_is_sent(uploads):
    order = {"rule": "wrong", "filename": "a", "content_type": TYPE}
    answer = uploads.ask("POST", "/uploads", order)
    said = json.loads(answer.body)["message"]
    assert (answer.status, "Its operator has to look" in said) == (502, True), answer


def test_the_container_of_segments_is_made_where_there_is_none(uploads, owner):
    path = f"{owner.account}/{ELSEWHERE}"
    assert owner.request("HEAD", path).status == 404
    upload = begin(uploads, "elsewhere", size=3)
    assert owner.request("HEAD", path).status == 204
    send_all(uploads, upload, b"abc")
    assert uploads.go_on(upload, "POST", "/complete")[0] == 200
    assert look(owner, upload).body == b"abc"
    assert owner.request("GET", path).body.decode().startswith(upload["key"])


def test_clients_that_speak_of_s3(uploads, owner):
    """Uppy by Companion, which tells the ETag of a part without its quotes."""
    body = b"0123456789"

    def ask(method, path, sent=None):
        answer = uploads.ask(method, f"/companion/swift/s3/multipart{path}", sent)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    begun = ask("POST", "", {"filename": NAME, "type": TYPE, "metadata": {}})
    at, key = f"/{begun['uploadId']}", f"?key={quote(begun['key'], '')}"
    etags = []
    for number in (1, 2):
        part = ask("GET", f"{at}/{number}{key}")
        answer = put(part, body[5 * number - 5 : 5 * number])
        etags.append(answer.headers["etag"].strip('"'))
    listed = ask("GET", f"{at}{key}")
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5), (2, 5)]
    assert [part["ETag"] for part in listed] == [f'"{etag}"' for etag in etags]
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    assert ask("POST", f"{at}/complete{key}", {"parts": parts})["key"] == begun["key"]
    assert look(owner, begun).body == body


def test_swiftclient_knows_it_for_a_static_large_object(uploads, owner, tmp_path):
    upload = begin(uploads, size=len(BODY))
    send_all(uploads, upload, BODY)
    assert uploads.go_on(upload, "POST", "/complete")[0] == 200
    beside = pathlib.Path(sys.executable).parent
    program = shutil.which("swift", path=beside) or shutil.which("swift")
    signed_in = {"ST_AUTH": f"{owner.endpoint}/auth/v1.0", "ST_USER": OWNER[0], "ST_KEY": OWNER[1]}

    def swift(*arguments):
        command = [program, "--retries=0", *arguments]
        done = subprocess.run(
            command, env={**os.environ, **signed_in}, capture_output=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    said = swift("stat", BUCKET, upload["key"])
    lines = dict(line.strip().split(": ", 1) for line in said.splitlines() if ": " in line)
    assert lines["Content Length"] == str(len(BODY))
    assert lines["X-Static-Large-Object"] == "True"
    file = tmp_path / "downloaded"
    # It compares the ETag of every segment with what comes.
    swift("download", BUCKET, upload["key"], "-o", str(file))
    assert file.read_bytes() == BODY
    swift("delete", BUCKET, upload["key"])
    assert (look(owner, upload).status, segments(owner, upload)) == (404, [])


def test_the_doctor_sees_what_parts_need(owner, swift, tmp_path):
    container, origin = "doctored", "https://app.example"
    key, container_key = "FIRST_KEY", "SECOND_KEY"
    secrets = {key: SWIFT_KEY, container_key: "a key of containers alone"}
    secrets |= {"SWIFT_USER": OWNER[0], "SWIFT_KEY": OWNER[1]}
    upload = {
        "route": container,
        "kinds": ["multipart"],
        "unenforced": ["signed_headers"],
        "key": "{random}",
        "content_types": ["*/*"],
        "size": {"max": 1000},
        "read": {"url": "https://media.example", "key": "APP"},
        "seal_secret": "SEAL_SECRET",
    }
    app = {"dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner"}

    def examine(key, **changes):
        auth = {"version": "v1", "url": f"{swift.endpoint}/auth/v1.0"}
        auth |= {"user": "SWIFT_USER", "key": "SWIFT_KEY"}
        policy = doctor.swift_policy(swift.endpoint, (container,), (key,), auth=auth)
        policy |= {"keys": {"APP": app}, "uploads": {"parts": upload}}
        examined = doctor.Doctor(tmp_path)
        return examined.examine(policy, {**secrets, **changes}, "--origin", origin)

    def post(name, headers):
        assert owner.request("POST", f"{owner.account}/{name}", headers).accepted

    browsers = {"X-Container-Meta-Access-Control-Allow-Origin": origin}
    browsers["X-Container-Meta-Access-Control-Expose-Headers"] = "ETag Location"
    assert owner.request("PUT", f"{owner.account}/{container}").accepted
    post(container, browsers)
    report = examine(key)
    assert (report.exit_status, report.verdicts["token"]) == (1, "yes")
    assert report.verdicts["parts"] == "no" and "large_object" not in report.verdicts
    assert f"swift post {container}_segments" in report.text

    assert owner.request("PUT", f"{owner.account}/{container}_segments").accepted
    report = examine(key)
    assert (report.verdicts["parts"], report.verdicts["large_object"]) == ("yes", "yes")
    assert (report.verdicts["parts_cors"], report.verdicts["parts_cors_expose"]) == ("no", "no")
    post(f"{container}_segments", browsers)
    report = examine(key)
    assert (report.exit_status, report.having("no")) == (0, set()), report.text

    report = examine(key, SWIFT_KEY="another key")
    assert (report.exit_status, report.having("no")) == (1, {"token"}), report.text

    for name in (container, f"{container}_segments"):
        post(name, {"X-Container-Meta-Temp-URL-Key": secrets[container_key]})
    report = examine(container_key)
    assert (report.exit_status, report.having("no")) == (1, {"large_object"}), report.text
    assert "keys of the account" in report.text
    for name in (container, f"{container}_segments"):
        assert owner.request("GET", f"{owner.account}/{name}").body == b""
