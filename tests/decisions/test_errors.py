"""What boto3 makes of a no: the code that S3 would have given."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


def client(site, system, server, key="APPKEY", secret="APP_SECRET"):
    return boto3.client(
        "s3",
        endpoint_url=system[server],
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=site.secrets[secret],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def error(call):
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response["Error"], raised.value.response["ResponseMetadata"]


@pytest.mark.parametrize(
    ("options", "path", "status", "code"),
    [
        ({}, "users/alice/absent.jpg", 404, "NoSuchKey"),
        ({"key": "NOBODY"}, "users/alice/a.jpg", 403, "InvalidAccessKeyId"),
        ({"secret": "ALICE_SECRET"}, "users/alice/a.jpg", 403, "SignatureDoesNotMatch"),
        (
            {"key": "ALICEKEY", "secret": "ALICE_SECRET"},
            "users/bob/a.jpg",
            403,
            "AccessDenied",
        ),
    ],
)
def test_the_code_of_a_get(site, system, options, path, status, code):
    s3 = client(site, system, "edge", **options)
    found, metadata = error(lambda: s3.get_object(Bucket="media", Key=path))
    assert (metadata["HTTPStatusCode"], found["Code"]) == (status, code)
    assert " " in found["Message"]
    assert found["Resource"] == f"/media/{path}"
    assert metadata["RequestId"]


def test_a_head_has_a_status_alone(site, system):
    s3 = client(site, system, "edge")
    found, _ = error(lambda: s3.head_object(Bucket="media", Key="users/alice/absent.jpg"))
    assert found["Code"] == "404"


def test_other_methods(site, system):
    s3 = client(site, system, "edge")
    found, _ = error(lambda: s3.delete_object(Bucket="media", Key="users/alice/a.jpg"))
    assert found["Code"] == "MethodNotAllowed"
