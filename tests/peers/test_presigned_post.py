"""Forms that boto3 presigns and the core's own: the same fields, policies and signatures."""

import base64
import datetime
import json
import random
import re
from unittest import mock

import boto3
import pytest
from botocore.config import Config

from random_requests import amz_date, random_credentials, random_text

COUNT = 300
REGIONS = ["us-east-1", "eu-central-1", "auto"]


def forms():
    source = random.Random(20151229)
    return [_form(source) for _ in range(COUNT)]


def _form(source):
    names = ["acl", "Content-Type", "success_action_status", "x-amz-meta-note", "tagging"]
    fields = {name: random_text(source, 30) for name in source.sample(names, source.randrange(5))}
    starts = {f"x-amz-meta-{n}": random_text(source, 12) for n in range(source.randrange(3))}
    least = source.randrange(10**6)
    return {
        "bucket": "".join(source.choices("abcdefghijk", k=12)),
        "key": random_text(source, 60),
        "fields": fields,
        "starts": {name: source.choice(["", value]) for name, value in starts.items()},
        "length": [least, least + source.randrange(5 * 2**30)],
        "region": source.choice(REGIONS),
        "credentials": random_credentials(source),
        "time": datetime.datetime(2015, 1, 1) + datetime.timedelta(seconds=source.randrange(10**9)),
        "expires_in": source.choice([1, 60, 3600, 604800]),
    }


PLAIN_DUMPS = json.dumps


def dumps(value):
    """As boto3 does, but that no character is in two halves, which Ceph does not put together."""
    return re.sub(r"\\ud[89ab]..\\ud[c-f]..", lambda m: json.loads(f'"{m[0]}"'), PLAIN_DUMPS(value))


def by_boto3(form):
    key = form["credentials"]
    client = boto3.client(
        "s3",
        region_name=form["region"],
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        aws_session_token=key.session_token,
        config=Config(signature_version="s3v4"),
    )
    conditions = [{name: value} for name, value in form["fields"].items()]
    conditions += [["starts-with", f"${name}", prefix] for name, prefix in form["starts"].items()]
    conditions.append(["content-length-range", *form["length"]])
    with (
        mock.patch("botocore.signers.get_current_datetime", return_value=form["time"]),
        mock.patch("botocore.auth.get_current_datetime", return_value=form["time"]),
        mock.patch("botocore.auth.json.dumps", dumps),
    ):
        return client.generate_presigned_post(
            form["bucket"],
            form["key"],
            Fields=form["fields"],
            Conditions=conditions,
            ExpiresIn=form["expires_in"],
        )


@pytest.mark.parametrize("number", range(0, COUNT, 50))
def test_the_same_form(core, number):
    for form in forms()[number : number + 50]:
        expected = by_boto3(form)["fields"]
        answer = core(
            "sign_form",
            bucket=form["bucket"],
            key=form["key"],
            fields=list(form["fields"].items()),
            starts=list(form["starts"].items()),
            length=form["length"],
            expires_in=form["expires_in"],
            region=form["region"],
            time=amz_date(form["time"]),
            access_key_id=form["credentials"].access_key_id,
            secret_access_key=form["credentials"].secret_access_key,
            session_token=form["credentials"].session_token,
        )
        policies = [
            json.loads(base64.b64decode(fields["policy"]))
            for fields in (expected, dict(answer["fields"]))
        ]
        assert policies[0] == policies[1]
        assert [tuple(field) for field in answer["fields"]] == list(expected.items())
