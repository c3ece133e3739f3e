"""Random CloudFront tickets, the same ones on every run but for the keys, signed by botocore.

Paths and queries hold every character that a request's target can, escapes in both cases, empty
segments and empty parameters. Policies are canned or custom; custom ones have wildcards, times,
addresses, and the spacing and order of other signers.
"""

import base64
import dataclasses
import datetime
import functools
import json
import random
import re
import string

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

NOW = 1_800_000_000
COUNT = 1000

_ALPHANUMERIC = string.ascii_letters + string.digits
_PATH = _ALPHANUMERIC + "-._~!$&'()*+,;=:@/[]^`{|}"
_ESCAPES = ["%20", "%2A", "%3F", "%C3%A9", "%c3%a9", "%25", "//"]
_QUERIES = ["a=1", "b", "c=", "a=1&a=1", "d=%2F%3d", "e=~*(!)", "&", "f?g=h", "=", "versionId=7"]
_HOSTS = ["d111111abcdef8.cloudfront.net", "media.example", "127.0.0.1:8787", "[::1]:8787"]

HASHES = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}


@dataclasses.dataclass(frozen=True)
class Key:
    """A key pair, used with one algorithm."""

    id: str
    algorithm: str
    private_key: object

    @property
    def hash(self):
        return self.algorithm.partition("-")[2]

    @property
    def private_pem(self):
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def public_pem(self):
        return (
            self.private_key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def sign(self, message):
        digest = HASHES[self.hash]()
        if self.algorithm.startswith("RSA"):
            return self.private_key.sign(message, padding.PKCS1v15(), digest)
        return self.private_key.sign(message, ec.ECDSA(digest))

    def verify(self, signature, message):
        """Raises InvalidSignature."""
        digest = HASHES[self.hash]()
        public_key = self.private_key.public_key()
        if self.algorithm.startswith("RSA"):
            public_key.verify(signature, message, padding.PKCS1v15(), digest)
        else:
            public_key.verify(signature, message, ec.ECDSA(digest))

    @property
    def signer(self):
        return CloudFrontSigner(self.id, self.sign)


@functools.cache
def keys():
    rsa_key = rsa.generate_private_key(65537, 2048)
    p256_key = ec.generate_private_key(ec.SECP256R1())
    return [
        Key("KRSA1", "RSA-SHA1", rsa_key),
        Key("KRSA256", "RSA-SHA256", rsa_key),
        Key("KEC1", "ECDSA-SHA1", p256_key),
        Key("KEC256", "ECDSA-SHA256", p256_key),
    ]


@functools.cache
def keys_of_policy():
    """`keys` of a policy document."""
    return {
        key.id: {
            "dialect": "cloudfront",
            "algorithm": key.algorithm,
            "public_key": key.public_pem,
            "principal": {"user": key.id.lower()},
        }
        for key in keys()
    }


@dataclasses.dataclass(frozen=True)
class Ticket:
    """What is to be signed. Without `resource` the policy is a canned one."""

    key: Key
    url: str
    resource: str | None
    expires_at: int
    starts_at: int | None
    ip_range: str | None
    client_ip: str | None
    in_cookies: bool

    @property
    def policy(self):
        return self.key.signer.build_policy(
            self.resource or self.url,
            utc(self.expires_at),
            self.starts_at and utc(self.starts_at),
            self.ip_range,
        )


@dataclasses.dataclass
class Sent:
    """A ticket as a viewer sends it, open to one change."""

    url: str
    parts: dict[str, str]
    client_ip: str | None
    in_cookies: bool
    now: int = NOW

    def request(self):
        url, cookies = self.url, {}
        if self.in_cookies:
            cookies = {f"CloudFront-{name}": value for name, value in self.parts.items()}
        else:
            parameters = "&".join(f"{name}={value}" for name, value in self.parts.items())
            url += ("&" if "?" in url else "?") + parameters
        headers = {"cookie": "; ".join(f"{n}={v}" for n, v in cookies.items())} if cookies else {}
        return {"url": url, "headers": headers, "client_ip": self.client_ip, "now": self.now}

    @property
    def policy(self):
        return decode(self.parts["Policy"]).decode()

    @policy.setter
    def policy(self, policy):
        self.parts["Policy"] = encode(policy.encode())


def random_ticket(index):
    source = random.Random(f"cloudfront {index}")
    url = random_url(source)
    resource = random_resource(source, url) if source.random() < 0.6 else None
    ip_range, client_ip = random_range(source) if resource else (None, None)
    starts = resource is not None and source.random() < 0.4
    return Ticket(
        key=source.choice(keys()),
        url=url,
        resource=resource,
        expires_at=NOW + source.choice([1, 60, 3600, source.randrange(1, 10**9)]),
        starts_at=NOW - source.choice([0, 1, 10**8]) if starts else None,
        ip_range=ip_range,
        client_ip=client_ip,
        in_cookies=source.random() < 0.4,
    )


def random_url(source):
    path = "".join(
        source.choice(_PATH) if source.random() < 0.9 else source.choice(_ESCAPES)
        for _ in range(source.randrange(60))
    )
    query = "&".join(source.choice(_QUERIES) for _ in range(source.choice([0, 0, 1, 2, 4])))
    origin = f"{source.choice(['http', 'https', 'https'])}://{source.choice(_HOSTS)}"
    return f"{origin}/{path}" + (f"?{query}" if query else "")


def random_resource(source, url):
    """A resource that covers `url`."""
    bare, question_mark, query = url.partition("?")
    begin = bare.index("/", 8) + 1
    first, last = sorted(source.choices(range(begin, len(bare) + 1), k=2))
    some = "".join("?" if source.random() < 0.3 else each for each in bare[begin:])
    resource = source.choice(
        [
            url,
            f"{bare[:begin]}*",
            f"{bare[:first]}*",
            f"{bare[:first]}*{bare[last:]}{question_mark}{query}",
            f"{bare[:begin]}{some}{question_mark}{query}",
            f"{bare[:begin]}{some}*" if "?" in some else f"{bare}*",
            "*",
        ]
    )
    scheme, separator, rest = resource.partition("://")
    if not separator:
        return resource
    return source.choice([resource, resource, f"http*://{rest}", rest, f"*://{rest}"])


def random_range(source):
    """A range and an address in it, or neither."""
    if source.random() < 0.6:
        return None, source.choice([None, "203.0.113.9", "2001:db8::1"])
    bits = source.choice([0, 1, 8, 15, 24, 31, 32])
    network, address = source.getrandbits(32), source.getrandbits(32)
    mask = (1 << (32 - bits)) - 1
    suffix = "" if bits == 32 and source.random() < 0.5 else f"/{bits}"
    return dotted(network) + suffix, dotted((network & ~mask) | (address & mask))


def dotted(number):
    return ".".join(str(byte) for byte in number.to_bytes(4, "big"))


def send(ticket, policy=None):
    """`ticket` signed by botocore; `policy` in place of the one that botocore builds."""
    sign = ticket.key.signer.generate_presigned_url
    if ticket.resource or policy:
        signed = sign(ticket.url, policy=policy or ticket.policy)
    else:
        signed = sign(ticket.url, date_less_than=utc(ticket.expires_at))
    parameters = signed[len(ticket.url) + 1 :]
    parts = dict(pair.split("=", 1) for pair in parameters.split("&"))
    if ticket.key.hash == "SHA256":
        parts["Hash-Algorithm"] = "SHA256"
    return Sent(ticket.url, parts, ticket.client_ip, ticket.in_cookies)


def respaced(source, policy):
    """The same policy as other signers write it."""
    statement = json.loads(policy)["Statement"][0]
    condition = list(statement["Condition"].items())
    source.shuffle(condition)
    names = list({"Resource": statement["Resource"], "Condition": dict(condition)}.items())
    source.shuffle(names)
    indent = source.choice([None, None, 2, "\t"])
    return json.dumps({"Statement": [dict(names)]}, indent=indent) + source.choice(["", "\n"])


def covers(resource, url):
    """The rule for resources, put another way: with regular expressions."""
    if not re.match(r"https?://|http\*://|\*", resource):
        url = url.partition("://")[2]
    wildcards = {"*": ".*", "?": "."}
    pattern = "".join(wildcards.get(each) or re.escape(each) for each in resource)
    urls = [url] if "?" in resource else [url, url.partition("?")[0]]
    return all(re.fullmatch(pattern, each) for each in urls)


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def encode(data):
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


def decode(text):
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))
