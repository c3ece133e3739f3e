"""Temporary credentials of Ceph's own STS, which the core signs with."""

import dataclasses
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

import tampering
from conftest import BUCKET
from core_process import verify
from random_requests import Credentials
from s3 import FORMS
from wire import send

pytestmark = pytest.mark.ceph

BODY = b"a coat"
each_form = pytest.mark.parametrize("form", FORMS)


@pytest.fixture(scope="module")
def visitor(ceph, ceph_cluster):
    """Whoever assumed a role that may do all in the owner's bucket."""
    may = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}
    role = ceph_cluster.create_role("visitor", "owner", may)
    action = {"Action": "AssumeRole", "RoleArn": role, "RoleSessionName": "test"}
    answer = ceph.owner.request("POST", f"{ceph.endpoint}/?{urlencode(action)}")
    assert answer.status == 200, answer
    found = ElementTree.fromstring(answer.body).find(".//{*}Credentials")
    names = ["AccessKeyId", "SecretAccessKey", "SessionToken"]
    credentials = Credentials(*(found.findtext("{*}" + name) for name in names))
    return dataclasses.replace(ceph.owner, credentials=credentials)


@each_form
def test_the_token_is_needed(ceph, visitor, core, form):
    url = visitor.url(BUCKET, "a session's")
    body = {"PUT": BODY, "GET": b""}
    for method, sent_body in body.items():
        sent = visitor.sign(form, method, url, body=sent_body)
        assert send(method, sent.url, sent.headers, sent_body).status == 200
        assert verify(core, visitor.credentials, sent, method, sent.now)["ok"]
    without = dataclasses.replace(visitor.credentials, session_token=None)
    nobody = dataclasses.replace(visitor, credentials=without)
    assert nobody.request("GET", url, form=form).status == 403


@each_form
def test_another_token(visitor, core, form):
    sent = visitor.sign(form, "GET", visitor.url(BUCKET))
    assert send("GET", sent.url, sent.headers).status == 200
    sent.headers = {
        "X-Amz-Security-Token" if name == "x-amz-security-token" else name: value
        for name, value in sent.headers.items()
    }
    reason = tampering.session_token(sent, None)
    assert reason == "session_token"
    assert send("GET", sent.url, sent.headers).status == 403
    assert verify(core, visitor.credentials, sent, "GET", sent.now)["reason"] == reason
