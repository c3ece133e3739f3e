"""boto3, with its paginators of both versions."""

import urllib.parse
import urllib.request

import pytest
from botocore.exceptions import ClientError

import bucket

KEYS = [*bucket.SEEN]
BUCKETS = ["media", "files", "mount"]


def pages(client, operation, **parameters):
    keys, folders = [], []
    for page in client.get_paginator(operation).paginate(**parameters):
        keys += [entry["Key"] for entry in page.get("Contents", [])]
        folders += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    return folders, keys


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", BUCKETS)
def test_each_sees_what_it_may(s3, operation, key, name):
    seen = list(bucket.SEEN[key])
    if (key, name) == ("APPKEY", "media"):
        seen = sorted([*seen, *(f"site/{each}" for each in seen)])
    for size in [1000, 7]:
        config = {"PageSize": size}
        found = pages(s3(key), operation, Bucket=name, PaginationConfig=config)
        assert found == ([], sorted(seen, key=str.encode))


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("size", [1000, 1])
def test_folders(s3, operation, key, size):
    for prefix in ["", "public/", "public/odd/", "public/slashes/", "users/", "users/alice/"]:
        found = pages(
            s3(key),
            operation,
            Bucket="files",
            Prefix=prefix,
            Delimiter="/",
            PaginationConfig={"PageSize": size},
        )
        assert found == bucket.folders_and_files(bucket.SEEN[key], prefix), prefix


def test_nothing_of_others_is_told(s3):
    for key in ["ALICEKEY", None]:
        for prefix in ["users/bob", "users/bob/", "users/b", "unlisted/", "other"]:
            for delimiter in ["", "/"]:
                found = s3(key).list_objects_v2(
                    Bucket="files", Prefix=prefix, Delimiter=delimiter
                )
                assert found["KeyCount"] == 0 and not found["IsTruncated"], (key, prefix)


def test_other_delimiters_are_refused(s3):
    with pytest.raises(ClientError) as raised:
        s3("ALICEKEY").list_objects_v2(Bucket="files", Prefix="users/", Delimiter="b")
    assert raised.value.response["Error"]["Code"] == "InvalidArgument"
    assert "`delimiter`" in raised.value.response["Error"]["Message"]


def test_a_token_is_for_one_listing(s3):
    client = s3("APPKEY")
    asked = {"Bucket": "files", "Prefix": "public/", "MaxKeys": 2}
    token = client.list_objects_v2(**asked)["NextContinuationToken"]
    following = client.list_objects_v2(**asked, ContinuationToken=token)
    assert following["KeyCount"] == 2
    with pytest.raises(ClientError) as raised:
        client.list_objects_v2(Bucket="files", Prefix="users/", ContinuationToken=token)
    assert raised.value.response["Error"]["Code"] == "InvalidArgument"


@pytest.mark.parametrize("name", BUCKETS)
def test_what_is_listed_can_be_had(s3, name):
    client = s3("ALICEKEY")
    for key in bucket.SEEN["ALICEKEY"]:
        listed = client.list_objects_v2(Bucket=name, Prefix=key)["Contents"][0]
        assert (listed["Key"], listed["Size"]) == (key, len(bucket.content(key)))
        got = client.get_object(Bucket=name, Key=key)
        assert got["Body"].read() == bucket.content(key)
        assert got["ETag"] == listed["ETag"]
        head = client.head_object(Bucket=name, Key=key)
        assert head["LastModified"] == listed["LastModified"].replace(microsecond=0)


@pytest.mark.parametrize("encoding", ["url", None])
def test_start_after_and_marker(s3, encoding):
    client, seen = s3("ALICEKEY"), bucket.SEEN["ALICEKEY"]
    # botocore asks for the encoding by itself, and undoes it then alone.
    more = {"EncodingType": encoding} if encoding else {}
    read = urllib.parse.unquote if encoding else str
    for at in range(0, len(seen), 9):
        for operation, parameter in [
            (client.list_objects_v2, "StartAfter"),
            (client.list_objects, "Marker"),
        ]:
            page = operation(Bucket="files", **{parameter: seen[at]}, **more)
            assert [read(entry["Key"]) for entry in page.get("Contents", [])] == seen[at + 1 :]


def test_buckets(s3):
    client = s3("ALICEKEY")
    assert [each["Name"] for each in client.list_buckets()["Buckets"]] == ["files", "media", "mount"]
    named = s3("APPKEY").list_buckets()["Buckets"]
    assert [each["Name"] for each in named] == ["files", "media", "mount", "private"]
    client.head_bucket(Bucket="media")
    assert client.get_bucket_location(Bucket="media")["LocationConstraint"] is None


@pytest.mark.parametrize(
    "operation", ["get_bucket_acl", "get_bucket_versioning", "list_object_versions"]
)
def test_other_questions_are_not_answered(s3, operation):
    with pytest.raises(ClientError) as refused:
        getattr(s3("APPKEY"), operation)(Bucket="media")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_who_may_list_nothing_gets_no(s3):
    for key in ["ALICEKEY", None]:
        for operation in ["list_objects", "list_objects_v2", "head_bucket"]:
            with pytest.raises(ClientError) as refused:
                getattr(s3(key), operation)(Bucket="private")
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_presigned_listing(s3):
    parameters = {"Bucket": "files", "Prefix": "users/", "Delimiter": "/"}
    url = s3("ALICEKEY").generate_presigned_url("list_objects_v2", parameters, 60)
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    assert "<Prefix>users/alice/</Prefix>" in text and "bob" not in text and "site/" not in text
