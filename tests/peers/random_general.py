"""Random requests to services other than S3, the same ones on every run.

Paths hold dots, empty segments and escapes of all kinds, for these services normalise paths and
encode them twice. Header values hold runs of spaces and line breaks, and names come more than once.
"""

import dataclasses
import datetime
import random

from random_requests import Request, random_credentials, random_text

SEED = 20150830
COUNT = 1000
SERVICES = ["service", "sts", "dynamodb", "iam", "execute-api", "lambda"]

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]
_ORIGINS = [
    "https://example.amazonaws.com",
    "http://sts.us-east-1.amazonaws.com:8080",
    "https://EXAMPLE.amazonaws.com:443",
]
_SEGMENTS = ["", "", ".", "..", "...", "a", "b c", "%2e", "é", "~user", "a=b;c", "*"]
_VALUES = ["a  b   c", "  x ", '"a   b   c"', "one\n  two\n     three", "\ttab\t", "", "a, b", "é"]


@dataclasses.dataclass(frozen=True)
class GeneralRequest(Request):
    """Its headers are pairs, for a name may come more than once."""

    service: str

    @property
    def names(self):
        return [name.lower() for name, _ in self.headers]


def random_general_requests():
    source = random.Random(SEED)
    return [_request(source) for _ in range(COUNT)]


def _request(source):
    body = source.choice([None, b"", b"Action=ListUsers", source.randbytes(source.randrange(200))])
    return GeneralRequest(
        service=source.choice(SERVICES),
        method=source.choice(_METHODS),
        origin=source.choice(_ORIGINS),
        key=_path(source),
        parameters=_parameters(source),
        headers=_headers(source),
        body=body,
        region=source.choice(["us-east-1", "eu-central-1", "cn-north-1"]),
        credentials=random_credentials(source),
        time=datetime.datetime(2001, 1, 1) + datetime.timedelta(seconds=source.randrange(10**9)),
        expires_in=source.randrange(1, 604801),
    )


def _path(source):
    """What follows the first slash."""
    if source.random() < 0.3:
        return random_text(source, 40)
    return "/".join(source.choices(_SEGMENTS, k=source.randrange(8)))


def _parameters(source):
    names = ["Param", "param", "Param-3", "a b", "é", "", "Action", "x~y", "+"]
    count = source.choice([0, 0, 1, 2, 6])
    pairs = [(source.choice(names), random_text(source, 12)) for _ in range(count)]
    # An empty pair is no parameter, and botocore would sign it as one.
    return tuple(pair for pair in pairs if pair[0]) + ((("Param", ""),) if count > 2 else ())


def _headers(source):
    names = ["My-Header1", "my-header1", "X-Amz-Target", "content-type", "Zebra", "a_b"]
    count = source.choice([0, 1, 2, 5])
    return tuple((source.choice(names), source.choice(_VALUES)) for _ in range(count))
