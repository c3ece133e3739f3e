"""What the upload function signs, and what a store makes of it: the upload that was agreed, and no
other. Whatever is sent otherwise is refused by the store itself, and nothing is there afterwards.
"""

import base64
import hashlib
import json
import time

import pytest

from function import MAX, MEBIBYTE, bucket_of, post, put

pytestmark = pytest.mark.edge

S3_STORES = ["embedded", "swift-s3", "ceph"]
FORM_STORES = ["embedded", "ceph"]

NOTHING = (404, None)


@pytest.mark.parametrize("name", S3_STORES)
def test_a_put(uploads, look, name):
    body = b"0123456789"
    upload = uploads.order(name, size=len(body))
    key = upload["key"]
    for what, change, without, sent in [
        ("shorter", {}, (), body[:-1]),
        ("longer", {}, (), body + b"x"),
        ("empty", {}, (), b""),
        ("another type", {"content-type": "text/html"}, (), body),
        ("no type", {}, ("content-type",), body),
        ("may replace", {}, ("if-none-match",), body),
        ("another header", {"x-amz-acl": "public-read"}, (), body),
        ("more metadata", {"x-amz-meta-more": "1"}, (), body),
        ("a copy", {"x-amz-copy-source": f"/{bucket_of(name)}/users/bob/a"}, (), body),
    ]:
        # Ceph takes headers that were not signed; what they say is then the client's.
        if name == "ceph" and what in ("another header", "more metadata", "a copy"):
            continue
        answer = put(upload, sent, change, without)
        assert 400 <= answer.status < 500, (what, answer)
        assert look(name, key) == NOTHING, what
        assert uploads.confirm(upload)[0] == 409, what
    for part in ("alice", key.split("/")[2]):
        astray = {**upload, "url": upload["url"].replace(part, "bob" if part == "alice" else "0" * 32)}
        assert put(astray, body).status == 403
    assert put(upload, body).status == 200
    assert look(name, key) == (200, body)
    # It was stored, so it cannot be stored again; but it is confirmed as often as one likes.
    assert put(upload, body[::-1]).status == 412
    for _ in range(2):
        status, said = uploads.confirm(upload)
        assert (status, said.get("key"), said.get("size")) == (200, key, len(body))
    assert look(name, key) == (200, body)


@pytest.mark.parametrize("name", S3_STORES)
def test_a_put_without_a_type(uploads, look, name):
    """As better-upload sends a file whose type the browser does not know."""
    body = b"0123456789"
    order = {"route": name, "files": [{"name": "a", "size": len(body), "type": ""}]}
    file = json.loads(uploads.ask("POST", "/better-upload", order).body)["files"][0]
    headers = {**file["headers"], "content-type": ""}
    upload = {"id": file["id"], "url": file["signedUrl"], "headers": headers}
    key = file["file"]["objectInfo"]["key"]
    for other in ("text/html", "application/octet-stream"):
        assert put(upload, body, {"content-type": other}).status == 403
        assert look(name, key) == NOTHING
    assert put(upload, body).status == 200
    assert look(name, key) == (200, body)
    assert uploads.confirm(upload)[0] == 200


@pytest.mark.parametrize("name", ["embedded", "swift-s3"])
def test_a_checksum(uploads, look, name):
    body = b"what was announced"
    sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    upload = uploads.order(name, size=len(body), checksum_sha256=sha256)
    answer = put(upload, body[::-1])
    assert (answer.status, look(name, upload["key"])) == (400, NOTHING), answer
    assert put(upload, body, without=("x-amz-checksum-sha256",)).status == 403
    assert put(upload, body).status == 200
    assert uploads.confirm(upload)[0] == 200


@pytest.mark.parametrize("name", S3_STORES)
def test_an_md5(uploads, look, name):
    body = b"what was announced"
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    upload = uploads.order(name, size=len(body), content_md5=md5)
    answer = put(upload, body[::-1])
    assert (answer.status, look(name, upload["key"])) == (400, NOTHING), answer
    assert put(upload, body).status == 200
    assert uploads.confirm(upload)[0] == 200


@pytest.mark.parametrize("name", S3_STORES)
@pytest.mark.parametrize("size", [0, 1, MAX])
def test_sizes(uploads, look, name, size):
    body = bytes(size)
    upload = uploads.order(name, size=size)
    assert put(upload, body).status == 200
    assert look(name, upload["key"])[1] == body
    assert uploads.confirm(upload)[1]["size"] == size


def test_a_size_that_the_rule_does_not_allow(uploads):
    order = {"rule": "embedded", "filename": "a", "content_type": "application/x-a"}
    assert uploads.ask("POST", "/uploads", {**order, "size": MAX + 1}).status == 403


@pytest.mark.parametrize("name", S3_STORES)
def test_parts(uploads, look, name):
    body = bytes(range(256)) * (6 * 4096)
    upload = uploads.order(name, kind="multipart", size=len(body))
    assert (upload["part_size"], upload["parts"]) == (5 * MEBIBYTE, 2)
    status, said = uploads.go_on(upload, "POST", "/parts", {"numbers": [1, 2]})
    first, second = said["parts"]
    data = {1: body[: first["size"]], 2: body[first["size"] :]}
    assert put(first, data[1] + b"x").status == 403
    assert put(first, data[1][:-1]).status == 403
    astray = {**first, "url": first["url"].replace("partNumber=1", "partNumber=2")}
    assert put(astray, data[1]).status == 403
    assert put(first, data[1]).status == 200
    # Not all of it is there yet.
    assert uploads.go_on(upload, "POST", "/complete")[0] == 409
    assert look(name, upload["key"]) == NOTHING
    assert put(second, data[2]).status == 200
    status, listed = uploads.go_on(upload, "GET", "/parts")
    assert [part["size"] for part in listed["parts"]] == [len(data[1]), len(data[2])]
    for user in ("bob", None):
        status, _ = uploads.go_on(upload, "POST", "/complete", user=user)
        assert status in (401, 404)
    sent = [{"number": part["number"], "etag": part["etag"].strip('"')} for part in listed["parts"]]
    status, said = uploads.go_on(upload, "POST", "/complete", {"parts": sent})
    assert (status, said.get("size")) == (200, len(body)), said
    assert look(name, upload["key"]) == (200, body)
    # An answer that was lost.
    assert uploads.go_on(upload, "POST", "/complete", {"parts": sent})[0] == 200
    assert uploads.go_on(upload, "DELETE", "")[0] == 204
    assert look(name, upload["key"])[0] == 200


@pytest.mark.parametrize("name", S3_STORES)
def test_parts_that_are_too_much_are_thrown_away(uploads, look, name):
    upload = uploads.order(name, kind="multipart")
    _, said = uploads.go_on(upload, "POST", "/parts", {"numbers": [1, 2, 3]})
    for part in said["parts"]:
        assert part["size"] is None
        assert put(part, bytes(5 * MEBIBYTE)).status == 200
    status, said = uploads.go_on(upload, "POST", "/complete")
    assert (status, "thrown away" in said["message"]) == (409, True), said
    assert look(name, upload["key"]) == NOTHING
    assert uploads.go_on(upload, "GET", "/parts")[0] == 404


@pytest.mark.parametrize("name", S3_STORES)
def test_parts_that_are_aborted(uploads, look, name):
    upload = uploads.order(name, kind="multipart", size=10)
    _, said = uploads.go_on(upload, "POST", "/parts", {"numbers": [1]})
    assert put(said["parts"][0], b"0123456789").status == 200
    for _ in range(2):
        assert uploads.go_on(upload, "DELETE", "")[0] == 204
    assert uploads.go_on(upload, "POST", "/complete")[0] == 409
    assert put(said["parts"][0], b"0123456789").status == 404
    assert look(name, upload["key"]) == NOTHING


@pytest.mark.parametrize("name", FORM_STORES)
def test_a_form(uploads, look, name):
    body = b"the bytes of a file"
    upload = uploads.order(name, kind="form")
    key = upload["key"]
    for what, change, without in [
        ("another key", {"key": key.replace("alice", "bob")}, ()),
        ("a name in the key", {"key": key.rsplit("/", 1)[0] + "/${filename}"}, ()),
        ("another type", {"content-type": "text/html"}, ()),
        ("no type", {}, ("content-type",)),
        ("another field", {"x-amz-meta-more": "1"}, ()),
        ("an acl", {"acl": "public-read"}, ()),
        ("another policy", {"policy": upload["fields"]["policy"][:-4] + "AAAA"}, ()),
        ("no signature", {}, ("x-amz-signature",)),
    ]:
        answer = post(upload, [("x.html", body)], change, without)
        assert 400 <= answer.status < 500, (what, answer)
        assert look(name, key) == NOTHING, what
    assert 400 <= post(upload, [("x", bytes(MAX + 1))]).status < 500
    assert look(name, key) == NOTHING
    answer = post(upload, [("../x.html", body)])
    assert answer.status == 201, answer
    assert look(name, key) == (200, body)
    status, said = uploads.confirm(upload)
    assert (status, said["size"]) == (200, len(body))


@pytest.mark.parametrize("name", FORM_STORES)
@pytest.mark.parametrize("size", [0, 1000])
def test_a_form_for_one_size(uploads, look, name, size):
    upload = uploads.order(name, kind="form", size=size)
    for other in (size + 1, size - 1):
        if other >= 0:
            assert 400 <= post(upload, [("x", bytes(other))]).status < 500
            assert look(name, upload["key"]) == NOTHING
    assert post(upload, [("x", bytes(size))]).status == 201
    assert uploads.confirm(upload)[1]["size"] == size


def test_a_tempurl(uploads, look):
    """Swift signs neither size nor type; the confirmation finds them."""
    body = b"0123456789"
    upload = uploads.order("swift", size=len(body))
    assert put(upload, body).status == 201
    assert uploads.confirm(upload)[0] == 200
    assert look("swift", upload["key"]) == (200, body)
    for change, sent, words in [
        ({}, body + b"x", "The store has 11 bytes; 10 were announced."),
        ({"content-type": "text/html"}, body, "has a file of type `text/html`"),
    ]:
        upload = uploads.order("swift", size=len(body))
        assert put(upload, sent, change).status == 201
        status, said = uploads.confirm(upload)
        assert (status, words in said["message"]) == (409, True), said
    upload = uploads.order("swift", size=len(body))
    answer = put(upload, b"", {"x-object-manifest": f"{bucket_of('swift')}/users/bob/"})
    assert (answer.status, look("swift", upload["key"])) == (400, NOTHING), answer
    astray = {**upload, "url": upload["url"].replace("alice", "bob")}
    assert put(astray, body).status == 401


def test_a_png_that_is_none(uploads):
    upload = uploads.order("swift", size=24, content_type="image/png", filename="a.png")
    assert put(upload, b"<!DOCTYPE html><script/>").status == 201
    status, said = uploads.confirm(upload)
    assert (status, "its bytes are those of `text/html`" in said["message"]) == (409, True), said


def test_a_formpost(uploads, look):
    body = b"0123456789"
    upload = uploads.order("swift", kind="form", size=len(body))
    folder = upload["key"].rsplit("/", 1)[0]
    for what, files, change in [
        ("too large", [("a b.bin", body + b"x")], {}),
        ("another size", [("a b.bin", body)], {"max_file_size": "11"}),
        ("more files", [("a b.bin", body)], {"max_file_count": "2"}),
        ("later", [("a b.bin", body)], {"expires": str(int(time.time()) + 9999)}),
        ("a redirect", [("a b.bin", body)], {"redirect": "https://evil.example/"}),
    ]:
        answer = post(upload, files, change)
        assert 400 <= answer.status < 500, (what, answer)
        assert look("swift", upload["key"]) == NOTHING, what
    astray = {**upload, "url": upload["url"].replace("alice", "bob")}
    assert post(astray, [("a b.bin", body)]).status == 401
    # The name is the browser's, and stays in the folder that nobody else gets.
    for name in ("../../bob/evil", "a/../../evil", "evil"):
        assert post(upload, [(name, body)]).status in (201, 400)
        assert look("swift", f"users/bob/evil") == NOTHING
        assert look("swift", f"users/alice/evil") == NOTHING
        assert uploads.confirm(upload)[0] == 409
    assert post(upload, [("a b.bin", body)]).status == 201
    assert look("swift", f"{folder}/a b.bin") == (200, body)
    # Its type is the browser's, too.
    status, said = uploads.confirm(upload)
    assert (status, "of type `text/html`" in said["message"]) == (409, True), said
