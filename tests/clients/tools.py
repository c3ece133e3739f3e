"""Clients of S3 and of Swift with their configuration: where the edge is, and a key."""

import contextlib
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


@dataclasses.dataclass(frozen=True)
class Key:
    """An edge key."""

    id: str
    secret: str


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


def connect(endpoint, key=None):
    """boto3 with a key, or with none."""
    config = Config(
        s3={"addressing_style": "path"},
        signature_version="s3v4" if key else UNSIGNED,
        retries={"total_max_attempts": 1},
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key and key.id,
        aws_secret_access_key=key and key.secret,
        config=config,
    )


def aws(endpoint, key, folder):
    """The AWS command line."""
    environment = {
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_MAX_ATTEMPTS": "1",
    }
    return Tool([find("aws")], environment, folder)


def s3cmd(endpoint, key, folder):
    """s3cmd."""
    host = endpoint.removeprefix("http://")
    config = folder / f"{key.id}.cfg"
    config.write_text(
        f"[default]\naccess_key = {key.id}\nsecret_key = {key.secret}\n"
        f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\n"
    )
    return Tool([find("s3cmd"), f"--config={config}", "--no-progress"], {}, folder)


def rclone(endpoint, key, folder):
    """rclone; its remote is `edge:`."""
    environment = {
        "RCLONE_CONFIG": str(folder / "rclone.conf"),
        "RCLONE_CONFIG_EDGE_TYPE": "s3",
        "RCLONE_CONFIG_EDGE_PROVIDER": "Other",
        "RCLONE_CONFIG_EDGE_ENDPOINT": endpoint,
        "RCLONE_CONFIG_EDGE_REGION": "us-east-1",
        "RCLONE_CONFIG_EDGE_ACCESS_KEY_ID": key.id,
        "RCLONE_CONFIG_EDGE_SECRET_ACCESS_KEY": key.secret,
        "AWS_CA_BUNDLE": "",
    }
    return Tool([find("rclone"), "--retries=1", "--low-level-retries=1"], environment, folder)


def swift(endpoint, key, folder):
    """python-swiftclient's command; the key is a user's."""
    environment = {
        "ST_AUTH": f"{endpoint}/auth/v1.0",
        "ST_USER": key.id,
        "ST_KEY": key.secret,
    }
    return Tool([find("swift"), "--retries=0"], environment, folder)


@contextlib.contextmanager
def s3fs(endpoint, key, name, folder):
    """The folder in which the bucket `name` is mounted."""
    program = find("s3fs")
    if not os.path.exists("/dev/fuse"):
        pytest.skip("there is no /dev/fuse here, so nothing can be mounted")
    root, password = folder / f"{key.id}-{name}", folder / f"{key.id}.passwd"
    root.mkdir()
    password.write_text(f"{key.id}:{key.secret}")
    password.chmod(0o600)
    options = f"passwd_file={password},url={endpoint},use_path_request_style,ro"
    done = subprocess.run(
        [program, name, root, "-o", options], capture_output=True, text=True, timeout=60
    )
    said = done.stdout + done.stderr
    if done.returncode and "fuse" in said:
        pytest.skip(f"nothing can be mounted here: {said.strip()}")
    assert done.returncode == 0, said
    try:
        yield root
    finally:
        subprocess.run(["fusermount", "-u", root], check=True, timeout=60)
