"""The stores, each started once for the whole session, and the core."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from behind import System
from ceph_cluster import CephCluster
from core_process import CoreProcess
from random_requests import Credentials
from s3 import S3

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


@pytest.fixture(scope="module")
def owners(core, uploads, swift, ceph):
    """Who may look into each store."""
    running = uploads.running
    key = running["keys"]["store"]
    credentials = Credentials(key["access_key_id"], key["secret_access_key"], None)
    embedded = S3(core, running["store"], "us-east-1", credentials)
    return {"embedded": embedded, "swift": swift.owner, "swift-s3": swift.owner, "ceph": ceph.owner}


def store(core, name, endpoint, credentials):
    region = "us-east-1"
    owner = S3(core, endpoint, region, credentials)
    owner.create_bucket(BUCKET)
    return Store(name, endpoint, region, owner)


def pytest_terminal_summary(terminalreporter):
    for name, seconds in START_TIMES.items():
        terminalreporter.write_line(f"{name} answered after {seconds:.1f} s")
