"""S3 requests that the core signs, one way or the other."""

import dataclasses
import datetime
import hashlib

from random_requests import Credentials, amz_date, encode
from tampering import Sent
from wire import send

FORMS = ["header", "presigned"]


@dataclasses.dataclass(frozen=True)
class S3:
    """A user of a store. `core` signs for it."""

    core: object
    endpoint: str
    region: str
    credentials: Credentials

    def url(self, bucket, key="", query=""):
        path = f"/{bucket}/{encode(key, '/')}" if key else f"/{bucket}"
        return self.endpoint + path + (f"?{query}" if query else "")

    def sign(self, form, method, url, headers=None, body=b"", time=None, expires_in=300):
        """The request in header or presigned form, as a verifier receives it."""
        time = time or now()
        inputs = {
            "method": method,
            "url": url,
            "headers": headers or {},
            "region": self.region,
            "service": "s3",
            "time": amz_date(time),
            **dataclasses.asdict(self.credentials),
        }
        if form == "presigned":
            signed = self.core("presign", expires_in=expires_in, **inputs)
            return Sent(method, signed["url"], dict(headers or {}), time)
        digest = hashlib.sha256(body).hexdigest()
        signed = self.core("sign", payload_sha256=digest, **inputs)
        return Sent(method, url, {**(headers or {}), **signed["headers"]}, time)

    def request(self, method, url, headers=None, body=b"", form="header"):
        """Signs and sends."""
        sent = self.sign(form, method, url, headers, body)
        return send(sent.method, sent.url, sent.headers, body)

    def create_bucket(self, bucket, headers=None):
        answer = self.request("PUT", self.url(bucket), headers)
        assert answer.accepted, answer


def now():
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0, tzinfo=None)
