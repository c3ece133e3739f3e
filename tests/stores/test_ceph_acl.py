"""S3's ACLs before Ceph: who may do what with an object, by Ceph and by the core.

`owner` owns the bucket, `writer` may write into it, `visitor` may nothing, nobody is anonymous.
"""

import dataclasses

import pytest

from random_requests import Credentials
from wire import send

pytestmark = pytest.mark.ceph

BODY = b"a coat"
NAMES = ["owner", "writer", "visitor"]
CANNED = [
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
]
GRANTS = ["READ", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"]
GROUPS = "http://acs.amazonaws.com/groups/global"
# As S3 writes a grantee, and as the core does.
GRANTEES = {
    "all users": (f'uri="{GROUPS}/AllUsers"', "all-users"),
    "authenticated users": (f'uri="{GROUPS}/AuthenticatedUsers"', "authenticated-users"),
    "the visitor": ('id="visitor"', {"user": "visitor"}),
    "the bucket's owner": ('id="owner"', {"user": "owner"}),
}
each_grantee = pytest.mark.parametrize("grantee", GRANTEES)


class Somebody:
    """Asks as a user, or as nobody."""

    def __init__(self, name, user):
        self.name = name
        self._user = user

    def request(self, method, url, headers=None, body=b""):
        if self.name is None:
            return send(method, url, headers or {}, body)
        return self._user.request(method, url, headers, body)


@pytest.fixture(scope="module")
def people(ceph, ceph_cluster):
    people = {"owner": Somebody("owner", ceph.owner), None: Somebody(None, None)}
    for name in ("writer", "visitor"):
        credentials = Credentials(*ceph_cluster.create_user(name), None)
        people[name] = Somebody(name, dataclasses.replace(ceph.owner, credentials=credentials))
    return people


@pytest.fixture(scope="module")
def bucket(ceph):
    """The owner's, in which the writer may put objects, too."""
    headers = {"x-amz-grant-full-control": 'id="owner"', "x-amz-grant-write": 'id="writer"'}
    ceph.owner.create_bucket("shared", headers)
    return "shared"


def grant_header(permission):
    return "x-amz-grant-" + permission.lower().replace("_", "-")


def decide(core, principal, permission, **rule):
    user = principal and {"user": principal}
    answer = core("acl", bucket_owner="owner", principal=user, permission=permission, **rule)
    assert "error" not in answer, answer
    return answer["allowed"]


def assert_alike(core, people, url, owner, **rule):
    """Each of the people tries all that can be tried on an object of `owner`."""
    acl = people[owner].request("GET", f"{url}?acl")
    assert acl.status == 200, acl
    tried = {
        "READ": ("GET", url, b""),
        "READ_ACP": ("GET", f"{url}?acl", b""),
        # The ACL that it has, so that nothing changes for whoever tries next.
        "WRITE_ACP": ("PUT", f"{url}?acl", acl.body),
    }
    by_ceph, by_core = {}, {}
    for name, somebody in people.items():
        for permission, (method, target, body) in tried.items():
            answer = somebody.request(method, target, body=body)
            assert answer.status in (200, 403), answer
            by_ceph[name, permission] = answer.status == 200
            by_core[name, permission] = decide(core, name, permission, owner=owner, **rule)
    assert by_core == by_ceph


@pytest.mark.parametrize("acl", CANNED)
@pytest.mark.parametrize("owner", ["owner", "writer"])
def test_canned(ceph, core, people, bucket, owner, acl):
    """An object in the owner's bucket that the owner or somebody else has put there."""
    url = ceph.owner.url(bucket, f"{owner}-{acl}")
    assert people[owner].request("PUT", url, {"x-amz-acl": acl}, BODY).status == 200
    assert_alike(core, people, url, owner, acl=acl)


@each_grantee
@pytest.mark.parametrize("permission", GRANTS)
def test_grant(ceph, core, people, bucket, grantee, permission):
    """One grant alone: the owner is not among the grantees."""
    to_s3, to_core = GRANTEES[grantee]
    url = ceph.owner.url(bucket, f"{grantee}-{permission}")
    headers = {grant_header(permission): to_s3}
    assert people["writer"].request("PUT", url, headers, BODY).status == 200
    grants = [{"to": to_core, "permission": permission}]
    assert_alike(core, people, url, "writer", grants=grants)


def test_several_grants(ceph, core, people, bucket):
    url = ceph.owner.url(bucket, "several")
    headers = {
        "x-amz-grant-full-control": 'id="writer", id="owner"',
        "x-amz-grant-read": f'uri="{GROUPS}/AuthenticatedUsers"',
        "x-amz-grant-read-acp": f'uri="{GROUPS}/AllUsers"',
    }
    assert people["writer"].request("PUT", url, headers, BODY).status == 200
    grants = [
        {"to": "owner", "permission": "FULL_CONTROL"},
        {"to": "bucket-owner", "permission": "FULL_CONTROL"},
        {"to": "authenticated-users", "permission": "READ"},
        {"to": "all-users", "permission": "READ_ACP"},
    ]
    assert_alike(core, people, url, "writer", grants=grants)


@pytest.mark.parametrize("acl", CANNED[:4])
def test_writing_under_a_canned_acl(ceph, core, people, acl):
    bucket = f"canned-{acl}"
    ceph.owner.create_bucket(bucket, {"x-amz-acl": acl})
    assert_writes_alike(ceph, core, people, bucket, acl=acl)


@each_grantee
@pytest.mark.parametrize("permission", ["READ", "WRITE", "FULL_CONTROL"])
def test_writing_under_a_grant(ceph, core, people, grantee, permission):
    to_s3, to_core = GRANTEES[grantee]
    bucket = f"{permission}-{grantee}".lower().replace(" ", "-").replace("_", "-").replace("'", "")
    ceph.owner.create_bucket(bucket, {grant_header(permission): to_s3})
    grants = [{"to": to_core, "permission": permission}]
    assert_writes_alike(ceph, core, people, bucket, grants=grants)


def assert_writes_alike(ceph, core, people, bucket, **rule):
    """In S3 the bucket's ACL says who writes; the core has no ACL but the object's."""
    by_ceph, by_core = {}, {}
    for name, somebody in people.items():
        answer = somebody.request("PUT", ceph.owner.url(bucket, f"by {name}"), body=BODY)
        assert answer.status in (200, 403), answer
        by_ceph[name] = answer.status == 200
        by_core[name] = decide(core, name, "WRITE", owner="owner", **rule)
    assert by_core == by_ceph


@each_grantee
def test_listing(ceph, core, people, grantee):
    to_s3, to_core = GRANTEES[grantee]
    bucket = f"list-{grantee}".replace(" ", "-").replace("'", "")
    ceph.owner.create_bucket(bucket, {grant_header("READ"): to_s3})
    by_ceph, by_core = {}, {}
    for name, somebody in people.items():
        answer = somebody.request("GET", ceph.owner.url(bucket))
        assert answer.status in (200, 403), answer
        by_ceph[name] = answer.status == 200
        rule = {"owner": "writer", "acl": "private", "list": [to_core]}
        by_core[name] = decide(core, name, "LIST", **rule)
    assert by_core == by_ceph
