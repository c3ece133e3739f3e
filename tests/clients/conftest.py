"""The system with a policy that lists, started once, and clients that are told its edge."""

import contextlib

import pytest

import bucket
import dev_system
import tools
from django_site import Site


@pytest.fixture(scope="session")
def system(tmp_path_factory):
    """The system with objects of `bucket` in its store."""
    data = tmp_path_factory.mktemp("data")
    with dev_system.running(data, lambda store, *_: bucket.policy(store), bucket.SECRETS) as said:
        store_objects(said)
        yield said


def store_objects(running):
    key = running["keys"]["store"]
    key = tools.Key(key["access_key_id"], key["secret_access_key"])
    store = tools.connect(running["store"], key)
    # `cargo xtask dev` stores samples.
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket.BUCKET):
        for sample in page.get("Contents", []):
            store.delete_object(Bucket=bucket.BUCKET, Key=sample["Key"])
    for name in bucket.OBJECTS:
        for place in ["", "site/"]:
            body = bucket.content(name)
            store.put_object(Bucket=bucket.BUCKET, Key=place + name, Body=body)


@pytest.fixture(scope="session")
def s3(system):
    """boto3 at the edge with a key, or with none."""

    def client(key):
        return tools.connect(system["edge"], key_of(key) if key else None)

    return client


def key_of(id_):
    return tools.Key(id_, bucket.secret_of(id_))


@pytest.fixture
def aws(system, tmp_path):
    """The AWS command line with a key."""
    return lambda key: tools.aws(system["edge"], key_of(key), tmp_path)


@pytest.fixture
def s3cmd(system, tmp_path):
    """s3cmd with a key."""
    return lambda key: tools.s3cmd(system["edge"], key_of(key), tmp_path)


@pytest.fixture
def rclone(system, tmp_path):
    """rclone with a key; its remote is `edge:`."""
    return lambda key: tools.rclone(system["edge"], key_of(key), tmp_path)


@pytest.fixture
def swift(system, tmp_path):
    """python-swiftclient's command with a user and its key, or another one."""

    def tool(user, key=None):
        key = key or bucket.SECRETS[f"{user.removeprefix('acme:').upper()}_SECRET"]
        return tools.swift(system["edge"], tools.Key(user, key), tmp_path)

    return tool


@pytest.fixture
def s3fs(system, tmp_path):
    """Mounts a bucket with a key; gives its folder."""
    with contextlib.ExitStack() as mounted:

        def mount(key, name="media"):
            return mounted.enter_context(tools.s3fs(system["edge"], key_of(key), name, tmp_path))

        yield mount


@pytest.fixture(scope="module")
def django_site(tmp_path_factory):
    """The project of `examples/django`, with an edge and an empty store of its own."""
    with Site(tmp_path_factory.mktemp("django")) as site:
        yield site
