"""Random TempURLs as python-swiftclient signs them, the same ones on every run.

Names hold spaces, every delimiter of RFC 3986, non-ASCII in composed and decomposed form, empty
segments, newlines and literal percent signs. What `swift tempurl` prints is not percent-encoded;
here it is, in one of the ways that clients do it.
"""

import dataclasses
import random
import string
from urllib.parse import quote

from swiftclient.utils import generate_temp_url

SEED = 20171205
COUNT = 1000
NOW = 1_800_000_000
ACCOUNT = "AUTH_été 1"
CONTAINER = "photos+%20"
DIGESTS = ["sha1", "sha256", "sha512"]
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
# By id. Two keys may live at once, on the account and on the container.
ACCOUNT_KEYS = {"account": "mykey", "account-2": "of the account, é £ 🧥"}
CONTAINER_KEYS = {"container": "b3968d0207b54ece87cccc06515a89d4", "container-2": "k" * 200}
KEYS = ACCOUNT_KEYS | CONTAINER_KEYS

_POOLS = [
    string.ascii_letters + string.digits,
    string.ascii_letters + string.digits,
    " +%?#&=;,'()*!~$:@/-_.|\"<>[]{}^`\\",
    ["é", "e\u0301", "ß", "я", "日本", "🧥", "\u00a0", "\u202e"],
    ["//", "..", "%2F", "%20", "+", "\n", "/./", "?temp_url_sig=", "&inline", "prefix:"],
]
_RANGES = {
    "1.2.3.4": ("1.2.3.4", "1.2.3.5"),
    "1.2.3.0/24": ("1.2.3.200", "1.2.4.200"),
    "10.0.0.0/8": ("10.255.0.1", "11.0.0.1"),
    "0.0.0.0/0": ("203.0.113.9", "2001:db8::1"),
    "2001:db8::/32": ("2001:db8:ffff::1", "2001:db9::1"),
    "2001:db8::7/128": ("2001:db8::7", "10.0.0.1"),
    "2001:0DB8::0/33": ("2001:db8::1", "2001:db8:8000::1"),
}
_SAFE = ["/", "/~", "/!$&'()*+,;=:@~"]


@dataclasses.dataclass(frozen=True)
class Ticket:
    """What a signer gets, and from where and how it is used."""

    key_id: str
    method: str
    name: str
    prefix: str | None
    digest: str
    expires: int
    iso8601: bool
    ip_range: str | None
    address: str
    elsewhere: str
    safe: str

    @property
    def container(self):
        return f"/v1/{ACCOUNT}/{CONTAINER}/"

    @property
    def signed_path(self):
        return self.container + (self.name if self.prefix is None else self.prefix)

    @property
    def printed(self):
        """What `swift tempurl` prints."""
        return generate_temp_url(
            self.signed_path,
            self.expires,
            KEYS[self.key_id],
            self.method,
            absolute=True,
            prefix=self.prefix is not None,
            iso8601=self.iso8601,
            ip_range=self.ip_range,
            digest=self.digest,
        )

    @property
    def parameters(self):
        """The parameters in the order in which they were printed, decoded."""
        query = self.printed.removeprefix(self.signed_path + "?")
        end = None
        if self.prefix is not None:
            end = f"&temp_url_prefix={self.prefix}"
            query = query.removesuffix(end)
        pairs = [tuple(pair.split("=", 1)) for pair in query.split("&")]
        return pairs + ([("temp_url_prefix", self.prefix)] if end is not None else [])


def target(path, parameters, safe):
    """Path and query as a client sends them."""
    query = "&".join(
        f"{name}={quote(value, safe=safe.translate(_SEPARATORS))}" for name, value in parameters
    )
    return f"{quote(path, safe=safe)}?{query}"


# In a query these separate; `+` is a space there.
_SEPARATORS = str.maketrans("", "", "&=+;")


def random_tickets():
    source = random.Random(SEED)
    return [_ticket(source) for _ in range(COUNT)]


def _ticket(source):
    name = _text(source, 40)
    prefix = None
    if source.random() < 0.3:
        prefix = name[: source.randrange(len(name) + 1)]
    ip_range = source.choice(sorted(_RANGES)) if source.random() < 0.4 else None
    address, elsewhere = _RANGES.get(ip_range, ("198.51.100.1", "198.51.100.2"))
    return Ticket(
        key_id=source.choice(sorted(KEYS)),
        method=source.choice(METHODS),
        name=name,
        prefix=prefix,
        digest=source.choice(DIGESTS),
        expires=NOW + source.choice([0, 1, 60, 3600, source.randrange(10**9)]),
        iso8601=source.random() < 0.4,
        ip_range=ip_range,
        address=address,
        elsewhere=elsewhere,
        safe=source.choice(_SAFE),
    )


def _text(source, longest):
    """A name that does not begin with `/`, with something else than slashes in it."""
    rest = "".join(source.choice(source.choice(_POOLS)) for _ in range(source.randrange(longest)))
    return source.choice(string.ascii_letters) + rest
