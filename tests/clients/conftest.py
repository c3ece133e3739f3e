"""The system with a policy that lists, started once, and clients that are told its edge."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

import bucket
from django_site import Site

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import dev_system  # noqa: E402


@pytest.fixture(scope="session")
def system(tmp_path_factory):
    """The system with objects of `bucket` in its store."""
    data = tmp_path_factory.mktemp("data")
    with dev_system.running(data, lambda store, _: bucket.policy(store), bucket.SECRETS) as said:
        store_objects(said)
        yield said


def store_objects(running):
    key = running["keys"]["store"]
    store = connect(running["store"], key["access_key_id"], key["secret_access_key"])
    # `cargo xtask dev` stores samples.
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket.BUCKET):
        for sample in page.get("Contents", []):
            store.delete_object(Bucket=bucket.BUCKET, Key=sample["Key"])
    for name in bucket.OBJECTS:
        for place in ["", "site/"]:
            body = bucket.content(name)
            store.put_object(Bucket=bucket.BUCKET, Key=place + name, Body=body)


def connect(endpoint, key=None, secret=None):
    config = Config(
        s3={"addressing_style": "path"},
        signature_version="s3v4" if key else UNSIGNED,
        retries={"total_max_attempts": 1},
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
    )


@pytest.fixture(scope="session")
def s3(system):
    """boto3 at the edge with a key, or with none."""

    def client(key):
        return connect(system["edge"], key, bucket.secret_of(key) if key else None)

    return client


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program with its configuration."""

    command: list
    environment: dict
    folder: pathlib.Path

    def __call__(self, *arguments, fails=False):
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + (done.stderr if fails else "")


def find(name):
    """A program that a variable names, or that is on the path; else its tests are skipped."""
    beside = pathlib.Path(sys.executable).parent
    program = os.environ.get(f"CLOAKROOM_{name.upper()}")
    program = program or shutil.which(name) or shutil.which(name, path=beside)
    if not program:
        pytest.skip(f"there is no `{name}`; install it, or set CLOAKROOM_{name.upper()}")
    return program


@pytest.fixture
def aws(system, tmp_path):
    """The AWS command line with a key."""

    def tool(key):
        environment = {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": bucket.secret_of(key),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": system["edge"],
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_MAX_ATTEMPTS": "1",
        }
        return Tool([find("aws")], environment, tmp_path)

    return tool


@pytest.fixture
def s3cmd(system, tmp_path):
    """s3cmd with a key."""

    def tool(key):
        host = system["edge"].removeprefix("http://")
        config = tmp_path / f"{key}.cfg"
        config.write_text(
            f"[default]\naccess_key = {key}\nsecret_key = {bucket.secret_of(key)}\n"
            f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\n"
        )
        return Tool([find("s3cmd"), f"--config={config}", "--no-progress"], {}, tmp_path)

    return tool


@pytest.fixture
def rclone(system, tmp_path):
    """rclone with a key; its remote is `edge:`."""

    def tool(key):
        environment = {
            "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
            "RCLONE_CONFIG_EDGE_TYPE": "s3",
            "RCLONE_CONFIG_EDGE_PROVIDER": "Other",
            "RCLONE_CONFIG_EDGE_ENDPOINT": system["edge"],
            "RCLONE_CONFIG_EDGE_REGION": "us-east-1",
            "RCLONE_CONFIG_EDGE_ACCESS_KEY_ID": key,
            "RCLONE_CONFIG_EDGE_SECRET_ACCESS_KEY": bucket.secret_of(key),
            "AWS_CA_BUNDLE": "",
        }
        return Tool([find("rclone"), "--retries=1", "--low-level-retries=1"], environment, tmp_path)

    return tool


@pytest.fixture
def swift(system, tmp_path):
    """python-swiftclient's command with a user and its key, or another one."""

    def tool(user, key=None):
        key = key or bucket.SECRETS[f"{user.removeprefix('acme:').upper()}_SECRET"]
        environment = {
            "ST_AUTH": f"{system['edge']}/auth/v1.0",
            "ST_USER": user,
            "ST_KEY": key,
        }
        return Tool([find("swift"), "--retries=0"], environment, tmp_path)

    return tool


@pytest.fixture
def s3fs(system, tmp_path):
    """Mounts a bucket with a key; gives its folder."""
    program = find("s3fs")
    if not os.path.exists("/dev/fuse"):
        pytest.skip("there is no /dev/fuse here, so nothing can be mounted")
    mounted = []

    def mount(key, name="media"):
        folder, password = tmp_path / f"{key}-{name}", tmp_path / f"{key}.passwd"
        folder.mkdir()
        password.write_text(f"{key}:{bucket.secret_of(key)}")
        password.chmod(0o600)
        options = f"passwd_file={password},url={system['edge']},use_path_request_style,ro"
        done = subprocess.run(
            [program, name, folder, "-o", options], capture_output=True, text=True, timeout=60
        )
        said = done.stdout + done.stderr
        if done.returncode and "fuse" in said:
            pytest.skip(f"nothing can be mounted here: {said.strip()}")
        assert done.returncode == 0, said
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["fusermount", "-u", folder], check=True, timeout=60)


@pytest.fixture(scope="module")
def django_site(tmp_path_factory):
    """The project of `examples/django`, with an edge and an empty store of its own."""
    with Site(tmp_path_factory.mktemp("django")) as site:
        yield site
