"""The stores, each started once for the whole session, and the core."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest

import function
from behind import SWIFT_KEY, System
from ceph_cluster import CephCluster
from core_process import CoreProcess
from function import bucket_of
from random_requests import Credentials, encode
from s3 import S3
from swift_api import SwiftUser

HERE = pathlib.Path(__file__).parent
BUCKET = "tickets"

# In seconds, by store.
START_TIMES = {}


@dataclasses.dataclass(frozen=True)
class Store:
    """A store that speaks S3, with one bucket that `owner` owns."""

    name: str
    endpoint: str
    region: str
    owner: S3


@pytest.fixture(scope="session")
def core():
    with CoreProcess() as process:
        yield process


@pytest.fixture(scope="session")
def swift_endpoint(tmp_path_factory):
    """Swift, started with the Python that CLOAKROOM_SWIFT_PYTHON names, by default this one."""
    started = time.monotonic()
    python = os.environ.get("CLOAKROOM_SWIFT_PYTHON", sys.executable)
    server = subprocess.Popen(
        [python, HERE / "swift_server.py", tmp_path_factory.mktemp("swift")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ready = server.stdout.readline()
        if not ready:
            raise ChildProcessError("Swift did not start; what it said is above")
        START_TIMES["swift"] = time.monotonic() - started
        yield json.loads(ready)["endpoint"]
    finally:
        server.stdin.close()
        server.stdout.close()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
            raise


@pytest.fixture(scope="session")
def swift(core, swift_endpoint):
    return store(core, "swift", swift_endpoint, Credentials("test:owner", "owning", None))


@pytest.fixture(scope="session")
def ceph_cluster(tmp_path_factory):
    started = time.monotonic()
    with CephCluster(tmp_path_factory.mktemp("ceph")) as cluster:
        START_TIMES["ceph"] = time.monotonic() - started
        yield cluster


@pytest.fixture(scope="session")
def ceph(core, ceph_cluster):
    access_key_id, secret = ceph_cluster.create_user("owner")
    return store(core, "ceph", ceph_cluster.endpoint, Credentials(access_key_id, secret, None))


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("swift", marks=pytest.mark.swift),
        pytest.param("ceph", marks=pytest.mark.ceph),
    ],
)
def either(request):
    """The one store and the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def system(core, swift, ceph, tmp_path_factory):
    """The edge, with every store behind it."""
    with contextlib.ExitStack() as stack:
        yield System(core, stack, tmp_path_factory.mktemp("system"), swift, ceph)


@pytest.fixture(scope="session")
def uploads(swift, ceph, tmp_path_factory):
    """The upload function, with every store to sign for."""
    user = SwiftUser.sign_in(swift.endpoint, "test:owner", "owning")
    key = {"X-Account-Meta-Temp-URL-Key-2": SWIFT_KEY}
    assert user.request("POST", user.account, key).accepted
    with function.running(tmp_path_factory.mktemp("uploads"), swift, ceph) as running:
        yield running


@pytest.fixture(scope="session")
def owners(core, uploads, swift, ceph):
    """Who may look into each store that uploads go to."""
    return uploads.owners(core, swift, ceph)


@pytest.fixture
def look(owners):
    """What a store has by a key: status and bytes."""

    def look(name, key):
        owner = owners[name]
        answer = owner.request("GET", owner.url(bucket_of(name), key))
        return answer.status, answer.body if answer.status == 200 else None

    return look


@pytest.fixture
def keys(owners):
    """All keys that uploads have in a store, and no more than a page of them."""

    def keys(name, prefix="users/"):
        owner = owners[name]
        query = f"list-type=2&prefix={encode(prefix)}"
        answer = owner.request("GET", owner.url(bucket_of(name), query=query))
        document = ElementTree.fromstring(answer.body)
        assert document.findtext("{*}IsTruncated") == "false"
        return {key.text for key in document.iterfind(".//{*}Key")}

    return keys


def store(core, name, endpoint, credentials):
    region = "us-east-1"
    owner = S3(core, endpoint, region, credentials)
    owner.create_bucket(BUCKET)
    return Store(name, endpoint, region, owner)


def pytest_terminal_summary(terminalreporter):
    for name, seconds in START_TIMES.items():
        terminalreporter.write_line(f"{name} answered after {seconds:.1f} s")
