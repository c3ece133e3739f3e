"""Random EdgeAuth tokens of Akamai's own library, the same ones on every run.

Ids, data and salts hold what breaks encoders: spaces, `+`, `%`, escapes, quotes, non-ASCII. Paths
hold all of that, encoded. ACLs are lists of patterns with both wildcards.
"""

import dataclasses
import ipaddress
import random
import re
import string
from urllib.parse import quote, quote_plus, unquote, unquote_to_bytes

from akamai.edgeauth import EdgeAuth

COUNT = 1000
NOW = 1_700_000_000

_ALPHANUMERIC = string.ascii_letters + string.digits
_TEXTS = [*" +%?#&=;,'()*!$:@/-_.|\"<>[]{}^`\\", "%2B", "%7e", "%zz", "é", "e\u0301", "日本", "🧥"]
# What no URL holds as it is: browsers encode it, and nothing else.
_NOT_IN_URLS = re.compile(r"[^!-~]|[\"<>]")
_UNITS = re.compile(r"%[0-9A-Fa-f]{2}|.")
_BREAKS_QUERIES = re.compile(r"[&#\\]|%(?![0-9A-Fa-f]{2})")


@dataclasses.dataclass(frozen=True)
class Case:
    """What the library gets, and a path that the token opens. Without ACL it is a URL token."""

    name: str
    key: str
    salt: str | None
    algorithm: str
    escape_early: bool
    ip: str | None
    starts_at: int | None
    expires_at: int
    id: str | None
    data: str | None
    acl: tuple[str, ...] | None
    path: str
    place: str

    def token(self):
        library = EdgeAuth(
            token_name=self.name,
            key=self.key,
            salt=self.salt,
            algorithm=self.algorithm,
            escape_early=self.escape_early,
            ip=self.ip,
            session_id=self.id,
            payload=self.data,
            start_time=self.starts_at,
            end_time=self.expires_at,
        )
        if self.acl is None:
            return library.generate_url_token(self.path)
        return library.generate_acl_token(list(self.acl))


def case(index):
    source = random.Random(f"edgeauth {index}")
    path = "/dir/" + encoded(text(source, 20), source)
    address = source.choice(
        [
            None,
            None,
            ipaddress.IPv4Address(f"192.0.2.{source.randrange(10)}"),
            ipaddress.IPv6Address(f"2001:db8::{source.randrange(1, 2**16):x}:1"),
        ]
    )
    return Case(
        name=source.choice(["__token__", "hdnts", "hdntl"]),
        key=source.randbytes(source.randrange(1, 80)).hex(),
        salt=source.choice([None, text(source, 30)]),
        algorithm=source.choice(["sha256", "sha256", "sha1", "md5"]),
        escape_early=source.random() < 0.5,
        ip=address and str(address),
        starts_at=source.choice([None, NOW - source.randrange(10**6)]),
        expires_at=NOW + source.randrange(1, 10**6),
        id=source.choice([None, "s" + text(source, 20)]),
        data=source.choice([None, "x" + text(source, 40)]),
        acl=source.choice([None, _acl(source, path)]),
        path=path,
        place=source.choice(["query", "cookie", "header"]),
    )


def encodings(place, token):
    """The ways in which clients send a token there, by name."""
    component = quote(token, safe="!'()*-._~")
    if place == "header":
        return {"as it is": token}
    if place == "cookie":
        ways = {"all of it": component}
        if not re.search(r"[^ -~]|[;\"]| $", token):
            ways |= {"as it is": token, "in quotes": f'"{token}"'}
        return ways
    ways = {"all of it": component, "as forms do": quote_plus(token)}
    if not _BREAKS_QUERIES.search(token):
        browser = _NOT_IN_URLS.sub(lambda found: quote(found[0]), token)
        if browser == token or unquote(browser) == token:
            ways["as it is, or as browsers do"] = browser
    return ways


def other_paths(case, source):
    """Near ones and others; escapes stay whole."""
    units = _UNITS.findall(case.path)
    at = source.randrange(len(units))
    paths = {
        case.path + "x",
        case.path + "%2A",
        "".join(units[:-1]),
        "".join([*units[:at], source.choice("xyz"), *units[at + 1 :]]),
        case.path.replace("/dir/", "/Dir/"),
        case.path.replace("/dir/", "/dir/../"),
        case.path.replace("%", "%25"),
        "/dir/" + encoded(text(source, 20), source),
    }
    return sorted(path for path in paths - {case.path} if path.startswith("/"))


def opens(acl, path):
    """What the documentation of the core says, with regular expressions."""

    def expression(pattern):
        wildcards = {"*": ".*", "?": "."}
        return "".join(
            wildcards.get(unit) or re.escape(unquote_to_bytes(unit).decode("latin-1"))
            for unit in _UNITS.findall(pattern)
        )

    decoded = unquote_to_bytes(path).decode("latin-1")
    return any(re.fullmatch(expression(pattern), decoded, re.DOTALL) for pattern in acl)


def text(source, longest):
    """Without `~`, which would end a field."""
    pools = [_ALPHANUMERIC, _ALPHANUMERIC, _TEXTS]
    length = source.randrange(1, longest)
    return "".join(source.choice(source.choice(pools)) for _ in range(length))


def encoded(key, source):
    """A key as a path has it; now and then an escape more than there must be."""
    safe = source.choice(["", "+$&,;=:@()'"]) + "/"

    def escaped(found):
        return f"%{ord(found[0]):02x}" if source.random() < 0.1 else found[0]

    return re.sub(r"(?<!%)(?<!%.)[A-Za-z]", escaped, quote(key, safe=safe))


def _acl(source, path):
    """Patterns for other paths, and one that covers this one."""
    units = _UNITS.findall(path.removeprefix("/dir/"))
    at = source.randrange(len(units) + 1)
    pattern = source.choice(
        [
            path,
            "/dir/*",
            "/dir/" + "".join(units[:at]) + "*",
            "/*" + "".join(units[at:]),
            "/dir/" + "".join(source.choice([unit, "?"]) for unit in units),
        ]
    )
    others = [f"/dir/{encoded(text(source, 8), source)}" for _ in range(source.randrange(3))]
    others.insert(source.randrange(len(others) + 1), pattern)
    return tuple(others)
