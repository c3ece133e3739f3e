"""What boto3 signs and a store accepts, the core verifies."""

import calendar

import boto3
import pytest
from botocore.config import Config

from conftest import BUCKET
from core_process import verify
from s3 import now
from tampering import Sent
from wire import send

BODY = b"a coat"
KEYS = ["photo.jpg", "a+b c/100%/é?#", "a//b/", "日本"]


@pytest.fixture(scope="module")
def client(either):
    credentials = either.owner.credentials
    return boto3.client(
        "s3",
        endpoint_url=either.endpoint,
        region_name=either.region,
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


@pytest.mark.parametrize("key", KEYS)
def test_presigned(either, core, client, key):
    for method in ("PUT", "HEAD", "GET", "DELETE"):
        operation = f"{method.lower()}_object"
        before = now()
        url = client.generate_presigned_url(
            operation, Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=300
        )
        answer = send(method, url, body=BODY if method == "PUT" else b"")
        assert answer.accepted, answer
        assert answer.body == (BODY if method == "GET" else b"")
        held = verify(core, either.owner.credentials, Sent(method, url, {}, None), method, now())
        assert (held["ok"], held["key_id"]) == (True, either.owner.credentials.access_key_id)
        assert 0 <= held["expires_at"] - calendar.timegm(before.timetuple()) - 300 <= 5


@pytest.mark.parametrize("key", KEYS)
def test_signed_in_headers(either, core, client, key):
    """Whatever the client sends on its own account, it sends signed."""
    sent = []
    client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request))
    client.put_object(Bucket=BUCKET, Key=key, Body=BODY, ACL="private", Metadata={"note": "a  b"})
    assert client.get_object(Bucket=BUCKET, Key=key, Range="bytes=2-")["Body"].read() == BODY[2:]
    client.head_object(Bucket=BUCKET, Key=key)
    client.list_objects_v2(Bucket=BUCKET, Prefix=key, Delimiter="&=", MaxKeys=2)
    client.delete_object(Bucket=BUCKET, Key=key)
    assert [request.method for request in sent] == ["PUT", "GET", "HEAD", "GET", "DELETE"]
    for request in sent:
        headers = {name: text(value) for name, value in request.headers.items()}
        request = Sent(request.method, request.url, headers, now())
        held = verify(core, either.owner.credentials, request, request.method, request.now)
        assert held["ok"], (held, headers)


def text(value):
    return value.decode() if isinstance(value, bytes) else value
