"""python-swiftclient as the other signer of TempURLs, Swift's own middleware as the other judge."""

import base64
import dataclasses
import random

import pytest

import random_tempurls
from random_tempurls import (
    ACCOUNT,
    ACCOUNT_KEYS,
    CONTAINER,
    CONTAINER_KEYS,
    DIGESTS,
    KEYS,
    METHODS,
    NOW,
    Ticket,
    random_tickets,
)
from swift_middleware import Swift

TICKETS = random_tickets()
each_ticket = pytest.mark.parametrize("index", range(len(TICKETS)))

PLAIN = Ticket(
    key_id="container",
    method="GET",
    name="users/alice/my photo.jpg",
    prefix=None,
    digest="sha256",
    expires=NOW + 600,
    iso8601=False,
    ip_range=None,
    address="198.51.100.1",
    elsewhere="198.51.100.2",
    safe="/",
)


@pytest.fixture(scope="module")
def swift():
    return cluster(DIGESTS)


def cluster(digests):
    keys = list(ACCOUNT_KEYS.values()), list(CONTAINER_KEYS.values())
    return Swift(ACCOUNT, CONTAINER, *keys, digests)


@each_ticket
def test_both_accept_what_swiftclient_signs(core, swift, index):
    ticket = TICKETS[index]
    sent = Sent.of(ticket)
    answer = prove(core, sent)
    assert answer["ok"], answer
    assert answer["key_id"] == ticket.key_id
    assert answer["expires_at"] == ticket.expires
    assert ask(swift, sent) == 200


@each_ticket
def test_core_signs_what_swiftclient_signs(core, swift, index):
    ticket = TICKETS[index]
    signed = core(
        "tempurl_sign",
        key=KEYS[ticket.key_id],
        method=ticket.method,
        path=ticket.signed_path,
        prefix=ticket.prefix is not None,
        expires=ticket.expires,
        iso8601=ticket.iso8601,
        ip_range=ticket.ip_range,
        digest=ticket.digest,
    )
    assert signed["unencoded"] == ticket.printed
    path, query = signed["encoded"].split("?")
    if ticket.prefix is not None:
        path += random_tempurls.quote(ticket.name.removeprefix(ticket.prefix))
    sent = dataclasses.replace(Sent.of(ticket), target=f"{path}?{query}")
    assert ask(swift, sent) == 200
    assert prove(core, sent)["ok"]


@each_ticket
def test_both_refuse_one_change(core, swift, index):
    ticket = TICKETS[index]
    change = EVERY_KIND[index % len(EVERY_KIND)]
    sent, reason = change(ticket, random.Random(f"tamper {index}"))
    assert sent != Sent.of(ticket), "the change changed nothing"
    answer = prove(core, sent)
    assert not answer["ok"] and answer["reason"] == reason, (change.__name__, answer)
    assert ask(swift, sent) == 401, change.__name__


@dataclasses.dataclass(frozen=True)
class Sent:
    """A request as a verifier receives it."""

    method: str
    target: str
    address: str | None
    now: int = NOW

    @classmethod
    def of(cls, ticket, name=None, parameters=None):
        name = ticket.name if name is None else name
        parameters = ticket.parameters if parameters is None else parameters
        target = random_tempurls.target(ticket.container + name, parameters, ticket.safe)
        return cls(ticket.method, target, ticket.address)


def path(ticket, source):
    """A character of the name that is signed; a prefix then does not cover the path any more."""
    signed = ticket.name if ticket.prefix is None else ticket.prefix
    if not signed:
        return signature(ticket, source)
    name = change_one(ticket.name, source.randrange(len(signed)), source)
    reason = "signature_mismatch" if ticket.prefix is None else "wrong_resource"
    return Sent.of(ticket, name=name), reason


def prefix(ticket, source):
    """The prefix is shortened, or there is one where none was signed."""
    if ticket.prefix:
        return edit(ticket, "temp_url_prefix", lambda value: value[:-1]), "signature_mismatch"
    if ticket.prefix is None:
        added = ("temp_url_prefix", ticket.name[: source.randrange(3)])
        return Sent.of(ticket, parameters=[*ticket.parameters, added]), "signature_mismatch"
    return without(ticket, "temp_url_prefix"), "signature_mismatch"


def other_prefix(ticket, source):
    if ticket.prefix is None:
        added = ("temp_url_prefix", "_" + ticket.name)
        return Sent.of(ticket, parameters=[*ticket.parameters, added]), "wrong_resource"
    return edit(ticket, "temp_url_prefix", lambda value: "_" + value), "wrong_resource"


def expiry(ticket, source):
    later = dataclasses.replace(ticket, expires=ticket.expires + source.choice([1, 10**6]))
    moved = dict(later.parameters)["temp_url_expires"]
    return edit(ticket, "temp_url_expires", lambda _: moved), "signature_mismatch"


def past(ticket, source):
    earlier = dataclasses.replace(ticket, expires=NOW - source.choice([1, 10**6]))
    moved = dict(earlier.parameters)["temp_url_expires"]
    return edit(ticket, "temp_url_expires", lambda _: moved), "expired"


def time(ticket, _source):
    return dataclasses.replace(Sent.of(ticket), now=ticket.expires + 1), "expired"


def signature(ticket, source):
    """The last character of base64 has spare bits, which the core refuses as malformed."""

    def flip(value):
        start = len("sha512:") if ":" in value else 0
        at = source.randrange(start, len(value) - 1)
        alphabet = "0123456789abcdef".replace(value[at], "")
        return value[:at] + source.choice(alphabet) + value[at + 1 :]

    return edit(ticket, "temp_url_sig", flip), "signature_mismatch"


def method(ticket, source):
    others = [name for name in METHODS if name not in (ticket.method, "HEAD")]
    return dataclasses.replace(Sent.of(ticket), method=source.choice(others)), "method_mismatch"


def address(ticket, source):
    if ticket.ip_range is None:
        return ip_range(ticket, source)
    elsewhere = source.choice([ticket.elsewhere, None])
    return dataclasses.replace(Sent.of(ticket), address=elsewhere), "wrong_address"


def ip_range(ticket, _source):
    """A range of the viewer's own, where another one or none was signed."""
    own = ("temp_url_ip_range", f"{ticket.address}/{128 if ':' in ticket.address else 32}")
    parameters = [pair for pair in ticket.parameters if pair[0] != "temp_url_ip_range"]
    if own in ticket.parameters:
        return Sent.of(ticket, parameters=parameters), "signature_mismatch"
    return Sent.of(ticket, parameters=[*parameters, own]), "signature_mismatch"


def key(ticket, source):
    """The container's key is none for its neighbour."""
    if ticket.key_id in ACCOUNT_KEYS:
        return signature(ticket, source)
    sent = Sent.of(ticket)
    container = random_tempurls.quote(CONTAINER, safe=ticket.safe)
    return (
        dataclasses.replace(sent, target=sent.target.replace(container, container + "2", 1)),
        "signature_mismatch",
    )


EVERY_KIND = [
    path,
    prefix,
    other_prefix,
    expiry,
    past,
    time,
    signature,
    method,
    address,
    ip_range,
    key,
]


@pytest.mark.parametrize("signed_for", METHODS)
@pytest.mark.parametrize("used_for", METHODS)
def test_methods(core, swift, signed_for, used_for):
    """HEAD comes with GET, PUT and POST, as both say."""
    ticket = dataclasses.replace(PLAIN, method=signed_for)
    sent = dataclasses.replace(Sent.of(ticket), method=used_for)
    expected = used_for == signed_for or used_for == "HEAD" and signed_for != "DELETE"
    assert (ask(swift, sent) == 200) == expected
    answer = prove(core, sent)
    assert answer["ok"] == expected
    assert expected or answer["reason"] == "method_mismatch"


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("allowed", [["sha1"], ["sha256"], ["sha512"], ["sha256", "sha512"]])
def test_digests(core, digest, allowed):
    sent = Sent.of(dataclasses.replace(PLAIN, digest=digest))
    expected = digest in allowed
    assert (ask(cluster(allowed), sent) == 200) == expected
    answer = prove(core, sent, digests=allowed)
    assert answer["ok"] == expected
    assert expected or answer["reason"] == "wrong_algorithm"


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("alphabet", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
def test_base64(core, swift, digest, alphabet, padded):
    signed = dict(dataclasses.replace(PLAIN, digest=digest).parameters)["temp_url_sig"]
    if ":" in signed:
        raw = base64.urlsafe_b64decode(signed.partition(":")[2] + "==")
    else:
        raw = bytes.fromhex(signed)
    encoded = alphabet(raw).decode()
    assert encoded.endswith("=")
    spelled = f"{digest}:{encoded if padded else encoded.rstrip('=')}"
    sent = edit(PLAIN, "temp_url_sig", lambda _: spelled)
    assert ask(swift, sent) == 200
    assert prove(core, sent)["ok"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temp_url_sig", ""),
        ("temp_url_sig", "x"),
        ("temp_url_sig", "0" * 63),
        ("temp_url_sig", "0" * 32),
        ("temp_url_sig", "sha256:"),
        ("temp_url_sig", "sha256:!"),
        ("temp_url_sig", "md5:AAAAAAAAAAAAAAAAAAAAAA"),
        ("temp_url_expires", ""),
        ("temp_url_expires", "soon"),
        ("temp_url_expires", "-1"),
        ("temp_url_expires", "1800000600.5"),
        ("temp_url_expires", "2027-01-15"),
        ("temp_url_expires", "2027-01-15T08:10:00"),
        ("temp_url_expires", "2027-13-15T08:10:00Z"),
        ("temp_url_ip_range", "198.51.100.1/24"),
        ("temp_url_ip_range", "198.51.100.0/33"),
        ("temp_url_ip_range", "198.51.100.1,198.51.100.2"),
        ("temp_url_ip_range", "::1%eth0"),
        ("temp_url_ip_range", "here"),
    ],
)
def test_both_refuse_what_is_malformed(core, swift, name, value):
    parameters = [pair for pair in PLAIN.parameters if pair[0] != name]
    sent = Sent.of(PLAIN, parameters=[*parameters, (name, value)])
    assert ask(swift, sent) == 401
    assert prove(core, sent)["reason"] == "malformed_credential"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda target: target + "&temp_url_sig=0", "duplicate_parameter"),
        (lambda target: target + "&temp_url_expires=1", "duplicate_parameter"),
        (lambda target: target + "&inline&inline", "duplicate_parameter"),
        (lambda target: target.replace("url_sig", "url%5Fsig"), "malformed_credential"),
        (lambda target: target + "&Temp_URL_Prefix=bob", "malformed_credential"),
        (lambda target: target + "&temp_url_ip_range=", "malformed_credential"),
        (lambda target: target.replace("=18", "=+18"), "malformed_credential"),
        (lambda target: target.replace("=18", "=1_8"), "malformed_credential"),
        (lambda target: target.replace("users/", "users%2F"), "malformed_credential"),
    ],
)
def test_core_refuses_what_may_be_read_in_two_ways(core, swift, change, reason):
    """Swift takes all of these. No signer writes them."""
    sent = Sent.of(PLAIN)
    changed = dataclasses.replace(sent, target=change(sent.target))
    assert changed != sent
    assert ask(swift, changed) == 200
    assert prove(core, changed)["reason"] == reason


def test_spare_bits_of_base64(core, swift):
    """The last character may change without a change of the signature; Swift does not mind."""
    ticket = dataclasses.replace(PLAIN, digest="sha512")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(dict(ticket.parameters)["temp_url_sig"][-1])
    sent = edit(ticket, "temp_url_sig", lambda value: value[:-1] + alphabet[last + 1])
    assert ask(swift, sent) == 200
    assert prove(core, sent)["reason"] == "malformed_credential"


NAMES = ["", "a.jpg", "a b+c%.jpg", 'a"; x="', "a\r\nSet-Cookie: b", "été/日本 🧥~_.-", "a/b/"]


@pytest.mark.parametrize("filename", [None, *NAMES])
@pytest.mark.parametrize("inline", [None, "", "false"])
@pytest.mark.parametrize("stored", [None, "attachment", 'inline; filename="x"'])
@pytest.mark.parametrize("name", ["o", "a/my photo.jpg", "été+%2F;,'.jpg", "folder/", 'a"b\n'])
def test_content_disposition(core, swift, filename, inline, stored, name):
    ticket = dataclasses.replace(PLAIN, name=name)
    wishes = [("filename", filename), ("inline", inline)]
    wishes = [(parameter, value) for parameter, value in wishes if value is not None]
    sent = Sent.of(ticket, parameters=ticket.parameters + wishes)
    stored = {} if stored is None else {"Content-Disposition": stored}
    status, headers = swift(sent.method, sent.target, sent.now, sent.address, stored)
    assert status == 200
    answer = answer_of(core, sent, stored)
    if "\n" in name:
        # Swift stores such a name; nothing here serves one.
        assert answer["reason"] == "malformed_key"
        return
    given = [value for header, value in answer["headers"] if header == "content-disposition"]
    assert given == [headers["Content-Disposition"]]


def test_no_content_disposition_without_an_object(core):
    # A store is believed to say 304 only where it was asked with a condition.
    asked = question(Sent.of(PLAIN), DIGESTS) | {"headers": {"if-none-match": '"e"'}}
    headers = dict(core("respond", status=304, stored={}, **asked)["headers"])
    assert "content-disposition" not in headers


def edit(ticket, name, change):
    parameters = [
        (each, change(value) if each == name else value) for each, value in ticket.parameters
    ]
    return Sent.of(ticket, parameters=parameters)


def without(ticket, name):
    return Sent.of(ticket, parameters=[pair for pair in ticket.parameters if pair[0] != name])


def change_one(text, at, source):
    others = [each for each in "abcdefghij0123456789" if each != text[at]]
    return text[:at] + source.choice(others) + text[at + 1 :]


def ask(swift, sent):
    return swift(sent.method, sent.target, sent.now, sent.address)[0]


def prove(core, sent, digests=DIGESTS):
    return core("prove", **question(sent, digests))


def answer_of(core, sent, stored, status=200):
    return core("respond", status=status, stored=stored, **question(sent, DIGESTS))


def question(sent, digests):
    account, container = f"/v1/{ACCOUNT}/", f"/v1/{ACCOUNT}/{CONTAINER}/"
    paths = dict.fromkeys(ACCOUNT_KEYS, account) | dict.fromkeys(CONTAINER_KEYS, container)
    names = {key_id: key_id.upper().replace("-", "_") for key_id in KEYS}
    return {
        "method": sent.method,
        "url": "https://media.example" + sent.target,
        "headers": {},
        "client_ip": sent.address,
        "now": sent.now,
        "secrets": {names[key_id]: secret for key_id, secret in KEYS.items()},
        "keys": {
            key_id: {
                "dialect": "tempurl",
                "secret": names[key_id],
                "path": paths[key_id],
                "digests": digests,
                "principal": "every-owner",
            }
            for key_id in KEYS
        },
    }
