"""The contestants in Python of `cargo xtask bench`: `python contestants.py presign dialects`."""

import datetime
import json
import os
import pathlib
import sys

import botocore.auth
import botocore.config
import botocore.session
import jwt
from akamai.edgeauth import EdgeAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from swiftclient.utils import generate_temp_url

import proving
from measure import Contest

HERE = pathlib.Path(__file__).parent
CASE = json.loads((HERE.parent / "case.json").read_text())
KID = "users"


def private_key(name):
    """A private key in PEM: `rsa`, `p256` or `ed25519`."""
    return pathlib.Path(os.environ["CLOAKROOM_BENCH_KEYS"], f"{name}.pem").read_bytes()


def presign(contest):
    """Presigned GETs."""
    client = botocore.session.get_session().create_client(
        "s3",
        region_name=CASE["region"],
        endpoint_url=CASE["endpoint"],
        aws_access_key_id=CASE["access_key_id"],
        aws_secret_access_key=CASE["secret_access_key"],
        config=botocore.config.Config(
            signature_version="s3v4", s3={"addressing_style": "path"}
        ),
    )
    params = {"Bucket": CASE["bucket"], "Key": CASE["key"]}

    def sign():
        return client.generate_presigned_url("get_object", params, CASE["expires_in"])

    # The library takes the time from the clock, which is stopped here to see what it makes.
    clock = botocore.auth.get_current_datetime
    utc = datetime.timezone.utc
    signed_at = datetime.datetime.fromtimestamp(CASE["time"], utc).replace(tzinfo=None)
    botocore.auth.get_current_datetime = lambda *_: signed_at
    url = sign()
    botocore.auth.get_current_datetime = clock
    contest.add("sign", "botocore", sign, output=url)


def dialects(contest):
    """All dialects."""
    sigv4(contest)
    tempurl(contest)
    edgeauth(contest)
    cloudfront(contest)
    for algorithm, name in [
        ("HS256", None),
        ("RS256", "rsa"),
        ("ES256", "p256"),
        ("EdDSA", "ed25519"),
    ]:
        tokens(contest, algorithm, name)


def sigv4(contest):
    """Requests that botocore has signed just now: Swift looks at the clock."""
    key = Credentials(CASE["access_key_id"], CASE["secret_access_key"])
    url = f"{CASE['endpoint']}/{CASE['bucket']}/{CASE['key']}"
    for row, signer in [
        ("SigV4 query: verify", botocore.auth.S3SigV4QueryAuth),
        ("SigV4 header: verify", botocore.auth.S3SigV4Auth),
    ]:
        request = AWSRequest("GET", url)
        signer(key, "s3", CASE["region"]).add_auth(request)
        proving.add_sigv4(contest, row, request.url, dict(request.headers), key.secret_key)


def tempurl(contest):
    """TempURLs."""

    def sign():
        end, key = CASE["expires_at"], CASE["secret"]
        return generate_temp_url(CASE["swift_path"], end, key, "GET", absolute=True)

    contest.add("TempURL: sign", "python-swiftclient", sign, output=sign())
    account, container = CASE["swift_path"].split("/")[2:4]
    proving.add_tempurl(contest, "TempURL: verify", sign(), account, container, CASE["secret"])


def edgeauth(contest):
    """Akamai's tokens."""

    def sign():
        signer = EdgeAuth(key=CASE["hex_key"], end_time=CASE["expires_at"])
        return signer.generate_acl_token(CASE["edgeauth_acl"])

    contest.add("EdgeAuth: sign", "akamai-edgeauth", sign, output=sign())


def cloudfront(contest):
    """CloudFront's signed URLs; botocore has no cookies and leaves the key to `cryptography`."""
    key = serialization.load_pem_private_key(private_key("rsa"), None)
    # CloudFront asks for SHA-1 where a URL names no hash.
    signer = CloudFrontSigner(
        CASE["key_id"],
        lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA1()),
    )
    end = datetime.datetime.fromtimestamp(CASE["expires_at"], datetime.timezone.utc)

    def sign():
        return signer.generate_presigned_url(CASE["media_url"], date_less_than=end)

    contest.add("CloudFront URL, RSA-SHA1: sign", "botocore", sign, output=sign())


def tokens(contest, algorithm, name):
    """JSON Web Tokens."""
    signing = verifying = CASE["secret"]
    if name is not None:
        signing = serialization.load_pem_private_key(private_key(name), None)
        verifying = signing.public_key()
    claims, issuer, audience = CASE["claims"], CASE["claims"]["iss"], CASE["claims"]["aud"]

    def sign():
        return jwt.encode(claims, signing, algorithm, headers={"kid": KID})

    token = sign()

    def verify():
        return jwt.decode(token, verifying, [algorithm], issuer=issuer, audience=audience)

    contest.add(f"JWT {algorithm}: sign", "PyJWT", sign)
    contest.add(f"JWT {algorithm}: verify", "PyJWT", verify)


def main():
    """Runs the benches that are named."""
    for name in sys.argv[1:]:
        contest = Contest(name)
        {"presign": presign, "dialects": dialects}[name](contest)
        contest.run()


if __name__ == "__main__":
    main()
