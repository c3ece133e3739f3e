"""Random requests, the same ones on every run, in the shapes that break signers.

Keys hold spaces, every delimiter of RFC 3986, non-ASCII in composed and decomposed form, empty
segments and literal percent signs. Parameters may be empty or differ only in case. Header values
hold runs of spaces.
"""

import dataclasses
import datetime
import hashlib
import random
import string
from urllib.parse import quote

SEED = 20130524
COUNT = 1000

_ALPHANUMERIC = string.ascii_letters + string.digits
_DELIMITERS = " +%?#&=;,'()*!~$:@/-_.|\"<>[]{}^`\\"
_NON_ASCII = ["é", "e\u0301", "ß", "я", "日本", "🧥", "\u00a0", "\u202e"]
_REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2", "auto", "garage"]
_ORIGINS = [
    "https://examplebucket.s3.amazonaws.com",
    "https://s3.eu-central-1.amazonaws.com/bucket",
    "http://127.0.0.1:9000/media",
    "http://localhost:8787/media",
    "https://abc.r2.cloudflarestorage.com:8443",
]
_PARAMETERS = ["versionId", "versionid", "partNumber", "prefix", "Prefix", "response-content-type"]


@dataclasses.dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str | None


@dataclasses.dataclass(frozen=True)
class Request:
    """What a signer gets: an encoded URL, headers, a body, a scope and a time."""

    method: str
    origin: str
    key: str
    parameters: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes | None
    region: str
    credentials: Credentials
    time: datetime.datetime
    expires_in: int

    @property
    def url(self):
        query = "&".join(f"{encode(name)}={encode(value)}" for name, value in self.parameters)
        return f"{self.origin}/{encode(self.key, '/')}" + (f"?{query}" if query else "")

    @property
    def payload_sha256(self):
        """`None` as a body stands for a payload that is not signed."""
        if self.body is None:
            return "UNSIGNED-PAYLOAD"
        return hashlib.sha256(self.body).hexdigest()


def encode(text, safe=""):
    """Percent-encodes all but the unreserved characters of RFC 3986 and those in `safe`."""
    return quote(text, safe=safe + "-._~")


def amz_date(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


def random_requests():
    source = random.Random(SEED)
    return [_request(source) for _ in range(COUNT)]


def _request(source):
    method = source.choice(["GET", "HEAD", "PUT"])
    body = source.choice([None, b"", source.randbytes(source.randrange(1, 200))])
    parameters = {
        source.choice([source.choice(_PARAMETERS), random_text(source, 12)]): random_text(source, 20)
        if source.random() < 0.7
        else ""
        for _ in range(source.choice([0, 0, 1, 2, 5]))
    }
    parameters.pop("", None)
    return Request(
        method=method,
        origin=source.choice(_ORIGINS),
        key=random_text(source, 60),
        parameters=tuple(parameters.items()),
        headers=_headers(source),
        body=body if method == "PUT" else source.choice([None, b""]),
        region=source.choice(_REGIONS),
        credentials=random_credentials(source),
        time=datetime.datetime(2001, 1, 1) + datetime.timedelta(seconds=source.randrange(10**9)),
        expires_in=source.choice([1, 60, 3600, 604800, source.randrange(1, 604801)]),
    )


def random_text(source, longest):
    pools = [_ALPHANUMERIC, _ALPHANUMERIC, _DELIMITERS, _NON_ASCII, ["//", "..", "%2F", "%20", "+"]]
    return "".join(source.choice(source.choice(pools)) for _ in range(source.randrange(1, longest)))


def _headers(source):
    candidates = {
        "range": f"bytes={source.randrange(100)}-{source.randrange(100, 1000)}",
        "content-type": "image/svg+xml; charset=utf-8",
        "if-none-match": "*",
        "Cache-Control": "private,  max-age=60",
        "x-amz-meta-note": "  two  spaces   and three ",
        "X-Amz-Meta-Count": str(source.randrange(10**6)),
        "x-amz-acl": "private",
        "x-custom": 'comma, semicolon; colon: "quoted   text"',
    }
    chosen = source.sample(sorted(candidates), source.choice([0, 0, 1, 2, 4]))
    return {name: candidates[name] for name in chosen}


def random_credentials(source):
    base64_alphabet = _ALPHANUMERIC + "+/"
    token = "".join(source.choices(base64_alphabet, k=source.randrange(20, 400))) + "=="
    return Credentials(
        access_key_id="AKIA" + "".join(source.choices(string.ascii_uppercase, k=16)),
        secret_access_key="".join(source.choices(base64_alphabet, k=40)),
        session_token=token if source.random() < 0.4 else None,
    )
