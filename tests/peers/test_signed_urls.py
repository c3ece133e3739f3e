"""Signed URLs of the function: in each dialect what the ecosystem's own library makes of the path.

The names are random and hold what breaks encoders; the libraries sign the path percent-encoded.
"""

import datetime
import json
import random
import urllib.parse

import jwt
import pytest
from akamai.edgeauth import EdgeAuth
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from swiftclient.utils import generate_temp_url

import botocore_signer
from cloudfront_tickets import encode as encoded
from random_requests import Credentials, Request

NOW = 1_800_000_123
BUCKET = 600
LIFE = 3600
# Tickets are signed as of the bucket's beginning, and live from its end on.
BEGINNING = NOW - NOW % BUCKET
EXPIRES_AT = BEGINNING + BUCKET + LIFE
EDGE = "https://media.example"
COUNT = 60
_CHARACTERS = [*"abcXYZ019 +%?#&=;,'()*!$:@-_.~|\"<>[]{}^`\\", "é", "日本", "🧥", "%2B", "//"]

PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRETS = {
    "APP": "a secret of the app that is long enough",
    "TEMPURL": "mykey",
    "EDGEAUTH": "52a152a152a152a152a152a152a1",
    "USERS": "a secret for users' tokens, long enough",
    "SESSIONS": "a secret for sessions' cookies, long enough",
    "RSA": PRIVATE_KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode(),
}
PUBLIC_PEM = (
    PRIVATE_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
EVERY = {"principal": "every-owner"}


def issuer(key, **more):
    return {"url": EDGE, "key": key, "expires_in": LIFE, "stable_for": BUCKET, **more}


POLICY = {
    "version": 1,
    "stores": {
        "main": {
            "kind": "s3",
            "endpoint": "https://s3.example",
            "region": "us-east-1",
            "credentials": {"access_key_id": "ID", "secret_access_key": "SECRET"},
        }
    },
    "keys": {
        "AKAPP": {"dialect": "sigv4", "secret": "APP", **EVERY},
        "temp": {"dialect": "tempurl", "secret": "TEMPURL", "path": "/v1/AUTH_a/box/", **EVERY},
        "KCF": {
            "dialect": "cloudfront",
            "algorithm": "RSA-SHA256",
            "public_key": PUBLIC_PEM,
            **EVERY,
        },
        "akamai": {"dialect": "edgeauth", "secret": "EDGEAUTH", "token_name": "hdnts", **EVERY},
        "users": {
            "dialect": "jwt",
            "algorithm": "HS256",
            "secret": "USERS",
            "principal": {"claim": "sub"},
        },
        "session": {
            "dialect": "jwt",
            "algorithm": "RS256",
            "public_key": PUBLIC_PEM,
            "issuer": "https://desk.example",
            "audience": "edge",
            "cookie": "session",
            "principal": {"claim": "user"},
        },
    },
    "routes": {
        "box": {
            "path": "/v1/AUTH_a/box/",
            "store": "main",
            "bucket": "box",
            "access": [{"keys": "users/{owner}/*", "acl": "private"}],
        }
    },
    "signed_urls": {
        "sigv4": issuer("AKAPP"),
        "tempurl": issuer("temp"),
        "cloudfront": issuer("KCF", private_key="RSA", cookies={}),
        "edgeauth": issuer("akamai", cookies={}),
        "session": {"url": EDGE, "key": "session", "private_key": "RSA", "cookies": {}},
    },
}

each_name = pytest.mark.parametrize("index", range(COUNT))


def path_of(index):
    source = random.Random(f"signed url {index}")
    name = "".join(source.choice(_CHARACTERS) for _ in range(source.randrange(1, 20)))
    # A segment of dots alone is none.
    return f"/v1/AUTH_a/box/users/alice/{name}.jpg"


def sent(path):
    return urllib.parse.quote(path, safe="/")


def issue(core, order):
    token = jwt.encode(
        {"sub": "alice", "exp": NOW + 900}, SECRETS["USERS"], "HS256", headers={"kid": "users"}
    )
    answer = core(
        "signed_urls", policy=POLICY, secrets=SECRETS, now=NOW, token=token, order=order
    )
    assert answer["status"] == 200, answer
    return answer["body"]


def url(core, ticket, path):
    [entry] = issue(core, {"urls": [sent(path)], "ticket": ticket})["urls"]
    return entry["url"]


@each_name
def test_presigned_urls_are_botocores(core, index):
    path = path_of(index)
    request = Request(
        method="GET",
        origin=EDGE,
        key=path.removeprefix("/"),
        parameters=(),
        headers={},
        body=None,
        region="us-east-1",
        credentials=Credentials("AKAPP", SECRETS["APP"], None),
        time=datetime.datetime.fromtimestamp(BEGINNING, datetime.UTC).replace(tzinfo=None),
        expires_in=EXPIRES_AT - BEGINNING,
    )
    assert url(core, "sigv4", path) == botocore_signer.presign(request).url


@each_name
def test_tempurls_are_swiftclients(core, index):
    path = path_of(index)
    signed = generate_temp_url(
        path, EXPIRES_AT, SECRETS["TEMPURL"], "GET", absolute=True, digest="sha256"
    )
    query = signed.removeprefix(path)
    assert url(core, "tempurl", path) == EDGE + sent(path) + query


@each_name
def test_edgeauth_urls_hold_akamais_token(core, index):
    path = sent(path_of(index)).replace("~", "%7E")
    library = EdgeAuth(token_name="hdnts", key=SECRETS["EDGEAUTH"], end_time=EXPIRES_AT)
    token = urllib.parse.quote(library.generate_url_token(path), safe="")
    assert url(core, "edgeauth", path_of(index)) == f"{EDGE}{path}?hdnts={token}"


@each_name
def test_cloudfront_urls_are_botocores(core, index):
    path = path_of(index)
    bare = EDGE + sent(path)
    expires_at = datetime.datetime.fromtimestamp(EXPIRES_AT, datetime.UTC)
    policy = CloudFrontSigner("KCF", sign).build_policy(bare, expires_at)
    parts = dict(urllib.parse.parse_qsl(url(core, "cloudfront", path).removeprefix(bare + "?")))
    assert parts == {
        "Expires": str(EXPIRES_AT),
        "Signature": encoded(sign(policy.encode())),
        "Key-Pair-Id": "KCF",
        "Hash-Algorithm": "SHA256",
    }


def test_cloudfront_cookies_are_a_custom_policy_of_botocores(core):
    resource = f"{EDGE}/v1/AUTH_a/box/users/alice/film/*"
    body = issue(core, {"cookies": resource, "ticket": "cloudfront"})
    cookies = {cookie["name"]: cookie["value"] for cookie in body["cookies"]}
    policy = json.dumps(
        {
            "Statement": [
                {
                    "Resource": resource,
                    "Condition": {"DateLessThan": {"AWS:EpochTime": EXPIRES_AT}},
                }
            ]
        },
        separators=(",", ":"),
    ).encode()
    assert cookies == {
        "CloudFront-Policy": encoded(policy),
        "CloudFront-Signature": encoded(sign(policy)),
        "CloudFront-Key-Pair-Id": "KCF",
        "CloudFront-Hash-Algorithm": "SHA256",
    }


def test_an_edgeauth_cookie_is_akamais_token_for_an_acl(core):
    folder = "/v1/AUTH_a/box/users/alice/film/"
    body = issue(core, {"cookies": f"{folder}*", "ticket": "edgeauth"})
    library = EdgeAuth(token_name="hdnts", key=SECRETS["EDGEAUTH"], end_time=EXPIRES_AT)
    token = library.generate_acl_token(f"{folder}*")
    assert body["cookies"] == [{"name": "hdnts", "value": token, "path": folder}]


def test_pyjwt_reads_the_token_of_a_session(core):
    body = issue(core, {"cookies": "/*", "ticket": "session"})
    [cookie] = body["cookies"]
    assert (cookie["name"], cookie["path"]) == ("session", "/")
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        cookie["value"],
        PUBLIC_PEM,
        algorithms=["RS256"],
        issuer="https://desk.example",
        audience="edge",
        options=options,
    )
    # Its end is that of the token that asked.
    assert claims == {
        "user": "alice",
        "iss": "https://desk.example",
        "aud": "edge",
        "iat": NOW,
        "exp": NOW + 900,
    }
    assert jwt.get_unverified_header(cookie["value"])["kid"] == "session"


def sign(message):
    return PRIVATE_KEY.sign(message, padding.PKCS1v15(), hashes.SHA256())
