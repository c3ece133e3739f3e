"""Forms that boto3 presigns and the core signs, posted to the embedded store and to Ceph."""

import base64
import json
import re

import boto3
import pytest
from botocore.config import Config
from urllib3 import encode_multipart_formdata

from conftest import BUCKET
from edge import EmbeddedStore
from random_requests import Credentials, amz_date
from s3 import S3, now
from wire import send

FILE = b"a coat"
KEY = "forms/ä b+c.jpg"
FIELDS = {
    "Content-Type": "image/jpeg",
    "x-amz-meta-owner": "eric",
    "success_action_status": "201",
}
STARTS = {"x-amz-meta-note": "of "}
# What a browser adds to the fields that were signed.
ADDED = {"x-amz-meta-note": "of mine"}
LENGTH = [1, 6]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("embedded", marks=pytest.mark.edge),
        pytest.param("ceph", marks=pytest.mark.ceph),
    ],
)
def owner(request, core, tmp_path_factory):
    """Who owns the bucket that forms are posted to."""
    if request.param == "ceph":
        yield request.getfixturevalue("ceph").owner
        return
    with EmbeddedStore(tmp_path_factory.mktemp("forms")) as store:
        credentials = Credentials(store.access_key_id, store.secret_access_key, None)
        owner = S3(core, store.endpoint, store.region, credentials)
        owner.create_bucket(BUCKET)
        yield owner


@pytest.fixture
def by_boto3(owner):
    client = boto3.client(
        "s3",
        endpoint_url=owner.endpoint,
        region_name=owner.region,
        aws_access_key_id=owner.credentials.access_key_id,
        aws_secret_access_key=owner.credentials.secret_access_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )

    def sign(key=KEY, length=LENGTH):
        conditions = [{name: value} for name, value in FIELDS.items()]
        conditions += [["starts-with", f"${name}", prefix] for name, prefix in STARTS.items()]
        conditions.append(["content-length-range", *length])
        return client.generate_presigned_post(BUCKET, key, FIELDS, conditions, 300)["fields"]

    return sign


@pytest.fixture
def by_core(owner, core):
    def sign(key=KEY, length=LENGTH):
        answer = core(
            "sign_form",
            bucket=BUCKET,
            key=key,
            fields=list(FIELDS.items()),
            starts=list(STARTS.items()),
            length=length,
            expires_in=300,
            region=owner.region,
            time=amz_date(now()),
            access_key_id=owner.credentials.access_key_id,
            secret_access_key=owner.credentials.secret_access_key,
            session_token=None,
        )
        return dict(answer["fields"])

    return sign


@pytest.fixture(params=["by_boto3", "by_core"])
def sign(request):
    """One signer and the other."""
    return request.getfixturevalue(request.param)


def post(owner, fields, file=FILE):
    parts = [*fields.items(), ("file", ("coat.jpg", file, "text/plain"))]
    body, content_type = encode_multipart_formdata(parts)
    return send("POST", owner.url(BUCKET), {"content-type": content_type}, body)


def stored(owner, key=KEY):
    answer = owner.request("GET", owner.url(BUCKET, key))
    return answer if answer.accepted else None


@pytest.fixture(autouse=True)
def nothing_there(owner):
    owner.request("DELETE", owner.url(BUCKET, KEY))


def test_taken(owner, sign):
    answer = post(owner, {**sign(), **ADDED})
    assert answer.status == 201, answer
    said = dict(re.findall(r"<(Location|Bucket|Key|ETag)>([^<]*)", answer.body.decode()))
    assert said["Bucket"] == BUCKET and said["Key"] == KEY and said["Location"]
    there = stored(owner)
    assert there.body == FILE
    # Ceph says it in the document alone.
    assert answer.headers.get("etag", there.headers["etag"]) == there.headers["etag"]
    assert there.headers["etag"].strip('"') in said["ETag"]
    for name, value in [*FIELDS.items(), *ADDED.items()]:
        if name != "success_action_status":
            assert there.headers[name.lower()] == value


def test_the_name_of_the_file_in_the_key(owner, by_boto3):
    """boto3 asks of such a key what it starts with."""
    answer = post(owner, {**by_boto3("forms/${filename}"), **ADDED})
    assert answer.status == 201, answer
    key = "forms/coat.jpg"
    assert stored(owner, key).body == FILE
    owner.request("DELETE", owner.url(BUCKET, key))


@pytest.mark.parametrize("size, status", [(0, 400), (1, 201), (6, 201), (7, 400), (100_000, 400)])
def test_sizes(owner, sign, size, status):
    answer = post(owner, {**sign(), **ADDED}, b"x" * size)
    assert answer.status == status, answer
    assert (stored(owner) is not None) == (status == 201)


def changed(name, value):
    return lambda fields: {**fields, name: value}


def without(name):
    return lambda fields: {known: value for known, value in fields.items() if known != name}


def other_policy(fields):
    """Longer, with the signature of the shorter one."""
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["expiration"] = "2044-12-01T12:00:00Z"
    return {**fields, "policy": base64.b64encode(json.dumps(policy).encode()).decode()}


def other_signature(fields):
    signature = fields["x-amz-signature"]
    last = "1" if signature[-1] == "0" else "0"
    return {**fields, "x-amz-signature": signature[:-1] + last}


TAMPERED = {
    "another key": (changed("key", "forms/other.jpg"), 403),
    "a longer key": (changed("key", KEY + "x"), 403),
    "another type": (changed("Content-Type", "text/html"), 403),
    "no type": (without("Content-Type"), 403),
    "another beginning": (changed("x-amz-meta-note", "mine"), 403),
    "without what may be anything": (without("x-amz-meta-note"), 403),
    "a field more": (changed("x-amz-meta-more", "1"), 403),
    "an ACL": (changed("acl", "public-read"), 403),
    "another policy": (other_policy, 403),
    "another signature": (other_signature, 403),
    "no signature": (without("x-amz-signature"), 400),
    "no policy": (without("policy"), 403),
    "no key": (without("key"), 400),
    "no credential": (without("x-amz-credential"), 400),
    "no algorithm": (without("x-amz-algorithm"), 400),
    "no date": (without("x-amz-date"), 400),
    "another algorithm": (changed("x-amz-algorithm", "AWS4-HMAC-SHA1"), 400),
}


@pytest.mark.parametrize("change", TAMPERED)
def test_tampered(owner, sign, change):
    tamper, status = TAMPERED[change]
    answer = post(owner, tamper({**sign(), **ADDED}))
    assert answer.status == status, answer
    assert stored(owner) is None
