"""The system with the site's policy, started once: `cargo xtask dev --policy`."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest
from botocore.config import Config
from botocore.session import get_session

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "peers"))

from core_process import CoreProcess  # noqa: E402

import shop  # noqa: E402


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="session")
def core():
    with CoreProcess() as process:
        yield process


@pytest.fixture(scope="session")
def site():
    return shop.make_site()


@pytest.fixture(scope="session")
def system(site, tmp_path_factory):
    """What `cargo xtask dev --json` says, and the policy that it runs."""
    data = tmp_path_factory.mktemp("data")
    edge, uploads, store, app = free_ports(4)
    policy = site.policy(f"http://127.0.0.1:{store}", f"http://127.0.0.1:{app}")
    file = data / "policy.json"
    file.write_text(json.dumps(policy))
    xtask = os.environ.get("CLOAKROOM_XTASK")
    command = [xtask] if xtask else ["cargo", "xtask"]
    ports = [f"--edge-port={edge}", f"--uploads-port={uploads}"]
    ports += [f"--store-port={store}", f"--app-port={app}"]
    process = subprocess.Popen(
        [*command, "dev", "--json", "--data", data / "run", "--policy", file, *ports],
        cwd=REPOSITORY,
        env={**os.environ, **site.secrets},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, "the system did not start"
        running = json.loads(line)
        store_objects(running)
        yield {**running, "policy": policy}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def store_objects(running):
    key = running["keys"]["store"]
    client = get_session().create_client(
        "s3",
        endpoint_url=running["store"],
        region_name=running["region"],
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
        config=Config(s3={"addressing_style": "path"}),
    )
    for name in shop.OBJECTS:
        client.put_object(Bucket=running["bucket"], Key=name, Body=name.encode())


@pytest.fixture(scope="session")
def now():
    return int(time.time())
