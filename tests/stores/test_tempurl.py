"""TempURLs that the core signs, at Swift itself; and what either refuses, refused by both."""

import base64
import dataclasses
import hmac
import json
import re
import time
from urllib.parse import quote

import pytest
from swiftclient.utils import generate_temp_url

from swift_api import SwiftUser
from wire import send

pytestmark = pytest.mark.swift

KEY = "the account's key"
CONTAINER_KEY = "the container's key"
BODY = b"a coat"
DIGESTS = ["sha1", "sha256", "sha512"]
NAMES = ["photo.jpg", "a/b c+d", "100%/%2F?#&=;", "a//b/", "日本/é", "k" * 1024]

each_name = pytest.mark.parametrize("name", NAMES, ids=[name[:8] for name in NAMES])


@dataclasses.dataclass(frozen=True)
class Ticket:
    """A TempURL, and who answers for it."""

    core: object
    endpoint: str
    account: str
    url: str

    def change(self, pattern, replacement):
        url, changes = re.subn(pattern, replacement, self.url, count=1)
        assert changes == 1, f"`{pattern}` is not in the ticket"
        return dataclasses.replace(self, url=url)

    def use(self, method="GET", body=b""):
        return send(method, self.endpoint + self.url, body=body)

    def prove(self, method="GET"):
        """The core's verdict: nothing, or the reason for its refusal."""
        answer = self.core("prove", **self._question(method))
        return None if answer["ok"] else answer["reason"]

    def _question(self, method):
        return {
            "method": method,
            "url": self.endpoint + self.url,
            "headers": {},
            "now": int(time.time()),
            "client_ip": "127.0.0.1",
            "keys": {
                "account": key(f"{self.account}/", "ACCOUNT"),
                "container": key(f"{self.account}/own/", "CONTAINER"),
            },
            "secrets": {"ACCOUNT": KEY, "CONTAINER": CONTAINER_KEY},
        }

    def respond(self, method, stored):
        """What the core makes of the store's answer."""
        return self.core("respond", status=200, stored=stored, **self._question(method))


def key(path, secret):
    common = {"dialect": "tempurl", "principal": "every-owner", "digests": DIGESTS}
    return {**common, "path": path, "secret": secret}


@pytest.fixture(scope="module")
def owner(swift_endpoint):
    owner = SwiftUser.sign_in(swift_endpoint, "test:owner", "owning")
    header = "Temp-URL-Key"
    assert owner.request("POST", owner.account, {f"X-Account-Meta-{header}": KEY}).accepted
    containers = {"media": {}, "own": {f"X-Container-Meta-{header}": CONTAINER_KEY}}
    for container, headers in containers.items():
        assert owner.request("PUT", f"{owner.account}/{container}", headers).accepted
        for name in NAMES:
            path = f"{owner.account}/{container}/{name}"
            assert owner.request("PUT", path, body=BODY).accepted
    return owner


@pytest.fixture
def sign(core, owner):
    """Makes a ticket for GET that lives a minute, unless told otherwise."""

    def sign(name="photo.jpg", container="media", key=KEY, seconds=60, **fields):
        asked = {
            "method": "GET",
            "path": f"{owner.account}/{container}/{name}",
            "expires": int(time.time()) + seconds,
            "digest": "sha256",
            "key": key,
        }
        signed = core("tempurl_sign", **{**asked, **fields})
        return Ticket(core, owner.endpoint, owner.account, signed["encoded"])

    return sign


def assert_accepted(ticket, method="GET", body=b""):
    answer = ticket.use(method, body)
    assert answer.accepted, answer
    assert ticket.prove(method) is None
    return answer


def assert_refused(ticket, reason, method="GET"):
    answer = ticket.use(method)
    assert answer.status == 401, answer
    assert ticket.prove(method) == reason


def test_what_swift_offers(swift_endpoint):
    """The digests of the tests are those that Swift itself knows."""
    about = json.loads(send("GET", f"{swift_endpoint}/info").body)["tempurl"]
    assert sorted(about["allowed_digests"]) == DIGESTS
    assert {"GET", "HEAD", "PUT", "POST", "DELETE"} <= set(about["methods"])


@each_name
@pytest.mark.parametrize("digest", DIGESTS)
def test_every_digest(sign, name, digest):
    assert assert_accepted(sign(name, digest=digest)).body == BODY
    assert_accepted(sign(name, digest=digest, method="PUT"), "PUT", BODY)


@pytest.mark.parametrize("iso8601", [False, True])
@pytest.mark.parametrize("digest", DIGESTS)
def test_every_method(sign, digest, iso8601):
    name = f"methods {digest}"
    for method in ("PUT", "HEAD", "GET", "POST", "DELETE"):
        ticket = sign(name, method=method, digest=digest, iso8601=iso8601)
        assert_accepted(ticket, method, BODY if method == "PUT" else b"")
    assert sign(name).use().status == 404


@pytest.mark.parametrize("signed", ["GET", "HEAD", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("used", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_another_method(sign, signed, used):
    """HEAD alone comes with others."""
    ticket = sign("a/b c+d", method=signed)
    if used == signed or (used == "HEAD" and signed != "DELETE"):
        # Not used for DELETE: the object stays.
        assert ticket.prove(used) is None
        assert used == "DELETE" or ticket.use(used, BODY if used == "PUT" else b"").accepted
    else:
        assert_refused(ticket, "method_mismatch", used)


@pytest.mark.parametrize("digest", DIGESTS)
def test_keys(sign, digest):
    """A container's key opens that container; the account's opens every one."""
    assert_accepted(sign(container="own", key=CONTAINER_KEY, digest=digest))
    assert_accepted(sign(container="own", digest=digest))
    assert_refused(sign(key=CONTAINER_KEY, digest=digest), "signature_mismatch")
    assert_refused(sign(key=KEY + "x", digest=digest), "signature_mismatch")


@pytest.mark.parametrize("digest", DIGESTS)
def test_prefix(sign, owner, digest):
    """A signed beginning of names; the path is then the reader's choice."""
    ticket = sign("a/", prefix=True, digest=digest)
    here, there = f"{owner.account}/media/a/", f"{owner.account}/media/"
    at_object = ticket.change(f"^{re.escape(here)}", here + quote("b c+d"))
    assert assert_accepted(at_object).body == BODY
    outside = ticket.change(f"^{re.escape(here)}", there + "photo.jpg")
    assert_refused(outside, "wrong_resource")
    wider = outside.change("temp_url_prefix=a/", "temp_url_prefix=p")
    assert_refused(wider, "signature_mismatch")
    other_container = ticket.change("/media/a/", "/own/a/b%20c%2Bd")
    assert_refused(other_container, "signature_mismatch")
    assert_accepted(sign("", prefix=True, digest=digest).change("/media/", "/media/photo.jpg"))


@pytest.mark.parametrize("ip_range", ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0"])
def test_inside_the_address_range(sign, ip_range):
    assert_accepted(sign(ip_range=ip_range))
    assert_accepted(sign("a/", ip_range=ip_range, prefix=True).change("/a/", "/a/b%20c%2Bd"))


@pytest.mark.parametrize("ip_range", ["127.0.0.2", "10.0.0.0/8", "::1", "2001:db8::/32"])
def test_outside_the_address_range(sign, ip_range):
    ticket = sign(ip_range=ip_range)
    assert_refused(ticket, "wrong_address")
    without = ticket.change("&temp_url_ip_range=[^&]*", "")
    assert_refused(without, "signature_mismatch")


@pytest.mark.parametrize("iso8601", [False, True])
def test_expiry(sign, iso8601):
    assert_accepted(sign(seconds=10, iso8601=iso8601))
    assert_refused(sign(seconds=-10, iso8601=iso8601), "expired")


CHANGES = {
    "path": ("photo", "foto", "signature_mismatch"),
    "container": ("/media/", "/own/", "signature_mismatch"),
    "signature": ("(?<=temp_url_sig=)[0-9a-f]{2}", "zz", "malformed_credential"),
    "another signature": ("(?<=temp_url_sig=)[0-9a-f]{8}", "0" * 8, "signature_mismatch"),
    "shorter signature": ("(?<=temp_url_sig=)[0-9a-f]{2}", "", "malformed_credential"),
    "no signature": ("temp_url_sig=[^&]*&", "", "malformed_credential"),
    "later": (r"(?<=temp_url_expires=)\d", "9", "signature_mismatch"),
    "never": (r"temp_url_expires=\d+", "temp_url_expires=", "malformed_credential"),
    "no expiry": (r"&temp_url_expires=\d+", "", "malformed_credential"),
    "time with a zone": (
        r"temp_url_expires=\d+",
        "temp_url_expires=2099-01-01T00:00:00%2B00:00",
        "malformed_credential",
    ),
    "a prefix besides": ("$", "&temp_url_prefix=p", "signature_mismatch"),
    "a range besides": ("$", "&temp_url_ip_range=127.0.0.1", "signature_mismatch"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_change(sign, change):
    pattern, replacement, reason = CHANGES[change]
    ticket = sign()
    assert_accepted(ticket)
    assert_refused(ticket.change(pattern, replacement), reason)


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_signature_in_base64(sign, owner, digest, padded, encode):
    """As other signers may write it; the core writes its own in one way."""
    expires = int(time.time()) + 60
    message = f"GET\n{expires}\n{owner.account}/media/photo.jpg"
    written = encode(hmac.digest(KEY.encode(), message.encode(), digest)).decode()
    signature = f"{digest}:{written if padded else written.rstrip('=')}"
    ticket = sign(expires=expires).change("(?<=temp_url_sig=)[^&]*", quote(signature, safe=""))
    assert_accepted(ticket)


@pytest.mark.parametrize("stored", [None, "inline", 'attachment; filename="stored"'])
@pytest.mark.parametrize(
    "asked",
    [
        "",
        "&inline",
        "&inline=false",
        "&filename=x.jpg",
        "&filename=",
        "&filename=a+b%20%22%5C%C3%A9%0D%0A/%25%3B",
        "&filename=x&inline",
        "&inline&filename=",
    ],
)
@pytest.mark.parametrize("name", ["o k.jpg", "a/b//", "日本/é\"';%.txt"])
def test_content_disposition(sign, owner, name, asked, stored):
    path = f"{owner.account}/media/named/{name}"
    headers = {} if stored is None else {"Content-Disposition": stored}
    assert owner.request("PUT", path, headers, BODY).accepted
    ticket = sign(f"named/{name}").change("$", asked)
    for method in ("GET", "HEAD"):
        expected = assert_accepted(ticket, method).headers["content-disposition"]
        given = dict(ticket.respond(method, headers)["headers"])
        assert given["content-disposition"] == expected


@each_name
@pytest.mark.parametrize("digest", DIGESTS)
def test_python_swiftclient(sign, owner, name, digest):
    """What `swift tempurl` makes is good for both, and the core makes the same."""
    path = f"{owner.account}/media/{name}"
    for options in [{}, {"iso8601": True}, {"ip_range": "127.0.0.0/8"}]:
        url = generate_temp_url(path, 60, KEY, "GET", digest=digest, **options)
        assert url.startswith(path + "?")
        ticket = dataclasses.replace(sign(), url=quote(path) + url[len(path) :])
        assert_accepted(ticket)
    expires = int(re.search(r"temp_url_expires=(\d+)", url)[1])
    ours = sign(name, digest=digest, expires=expires, ip_range="127.0.0.0/8")
    assert ours.url == ticket.url
