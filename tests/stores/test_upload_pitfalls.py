"""What goes wrong with uploads elsewhere, tried with what the upload function signs.

`tests/UPLOADS.md` has the list of all of it. Where a store has to refuse something, all keys that
it has are the same afterwards.
"""

import contextlib
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from function import MAX, bucket_of, post, put
from random_requests import encode
from wire import send

pytestmark = pytest.mark.edge

S3_STORES = ["embedded", "swift-s3", "ceph"]
ALL_STORES = [*S3_STORES, "swift"]
FORM_STORES = ["embedded", "ceph", "swift"]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
BODY = b"0123456789"

WAYS = [(name, "put") for name in ALL_STORES] + [(name, "form") for name in FORM_STORES]


@pytest.fixture
def nothing_new(keys):
    """A context after which a store has the keys that it had before."""

    @contextlib.contextmanager
    def nothing_new(name):
        before = keys(name)
        yield
        assert keys(name) == before

    return nothing_new


def store_it(upload, kind, body, filename="a b.bin"):
    """Sends a body as agreed."""
    return put(upload, body) if kind == "put" else post(upload, [(filename, body)])


def refused(answer, what=None):
    assert 400 <= answer.status < 500, (what, answer)


NAMES = [
    "%2e%2e",
    "%2e%2e%2fbob%2fmine",
    "..\\bob",
    "a\\b",
    "50%zz",
    "a?X-Amz-Signature=0&b=c",
    "#",
    "'a' <b> & c;d,e=f",
    "~.a...b.",
    "caf\u00e9",
    "cafe\u0301",
    "日本 я 🧥",
    "{random}",
    "a b+c",
    "a%20b+c",
    "a%20b c",
]


@pytest.mark.parametrize("name, kind", WAYS)
def test_odd_names_are_names(uploads, keys, look, name, kind):
    """Each is a key of its own, byte for byte, and no other key comes to be."""
    before, stored = keys(name), {}
    names = [*NAMES, *(["${filename}", 'a "b"'] if kind == "put" else [])]
    for filename in names:
        body = filename.encode()
        upload = uploads.order(name, kind=kind, filename=filename, size=len(body))
        answer = store_it(upload, kind, body, filename)
        assert answer.accepted, (filename, answer)
        assert upload["key"].endswith("/" + filename)
        status, said = uploads.confirm(upload)
        # Of a form of Swift the type is the browser's.
        assert (status, said.get("key")) == (200, upload["key"]) or name == "swift", said
        stored[upload["key"]] = body
    assert keys(name) - before == set(stored)
    for key, body in stored.items():
        assert look(name, key) == (200, body), key


@pytest.mark.parametrize("name, kind", WAYS)
def test_a_key_of_1024_bytes_and_no_more(uploads, look, nothing_new, name, kind):
    upload = uploads.order(name, kind=kind, filename="n", size=1)
    filename = "n" * (1024 - len(upload["key"]) + 1)
    upload = uploads.order(name, kind=kind, filename=filename, size=1)
    assert len(upload["key"]) == 1024
    assert store_it(upload, kind, b"x", filename).accepted
    assert look(name, upload["key"]) == (200, b"x")
    order = {"rule": name, "kind": kind, "content_type": "application/x-a", "size": 1}
    with nothing_new(name):
        for too_long in (filename + "n", "n" * 3000):
            answer = uploads.ask("POST", "/uploads", {**order, "filename": too_long})
            assert (answer.status, b"is too long" in answer.body) == (400, True), answer


@pytest.mark.parametrize("name, kind", WAYS)
def test_another_folder(uploads, nothing_new, name, kind):
    """Of somebody else, of one whose name begins alike, and of one that a path would lead to."""
    upload = uploads.order(name, kind=kind, size=len(BODY))
    own = upload["key"].rsplit("/", 1)[0]
    folders = ["users/bob/x", "users/alice0/x", "users/alic", own + "0", own + "/../../bob/x"]
    with nothing_new(name):
        for folder in folders:
            if kind == "put":
                astray = {**upload, "url": upload["url"].replace(own, folder)}
                refused(put(astray, BODY), folder)
            elif name == "swift":
                astray = {**upload, "url": upload["url"].replace(own, folder)}
                refused(post(astray, [("a b.bin", BODY)]), folder)
            else:
                refused(post(upload, [("a", BODY)], {"key": f"{folder}/a b.bin"}), folder)


@pytest.mark.parametrize("name", FORM_STORES)
@pytest.mark.parametrize("size, taken", [(0, True), (MAX, True), (MAX + 1, False)])
def test_a_form_for_any_size(uploads, look, nothing_new, name, size, taken):
    upload = uploads.order(name, kind="form")
    if taken:
        assert post(upload, [("a b.bin", bytes(size))]).status == 201
        assert look(name, upload["key"]) == (200, bytes(size))
        return
    with nothing_new(name):
        refused(post(upload, [("a b.bin", bytes(size))]))
    assert uploads.confirm(upload)[0] == 409


@pytest.mark.parametrize("size", [0, MAX])
def test_a_tempurl_for_a_size(uploads, look, size):
    upload = uploads.order("swift", size=size)
    assert put(upload, bytes(size)).status == 201
    assert look("swift", upload["key"]) == (200, bytes(size))
    assert uploads.confirm(upload)[0] == 200
    more = uploads.order("swift", size=size)
    assert put(more, bytes(size + 1)).status == 201
    status, said = uploads.confirm(more)
    assert (status, f"has {size + 1} bytes" in said["message"]) == (409, True), said


@pytest.mark.parametrize("name", S3_STORES)
@pytest.mark.parametrize("content_type", ["IMAGE/PNG", "image/png; q=1", 'Image/Png;Q="x y"'])
def test_a_type_is_the_one_that_was_ordered(uploads, nothing_new, name, content_type):
    upload = uploads.order(name, content_type=content_type, size=len(PNG))
    with nothing_new(name):
        others = ["image/svg+xml", "text/html", "text/xml", "image/png", "", content_type + ";x=y"]
        for other in others:
            refused(put(upload, PNG, {"content-type": other}), other)
        refused(put(upload, PNG, without=("content-type",)))
    assert put(upload, PNG).status == 200
    assert uploads.confirm(upload)[0] == 200


@pytest.mark.parametrize("name", ["embedded", "ceph"])
@pytest.mark.parametrize("content_type", ["IMAGE/PNG", 'image/png; x="a b"'])
def test_a_form_has_the_type_that_was_ordered(uploads, nothing_new, name, content_type):
    upload = uploads.order(name, kind="form", content_type=content_type, size=len(PNG))
    with nothing_new(name):
        for other in ["image/svg+xml", "text/html", "text/xml", "image/png", ""]:
            refused(post(upload, [("x.png", PNG)], {"content-type": other}), other)
    assert post(upload, [("x.html", PNG)]).status == 201
    assert uploads.confirm(upload)[0] == 200


OTHER_TYPES = ["text/html", "text/html; x", "text/html;", "image/png, text/html", "image/svg+xml"]


@pytest.mark.parametrize("content_type", OTHER_TYPES)
@pytest.mark.parametrize("kind", ["put", "form"])
def test_a_type_that_swift_lets_the_client_choose(uploads, kind, content_type):
    upload = uploads.order("swift", kind=kind, content_type="image/png", size=len(PNG))
    change = {"content-type": content_type}
    sent = put(upload, PNG, change) if kind == "put" else post(upload, [("a b.bin", PNG)], change)
    assert sent.status == 201
    status, said = uploads.confirm(upload)
    assert (status, f"of type `{content_type}`" in said["message"]) == (409, True), said


@pytest.mark.parametrize("name", S3_STORES)
def test_headers_that_need_no_signature(uploads, owners, name):
    """S3 signs `x-amz-` headers and the type; a client may add these, and they are stored."""
    upload = uploads.order(name, size=len(BODY))
    added = {"content-disposition": "inline", "cache-control": "max-age=1"}
    assert put(upload, BODY, added).status == 200
    owner = owners[name]
    answer = owner.request("GET", owner.url(bucket_of(name), upload["key"]))
    assert {header: answer.headers.get(header) for header in added} == added
    assert uploads.confirm(upload)[0] == 200


@pytest.mark.parametrize("name", S3_STORES)
def test_parts_of_others(uploads, nothing_new, name):
    """Another number, another upload's id, another key, somebody else's upload."""
    own, other, bobs = (
        uploads.go_on(upload, "POST", "/parts", {"numbers": [1]}, user)[1]["parts"][0]["url"]
        for user in ("alice", "alice", "bob")
        for upload in [begin(uploads, name, user)]
    )
    body = bytes(10)
    with nothing_new(name):
        for number in ["0", "2", "10001", "1abc", "01", "-1", ""]:
            astray = own.replace("partNumber=1&", f"partNumber={number}&")
            assert astray != own
            refused(send("PUT", astray, {}, body), number)
        for foreign in (other, bobs):
            astray = own.replace(id_in(own), id_in(foreign))
            refused(send("PUT", astray, {}, body), "another id")
            astray = own.replace(urlsplit(own).path, urlsplit(foreign).path)
            refused(send("PUT", astray, {}, body), "another key")
        for query in (f"partNumber=1&uploadId={id_in(bobs)}", f"uploadId={id_in(bobs)}"):
            unsigned = bobs.split("?")[0] + "?" + query
            for method in ("PUT", "POST", "DELETE", "GET"):
                refused(send(method, unsigned, {}, b""), (method, "no signature"))
    # The right one is still good.
    assert send("PUT", own, {}, body).status == 200


def begin(uploads, name, user):
    order = {"rule": name, "kind": "multipart", "filename": "a", "size": 10}
    answer = uploads.ask("POST", "/uploads", {**order, "content_type": "application/x-a"}, user)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def id_in(url):
    """The store's id of an upload, as it stands in a URL."""
    return encode(parse_qs(urlsplit(url).query)["uploadId"][0])


@pytest.mark.parametrize("name", S3_STORES)
def test_numbers_of_parts(uploads, name):
    upload = begin(uploads, name, "alice")
    for numbers in [[0], [10001], ["1abc"], ["1"], [1.5], [-1], [2], [], "1", None]:
        status, said = uploads.go_on(upload, "POST", "/parts", {"numbers": numbers})
        assert status == 400, (numbers, said)
    status, _ = uploads.go_on(upload, "POST", "/complete", {"parts": [{"number": 0, "etag": "e"}]})
    assert status == 400


PARTS = [(name, "multipart") for name in S3_STORES]


@pytest.mark.parametrize("name, kind", [*WAYS, *PARTS])
def test_another_users_id(uploads, nothing_new, name, kind):
    """Neither another user nor nobody takes a step of an upload by its id."""
    upload = uploads.order(name, kind=kind, size=len(BODY))
    if kind == "multipart":
        _, said = uploads.go_on(upload, "POST", "/parts", {"numbers": [1]})
        assert put(said["parts"][0], BODY).status == 200
    parts = {"numbers": [1]}
    steps = [("POST", "/parts", parts), ("GET", "/parts", None), ("POST", "/complete", None)]
    steps += [("POST", "/confirm", None), ("DELETE", "", None)]
    with nothing_new(name):
        for method, step, body in steps:
            for user, status in [("bob", 404), (None, 401)]:
                answer = uploads.go_on(upload, method, step, body, user)
                assert answer[0] == status, (method, step, user, answer)
                assert "X-Amz" not in str(answer) and "temp_url" not in str(answer)
    if kind == "multipart":
        assert uploads.go_on(upload, "POST", "/complete")[0] == 200
    else:
        assert store_it(upload, kind, BODY).accepted


@pytest.mark.parametrize("name", FORM_STORES)
def test_a_form_in_another_order(uploads, nothing_new, name):
    """The file goes last: what comes behind it does not count."""
    upload = uploads.order(name, kind="form", size=len(BODY))
    with nothing_new(name):
        refused(post(upload, [("a b.bin", BODY)], before=False))
        refused(post(upload, []), "no file")
    assert post(upload, [("a b.bin", BODY)]).status == 201


def test_an_acl_where_the_owner_owns_everything(uploads, nothing_new):
    """No rule says one by default; where one does, such a bucket refuses it."""
    with nothing_new("embedded"):
        for kind in ("put", "form"):
            upload = uploads.order("embedded-acl", kind=kind, size=len(BODY))
            answer = store_it(upload, kind, BODY)
            assert answer.status == 400, answer
            assert b"AccessControlListNotSupported" in answer.body
            assert uploads.confirm(upload)[0] == 409
        order = {"rule": "embedded-acl", "kind": "multipart", "filename": "a", "size": 1}
        answer = uploads.ask("POST", "/uploads", {**order, "content_type": "application/x-a"})
        assert answer.status == 502, answer


@pytest.fixture(scope="module")
def ended(uploads):
    """What was signed for one second, some seconds ago."""
    ended = {
        (name, kind): uploads.order(f"{name}-brief", kind=kind, size=len(BODY))
        for name, kind in WAYS
    }
    time.sleep(3)
    return ended


@pytest.mark.parametrize("name, kind", WAYS)
def test_after_its_end(ended, nothing_new, name, kind):
    upload = ended[name, kind]
    with nothing_new(name):
        refused(store_it(upload, kind, BODY))


POINTERS = {
    "a copy": {"x-copy-from": "{container}/{other}"},
    "a manifest": {"x-object-manifest": "{container}/{other}"},
    "a link": {"x-symlink-target": "{container}/{other}"},
}


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_tempurl_leads_to_no_other_object(uploads, nothing_new, pointer):
    other = uploads.order("swift", size=6)
    assert put(other, b"secret").status == 201
    upload = uploads.order("swift", size=0)
    place = {"container": bucket_of("swift"), "other": encode(other["key"], "/")}
    added = {name: value.format(**place) for name, value in POINTERS[pointer].items()}
    with nothing_new("swift"):
        refused(put(upload, b"", added), pointer)
    assert uploads.confirm(upload)[0] == 409


def test_a_list_of_segments_is_a_file_of_its_own(uploads, look):
    """A static large object is made with a token alone; by a TempURL the list is a file."""
    other = uploads.order("swift", size=6)
    assert put(other, b"secret").status == 201
    body = f'[{{"path": "/{bucket_of("swift")}/{other["key"]}"}}]'.encode()
    upload = uploads.order("swift", size=6)
    wish = {**upload, "url": upload["url"] + "&multipart-manifest=put"}
    assert put(wish, body).status == 201
    assert look("swift", upload["key"]) == (200, body)
    assert uploads.confirm(upload)[0] == 409


def test_a_tempurl_is_for_one_object_one_method_and_one_time(uploads, nothing_new):
    upload = uploads.order("swift", size=len(BODY))
    folder = upload["key"].rsplit("/", 1)[0]
    url = upload["url"]
    with nothing_new("swift"):
        for change in (
            url + f"&temp_url_prefix={encode(folder)}",
            url.replace("temp_url_expires=", "temp_url_expires=9"),
            url + "&temp_url_ip_range=0.0.0.0/0",
        ):
            assert send("PUT", change, upload["headers"], BODY).status == 401, change
        for method in ("GET", "POST", "DELETE"):
            assert send(method, url, {}, b"").status == 401, method


def test_what_a_formpost_leaves_to_the_client(uploads, look, keys, nothing_new):
    """The name, the encoding, the end: of a file in a folder that no other upload gets."""
    upload = uploads.order("swift", kind="form", size=len(BODY))
    folder = upload["key"].rsplit("/", 1)[0] + "/"
    container = upload["url"][: upload["url"].index(folder)]
    files = [("a b.bin", BODY)]
    with nothing_new("swift"):
        # Without the slash at its end a form would be for every name that begins alike.
        refused(post({**upload, "url": upload["url"].rstrip("/")}, files), "no slash")
        refused(post({**upload, "url": container}, files), "the container")
        refused(post(upload, [("n" * 1100, BODY)]), "a key that is too long")
        refused(post(upload, [("", BODY)]), "no name")
        for field in ("max_file_size", "max_file_count", "expires", "signature"):
            refused(post(upload, files, without=(field,)), field)
        refused(post(upload, files, {"redirect": "https://app.example/-"}), "a redirect")
    # One is allowed, so one is stored, and nothing of the second.
    refused(post(upload, [*files, ("second", BODY)]), "two files")
    assert keys("swift", folder) == {upload["key"]}
    assert look("swift", upload["key"]) == (200, BODY)
    for field, value in [("content-encoding", "gzip"), ("x_delete_after", "60")]:
        taken = uploads.order("swift", kind="form", size=len(BODY))
        assert post(taken, files, {field: value}).status == 201, field
        assert taken["key"].rsplit("/", 1)[0] + "/" != folder
    # An answer without an ETag; the confirmation has it.
    answer = post(
        upload := uploads.order("swift", kind="form", size=len(BODY)),
        files,
        {"content-type": "application/x-a"},
    )
    assert (answer.status, "etag" in answer.headers) == (201, False)
    status, said = uploads.confirm(upload)
    assert (status, bool(said.get("etag"))) == (200, True), said


@pytest.mark.parametrize("name", S3_STORES)
def test_parts_larger_than_the_file(uploads, nothing_new, name):
    """Whose size was not told: they are added up, and thrown away."""
    upload = uploads.order(name, kind="multipart")
    _, said = uploads.go_on(upload, "POST", "/parts", {"numbers": [1]})
    with nothing_new(name):
        assert put(said["parts"][0], bytes(MAX + 1)).status == 200
        status, said = uploads.go_on(upload, "POST", "/complete")
        assert (status, "thrown away" in said["message"]) == (409, True), said
    assert uploads.go_on(upload, "GET", "/parts")[0] == 404
