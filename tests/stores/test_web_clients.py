"""Upload clients in a real browser, told Ceph and Swift: `tests/system/web-clients.test.mjs`."""

import base64
import hashlib
import json
import os
import subprocess

import pytest

import function
from behind import BUCKET, SWIFT_KEY
from core_process import REPOSITORY
from swift_api import SwiftUser

pytestmark = pytest.mark.edge

# Seconds. Each client of the tests has a limit of its own.
LIMIT = 600

CORS = (
    "<CORSConfiguration><CORSRule><AllowedOrigin>{origin}</AllowedOrigin>"
    "<AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod>"
    "<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
    "</CORSRule></CORSConfiguration>"
)

# Ceph 16.2 says the ETag of what a form stored in the body of its answer alone.
CEPH = {
    "rule": "ceph-web",
    "large": "ceph-large",
    "route": "/ceph/",
    "formsTellETag": False,
    "unknown": None,
}
SWIFT = {
    "rule": "swift-web",
    "route": "/swift/",
    "kinds": ["put", "form"],
    "unknown": "application/octet-stream",
}


@pytest.fixture(scope="module")
def running(swift, ceph, tmp_path_factory):
    """The system, to whose app the stores' CORS rules say yes."""
    with function.running(tmp_path_factory.mktemp("web"), swift, ceph) as uploads:
        allow_in_ceph(ceph.owner, uploads.running["app"])
        allow_in_swift(swift.endpoint, uploads.running["app"])
        yield uploads.running


def allow_in_ceph(owner, origin):
    body = CORS.format(origin=origin).encode()
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    answer = owner.request("PUT", owner.url(BUCKET, query="cors="), {"content-md5": md5}, body)
    assert answer.accepted, answer


def allow_in_swift(endpoint, origin):
    user = SwiftUser.sign_in(endpoint, "test:owner", "owning")
    key = {"X-Account-Meta-Temp-URL-Key-2": SWIFT_KEY}
    assert user.request("POST", user.account, key).accepted
    cors = {
        "X-Container-Meta-Access-Control-Allow-Origin": origin,
        "X-Container-Meta-Access-Control-Expose-Headers": "etag",
    }
    assert user.request("POST", f"{user.account}/{BUCKET}", cors).accepted


@pytest.mark.parametrize("to", [CEPH, SWIFT], ids=["ceph", "swift"])
def test_clients(running, to):
    told = {"CLOAKROOM_DEV": json.dumps(running), "CLOAKROOM_UPLOADS_TO": json.dumps(to)}
    done = subprocess.run(
        ["node", "--test-reporter=spec", "web-clients.test.mjs"],
        cwd=REPOSITORY / "tests" / "system",
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
