"""python-swiftclient's command `swift`, told Swift itself and then the edge before it: the same
commands print the same and fetch the same, with nothing changed but endpoint and key."""

import hashlib
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys

import pytest

from edge import Edge
from swift_api import SwiftUser
from test_behind_the_edge import NAMES

pytestmark = pytest.mark.edge

CONTAINER = "unchanged"
TEMPURL_KEY = "the account's second TempURL key"
# Users of Swift with their keys there. The reader is named by the container's ACL.
USERS = {"test:owner": "owning", "test:reader": "reading", "test:writer": "writing"}
READ = "test:reader"
# A name of a file has 255 bytes at most, slashes in a row are one there, and what another name goes
# on behind is a folder.
FILED = [os.path.normpath(name) for name in NAMES]
FILES = [
    name
    for name in NAMES
    if not name.endswith("/")
    and FILED.count(os.path.normpath(name)) == 1
    and not any(other.startswith(f"{name}/") for other in NAMES)
    and all(len(part.encode()) < 256 for part in name.split("/"))
]


class Command:
    """The command of one user, at one endpoint."""

    def __init__(self, endpoint, user, key):
        self._variables = {"ST_AUTH": f"{endpoint}/auth/v1.0", "ST_USER": user, "ST_KEY": key}

    def __call__(self, *arguments, folder=None):
        """Output and exit status; the output of a failure is what it says of it."""
        done = subprocess.run(
            [program(), "--retries=0", *arguments],
            env={**os.environ, **self._variables},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=120,
        )
        return done.returncode, (done.stderr if done.returncode else done.stdout).decode()


def program():
    beside = pathlib.Path(sys.executable).parent
    found = shutil.which("swift", path=beside) or shutil.which("swift")
    assert found, "python-swiftclient is in tests/requirements.txt"
    return found


@pytest.fixture(scope="module")
def objects():
    return {name: f"{secrets.token_hex(8)} {name}".encode() for name in NAMES}


@pytest.fixture(scope="module")
def owner(swift_endpoint, objects):
    """The account's owner, who has put the objects there and said who may read them."""
    owner = SwiftUser.sign_in(swift_endpoint, "test:owner", "owning")
    key = {"X-Account-Meta-Temp-URL-Key-2": TEMPURL_KEY}
    assert owner.request("POST", owner.account, key).accepted
    container = f"{owner.account}/{CONTAINER}"
    assert owner.request("PUT", container, {"X-Container-Read": READ}).accepted
    for name, body in objects.items():
        headers = {"content-type": "image/x-test"}
        assert owner.request("PUT", f"{container}/{name}", headers, body).accepted, name
    return owner


@pytest.fixture(scope="module")
def edge(swift_endpoint, owner):
    """The edge before Swift: one container by its S3 API, and the same by TempURLs."""
    access = [{"keys": "*", "swift": {"read": READ}}]
    keys = {user: secrets.token_hex(16) for user in USERS}
    principals = {user: {"user": user} for user in USERS} | {"test:owner": "every-owner"}
    policy = {
        "version": 1,
        "stores": {
            "s3": {
                "kind": "s3",
                "endpoint": swift_endpoint,
                "region": "us-east-1",
                "addressing": "path",
                "credentials": {"access_key_id": "S3_ID", "secret_access_key": "S3_SECRET"},
            },
            "tempurl": {
                "kind": "swift",
                "endpoint": swift_endpoint,
                "account": "AUTH_test",
                "keys": ["TEMPURL_KEY"],
            },
        },
        "keys": {
            user: {
                "dialect": "swift",
                "secret": name_of(user),
                "path": "/v1/AUTH_test/",
                "principal": principals[user],
            }
            for user in USERS
        },
        "routes": {
            name: {
                "path": f"/v1/AUTH_test/{container}/",
                "store": name,
                "bucket": CONTAINER,
                "access": access,
            }
            for name, container in [("s3", CONTAINER), ("tempurl", "by-tempurl")]
        },
    }
    named = {name_of(user): key for user, key in keys.items()}
    stores = {"S3_ID": "test:owner", "S3_SECRET": "owning", "TEMPURL_KEY": TEMPURL_KEY}
    with Edge(policy, {**named, **stores}) as edge:
        edge.keys = keys
        yield edge


def name_of(user):
    return f"{user.replace(':', '_').upper()}_KEY"


@pytest.fixture
def both(swift_endpoint, edge):
    """The same user's command at Swift and at the edge."""

    def commands(user):
        there = Command(swift_endpoint, user, USERS[user])
        return there, Command(edge.endpoint, user, edge.keys[user])

    return commands


@pytest.mark.parametrize("user", ["test:owner", "test:reader"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["list", CONTAINER],
        ["list", CONTAINER, "--prefix", "a"],
        ["list", CONTAINER, "--delimiter", "/"],
        ["list", CONTAINER, "--prefix", "a//", "--delimiter", "/"],
        ["list", CONTAINER, "--prefix", "no such"],
        ["download", CONTAINER, "users/alice/photo.jpg", "--output", "-"],
        ["download", CONTAINER, "100%", "--output", "-"],
        ["download", CONTAINER, "a//b//", "--output", "-"],
    ],
    ids=" ".join,
)
def test_prints_the_same(both, arguments, user):
    there, here = both(user)
    expected = there(*arguments)
    assert expected[0] == 0
    assert here(*arguments) == expected


def test_tells_the_same_of_what_there_is(both, objects):
    there, here = both("test:reader")
    of_objects = [
        [{name: entry[name] for name in ("name", "bytes", "hash")} for entry in json.loads(text)]
        for _, text in (each("list", CONTAINER, "--json") for each in (there, here))
    ]
    assert of_objects[0] == of_objects[1]
    assert len(of_objects[0]) == len(objects)
    told = [printed(each("stat", CONTAINER)[1]) for each in (there, here)]
    assert [{name: each[name] for name in ("Account", "Objects", "Bytes")} for each in told] == [
        {
            "Account": "AUTH_test",
            "Objects": str(len(objects)),
            "Bytes": str(sum(map(len, objects.values()))),
        }
    ] * 2
    fields = ["Object", "Content Type", "Content Length", "Last Modified", "ETag"]
    for container in (CONTAINER, "by-tempurl"):
        _, expected = there("stat", CONTAINER, "two  spaces .txt")
        _, found = here("stat", container, "two  spaces .txt")
        expected, found = printed(expected), printed(found)
        assert [found[name] for name in fields] == [expected[name] for name in fields]


def printed(text):
    """What a command prints as `name: value`; quotes of entity tags are not told apart."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}


@pytest.mark.parametrize("container", [CONTAINER, "by-tempurl"])
def test_fetches_every_name(both, objects, tmp_path, container):
    _, here = both("test:reader")
    for number, name in enumerate(NAMES):
        # The command takes it for an option.
        if name != "-rf":
            status, said = here("download", container, name, "-o", str(number), folder=tmp_path)
            assert status == 0, said
            assert (tmp_path / str(number)).read_bytes() == objects[name], name


def test_fetches_a_container(both, objects, tmp_path):
    _, here = both("test:reader")
    here("download", CONTAINER, folder=tmp_path)
    files = {
        str(each.relative_to(tmp_path)): each.read_bytes()
        for each in tmp_path.rglob("*")
        if each.is_file()
    }
    # `//` is one slash to a file system.
    expected = {name.replace("//", "/"): objects[name] for name in FILES}
    assert {name: files.get(name) for name in expected} == expected


def test_denies_the_same(both, tmp_path):
    for user, arguments, reasons in [
        ("test:writer", ["list", CONTAINER], ["403 Forbidden"]),
        ("test:writer", ["download", CONTAINER, "100%"], ["403 Forbidden"]),
        ("test:reader", ["download", CONTAINER, "no such name"], ["not found"]),
        # Swift does not tell a reader of one container of the others.
        ("test:reader", ["list", "no-such-container"], ["403 Forbidden", "not found"]),
    ]:
        for command in both(user):
            status, said = command(*arguments, folder=tmp_path)
            assert status and any(reason in said for reason in reasons), said
    assert not list(tmp_path.iterdir())


def test_a_key_is_for_its_own_endpoint(swift_endpoint, edge):
    """Swift's key opens nothing at the edge, nor the edge's at Swift."""
    for endpoint, key in [(edge.endpoint, "reading"), (swift_endpoint, edge.keys["test:reader"])]:
        status, said = Command(endpoint, "test:reader", key)("list", CONTAINER)
        assert status and "401 Unauthorized" in said


def test_what_is_reached_by_tempurls_cannot_be_listed(both):
    _, here = both("test:reader")
    status, said = here("list", "by-tempurl")
    assert status and "501 Not Implemented" in said


def test_fetches_nothing_again_that_is_the_same(both, tmp_path):
    for each in both("test:reader"):
        assert each("download", CONTAINER, "CASE.txt", folder=tmp_path)[0] == 0
        status, said = each("download", CONTAINER, "CASE.txt", "--skip-identical", folder=tmp_path)
        assert "Skipped identical file" in said, said


def test_writes_nothing(both, owner, objects, tmp_path):
    (tmp_path / "new.txt").write_text("new")
    _, here = both("test:owner")
    for arguments in [
        ["upload", CONTAINER, "new.txt"],
        ["delete", CONTAINER, "CASE.txt"],
        ["post", CONTAINER, "--read-acl", ".r:*"],
    ]:
        status, said = here(*arguments, folder=tmp_path)
        assert status and "405 Method Not Allowed" in said, said
    listed = owner.request("GET", f"{owner.account}/{CONTAINER}", {"accept": "application/json"})
    hashes = {entry["name"]: entry["hash"] for entry in json.loads(listed.body)}
    assert hashes == {name: hashlib.md5(body).hexdigest() for name, body in objects.items()}
