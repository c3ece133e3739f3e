"""Container ACLs before Swift: who is let in, by Swift and by the core."""

import itertools
from urllib.parse import quote

import pytest

from swift_api import SwiftUser
from wire import send

pytestmark = pytest.mark.swift

BODY = b"a coat"
# Users of TempAuth, with their keys; the first one administers the account.
USERS = {
    "test:owner": "owning",
    "test:reader": "reading",
    "test:writer": "writing",
    "guest:owner": "visiting",
}
REFERERS = [
    None,
    "https://www.example.com/page",
    "http://example.com/",
    "https://www.thief.example/",
    "https://thief.example:8080/x?y#z",
    "www.example.com",
    "https://user@www.example.com/",
    "",
]
READ = [
    "",
    ".r:*",
    ".r:*,.rlistings",
    ".rlistings",
    ".r:.example.com,.rlistings",
    ".r:www.example.com",
    ".r:example.com,.rlistings",
    ".r:*,.r:-.thief.example,.rlistings",
    ".r:-.thief.example,.r:*,.rlistings",
    ".r:*,.r:-thief.example",
    ".r:-www.example.com",
    "test",
    "test:reader",
    "test:reader,.r:www.example.com",
    "guest",
    "guest:owner,.rlistings",
    "guest:reader",
    "*",
    "test:*",
    " .referrer : *.example.com ,, test:writer ",
    ".ref:example.com, .referer:-www.example.com",
]
WRITE = ["", "test", "test:writer", "test:owner", "guest", "guest:owner,test:reader", "*"]
# Most of these Swift refuses to set.
DOUBTFUL = {
    "X-Container-Read": [".r:", ".r:-", ".r: - ", ".x:example.com", ".r", ".r:*.", ".r:."],
    "X-Container-Write": [".r:*", "test,.r:www.example.com", ".ref:x", ".y:z"],
}


@pytest.fixture(scope="module")
def users(swift_endpoint):
    return {name: SwiftUser.sign_in(swift_endpoint, name, secret) for name, secret in USERS.items()}


@pytest.fixture(scope="module")
def new_container(users):
    """A container with the given ACLs and one object; its path."""
    owner, number = users["test:owner"], itertools.count()

    def new_container(headers):
        path = f"{owner.account}/acl-{next(number)}"
        assert owner.request("PUT", path, headers).status == 201
        assert owner.request("PUT", f"{path}/object", body=BODY).status == 201
        return path

    return new_container


def ask(endpoint, user, method, path, referer=None, body=b""):
    headers = {"X-Auth-Token": user.token} if user else {}
    if referer is not None:
        headers["Referer"] = referer
    answer = send(method, endpoint + quote(path), headers, body)
    assert answer.status in (200, 201, 204, 401, 403), answer
    return answer.accepted


def decide(core, header, acl, name, asked, referer=None):
    """The ACL by itself; the account's administrator needs none."""
    groups = [name.split(":")[0], name] if name else []
    answer = core("swift_acl", header=header, acl=acl, groups=groups, asked=asked, referer=referer)
    return answer["allowed"] or name == "test:owner"


@pytest.mark.parametrize("acl", READ)
def test_reading(swift_endpoint, core, users, new_container, acl):
    path = new_container({"X-Container-Read": acl})
    targets = {"object": f"{path}/object", "listing": path}
    by_swift, by_core = {}, {}
    for name, referer, asked in itertools.product([None, *users], REFERERS, targets):
        case = (name, referer, asked)
        user = users.get(name)
        by_swift[case] = ask(swift_endpoint, user, "GET", targets[asked], referer)
        by_core[case] = decide(core, "read", acl, name, asked, referer)
    assert by_core == by_swift


@pytest.mark.parametrize("acl", WRITE)
def test_writing(swift_endpoint, core, users, new_container, acl):
    path = new_container({"X-Container-Write": acl})
    by_swift, by_core = {}, {}
    for name in [None, *users]:
        user, target = users.get(name), f"{path}/by {name}"
        by_swift[name] = ask(swift_endpoint, user, "PUT", target, body=BODY)
        by_core[name] = decide(core, "write", acl, name, "object")
    assert by_core == by_swift


@pytest.mark.parametrize("read", [".r:.example.com,.rlistings,guest", "test:reader"])
def test_a_rule_of_a_policy(swift_endpoint, core, users, new_container, read):
    """Both ACLs and the account's administrator, decided by the core alone."""
    write = "test:writer"
    path = new_container({"X-Container-Read": read, "X-Container-Write": write})
    tried = {
        "READ": ("GET", f"{path}/object", b""),
        "LIST": ("GET", path, b""),
        "WRITE": ("PUT", f"{path}/new", BODY),
    }
    by_swift, by_core = {}, {}
    for name, referer, permission in itertools.product([None, *users], REFERERS, tried):
        case = (name, referer, permission)
        method, target, body = tried[permission]
        by_swift[case] = ask(swift_endpoint, users.get(name), method, target, referer, body)
        answer = core(
            "acl",
            swift={"read": read, "write": write},
            bucket_owner="test:owner",
            principal=name and {"user": name},
            permission=permission,
            referer=referer,
        )
        by_core[case] = answer["allowed"]
    assert by_core == by_swift


@pytest.mark.parametrize("acl", READ)
def test_the_form_that_is_kept(core, users, new_container, acl):
    path = new_container({"X-Container-Read": acl})
    kept = users["test:owner"].request("HEAD", path).headers.get("x-container-read", "")
    clean = core("swift_acl", header="read", acl=acl, groups=[], asked="object")["clean"]
    assert clean == kept


@pytest.mark.parametrize(
    ("header", "acl"), [(header, acl) for header, acls in DOUBTFUL.items() for acl in acls]
)
def test_what_cannot_be_set(core, users, header, acl):
    owner = users["test:owner"]
    refused = owner.request("PUT", f"{owner.account}/doubtful", {header: acl}).status == 400
    name = header.removeprefix("X-Container-").lower()
    answer = core("swift_acl", header=name, acl=acl, groups=[], asked="object")
    assert ("error" in answer) == refused
