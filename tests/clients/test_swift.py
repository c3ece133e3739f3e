"""python-swiftclient's command `swift`, which knows the edge's address and a key."""

import json
import re
import time
import urllib.error
import urllib.request

import jwt
import pytest

import bucket

CONTAINERS = ["album", "photos"]


def printed(text):
    """What a command prints as `name: value`."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def signed_in(swift, user):
    """The storage URL and the token that `swift auth` gives."""
    return dict(re.findall(r"export (OS_\w+)=(\S+)", swift(user)("auth")))


def test_auth(swift, system):
    said = signed_in(swift, "acme:alice")
    assert said["OS_STORAGE_URL"] == f"{system['edge']}/v1/AUTH_acme"
    assert said["OS_AUTH_TOKEN"].startswith("AUTH_tk")
    for user, key in [("acme:alice", "x" * 64), ("acme:eve", bucket.SECRETS["ALICE_SECRET"])]:
        refused = swift(user, key)("list", fails=True)
        assert "401 Unauthorized" in refused
        assert "The user or the key is" in refused


@pytest.mark.parametrize("key", ["APPKEY", "ALICEKEY", "BOBKEY"])
def test_list(swift, key):
    tool = swift(f"acme:{key.removesuffix('KEY').lower()}")
    containers = tool("list").split()
    assert containers == ([*CONTAINERS, "vault"] if key == "APPKEY" else CONTAINERS)
    for container in CONTAINERS:
        listed = tool("list", container).split("\n")[:-1]
        # In the container of the whole bucket, the app sees what is below `site/`, too.
        assert [name for name in listed if not name.startswith("site/")] == bucket.SEEN[key]


def test_list_of_folders(swift):
    alice = swift("acme:alice")
    for prefix in ["", "public/", "public/odd/", "users/", "users/bob/", "none/"]:
        folders, files = bucket.folders_and_files(bucket.SEEN["ALICEKEY"], prefix)
        listed = alice("list", "album", "--prefix", prefix, "--delimiter", "/")
        assert listed.split("\n")[:-1] == sorted([*folders, *files]), prefix
    refused = alice("list", "album", "--delimiter", "b", fails=True)
    assert "400 Bad Request" in refused


def test_list_in_json(swift):
    entries = json.loads(swift("acme:alice")("list", "album", "--json", "--prefix", "users/"))
    assert [(entry["name"], entry["bytes"]) for entry in entries] == [
        (name, len(bucket.content(name))) for name in bucket.ALICE
    ]
    for entry in entries:
        assert re.fullmatch(r"[0-9a-f]{32}", entry["hash"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", entry["last_modified"])


def test_what_nobody_may_list(swift):
    refused = swift("acme:alice")("list", "vault", fails=True)
    assert "403 Forbidden" in refused
    assert "not found" in swift("acme:alice")("list", "nothing", fails=True)


def test_stat(swift):
    alice = swift("acme:alice")
    seen = bucket.SEEN["ALICEKEY"]
    container = printed(alice("stat", "album"))
    assert container["Objects"] == str(len(seen))
    assert container["Bytes"] == str(sum(len(bucket.content(name)) for name in seen))
    assert printed(alice("stat"))["Containers"] == str(len(CONTAINERS))
    for name in [*bucket.ODD, *bucket.ALICE]:
        told = printed(alice("stat", "album", name))
        assert told["Content Length"] == str(len(bucket.content(name))), name
    assert "404 Not Found" in alice("stat", "album", "public/none", fails=True)


def test_download_of_a_container(swift, tmp_path):
    swift("acme:alice")("download", "album")
    files = {
        str(each.relative_to(tmp_path)): each.read_bytes()
        for each in tmp_path.rglob("*")
        if each.is_file()
    }
    # `//` is one slash to a file system, and what ends with a slash is a folder.
    expected = {
        name.replace("//", "/"): bucket.content(name)
        for name in bucket.SEEN["ALICEKEY"]
        if not name.endswith("/")
    }
    assert files == expected


def test_download_of_one_object(swift):
    alice = swift("acme:alice")
    for name in [*bucket.ODD, *bucket.UNFILED, *bucket.UNSEEN[1:]]:
        assert alice("download", "album", name, "--output", "-") == bucket.content(name).decode()


def test_what_is_the_same_is_not_fetched_again(swift):
    alice = swift("acme:alice")
    alice("download", "album", "users/alice/a.txt")
    again = alice("download", "album", "users/alice/a.txt", "--skip-identical")
    assert "Skipped identical file" in again, again


def test_what_others_own(swift, tmp_path):
    for container, name in [("photos", "users/bob/secret.txt"), ("album", "other.txt")]:
        refused = swift("acme:alice")("download", container, name, fails=True)
        assert "403 Forbidden" in refused
    assert not list(tmp_path.iterdir())


def test_a_token_alone(swift, system):
    """A storage URL and a token, as another sign-in would give them."""
    said = signed_in(swift, "acme:alice")
    claims = {"sub": "alice", "exp": int(time.time()) + 600}
    of_the_app = jwt.encode(claims, bucket.SECRETS["USERS_SECRET"], headers={"kid": "users"})

    def listed(token, **how):
        options = ["--os-storage-url", said["OS_STORAGE_URL"], "--os-auth-token", token]
        return swift("acme:nobody", "none")(*options, "list", "album", **how)

    for token in [said["OS_AUTH_TOKEN"], of_the_app]:
        assert listed(token).split("\n")[:-1] == bucket.SEEN["ALICEKEY"]
    for token in [said["OS_AUTH_TOKEN"][:-2] + "AA", of_the_app[:-2] + "AA", "AUTH_tk"]:
        assert "401 Unauthorized" in listed(token, fails=True)


def test_a_token_that_has_expired(swift, system):
    user = {"X-Auth-User": "acme:alice", "X-Auth-Key": bucket.SECRETS["ALICE_SECRET"]}
    _, headers = ask(f"{system['edge']}/auth/v1.0", {**user, "X-Auth-Token-Lifetime": "1"})
    url, token = headers["X-Storage-Url"], headers["X-Auth-Token"]
    assert headers["X-Auth-Token-Expires"] == "1"
    deadline = time.monotonic() + 20
    while ask(f"{url}/album/users/alice/a.txt", {"X-Auth-Token": token})[0] != 401:
        assert time.monotonic() < deadline, "the token does not end"
        time.sleep(0.1)
    options = ["--os-storage-url", url, "--os-auth-token", token]
    refused = swift("acme:nobody", "none")(*options, "list", "album", fails=True)
    assert "401 Unauthorized" in refused


def ask(url, headers):
    """The status and the headers of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_nothing_is_written(swift, tmp_path):
    (tmp_path / "new.txt").write_text("new")
    alice = swift("acme:alice")
    for command in [
        ["upload", "album", "new.txt"],
        ["delete", "album", "users/alice/a.txt"],
        ["post", "album", "--read-acl", ".r:*"],
    ]:
        assert "405 Method Not Allowed" in alice(*command, fails=True), command
    assert "users/alice/a.txt" in alice("list", "album")
