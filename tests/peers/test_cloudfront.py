"""botocore, django-storages and `cryptography` as the other side of CloudFront's signatures."""

import dataclasses
import random
import re
import string
import time

import pytest

import cloudfront_tickets as tickets
from cloudfront_tickets import COUNT, NOW, random_ticket, send

each_ticket = pytest.mark.parametrize("index", range(COUNT))


@each_ticket
def test_core_proves_what_botocore_signs(core, index):
    ticket = random_ticket(index)
    assert prove(core, send(ticket)) == {
        "ok": True,
        "key_id": ticket.key.id,
        "user": ticket.key.id.lower(),
        "expires_at": ticket.expires_at,
    }


@pytest.mark.parametrize("index", range(0, COUNT, 4))
def test_core_proves_policies_that_other_signers_write(core, index):
    ticket = random_ticket(index)
    policy = tickets.respaced(random.Random(f"respaced {index}"), ticket.policy)
    assert policy != ticket.policy
    ticket = dataclasses.replace(ticket, resource=ticket.resource or ticket.url)
    assert prove(core, send(ticket, policy))["ok"]


@each_ticket
def test_core_signs_what_botocore_signs(core, index):
    """Byte for byte but for ECDSA's signatures, which are others each time they are made."""
    ticket = random_ticket(index)
    if ticket.resource is None:
        # A canned URL with a `*` could be used as a pattern, so the core makes none.
        ticket = dataclasses.replace(ticket, url=ticket.url.replace("*", "%2A"))
    theirs = send(ticket)
    ours = core(
        "cloudfront_sign",
        url=ticket.url,
        resource=ticket.resource,
        expires_at=ticket.expires_at,
        starts_at=ticket.starts_at,
        source_ip=ticket.ip_range,
        private_key=ticket.key.private_pem,
        algorithm=ticket.key.algorithm,
        key_pair_id=ticket.key.id,
    )
    assert ours["policy"] == ticket.policy
    signature = ours["cookies"]["CloudFront-Signature"]
    ticket.key.verify(tickets.decode(signature), ticket.policy.encode())
    if ticket.key.algorithm.startswith("ECDSA"):
        theirs.parts["Signature"] = signature
    theirs.in_cookies = False
    assert ours["url"] == theirs.request()["url"]
    assert ours["cookies"] == {f"CloudFront-{n}": value for n, value in theirs.parts.items()}


@each_ticket
def test_one_change_is_refused(core, index):
    source = random.Random(f"cloudfront tamper {index}")
    ticket = random_ticket(index)
    sent = send(ticket)
    before = sent.request()
    reason = KINDS[index % len(KINDS)](ticket, sent, source)
    assert sent.request() != before, "the change changed nothing"
    answer = prove(core, sent)
    assert (answer["ok"], answer.get("reason")) == (False, reason)


@each_ticket
def test_any_other_policy_is_refused(core, index):
    """One character of the base64; what comes out may be no policy at all."""
    source = random.Random(f"cloudfront base64 {index}")
    ticket = dataclasses.replace(random_ticket(index), resource="*")
    sent = send(ticket)
    policy = sent.parts["Policy"]
    place = source.randrange(len(policy.rstrip("_")))
    sent.parts["Policy"] = changed(policy, place, source, string.ascii_letters + "-~")
    assert not prove(core, sent)["ok"]


@pytest.mark.parametrize(
    ("now", "reason"), [(-1, "not_yet_valid"), (0, None), (59, None), (60, "expired")]
)
@pytest.mark.parametrize("in_cookies", [False, True])
def test_time(core, now, reason, in_cookies):
    ticket = plain(resource="*", starts_at=NOW, expires_at=NOW + 60, in_cookies=in_cookies)
    sent = send(ticket)
    sent.now = NOW + now
    assert prove(core, sent).get("reason") == reason


LESS_THAN = f'"DateLessThan":{{"AWS:EpochTime":{NOW + 60}}}'
STATEMENT = f'{{"Resource":"*","Condition":{{{LESS_THAN}}}}}'


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        (STATEMENT, ""),
        (STATEMENT, f"{STATEMENT},{STATEMENT}"),
        (LESS_THAN, ""),
        (f'"Condition":{{{LESS_THAN}}}', '"Condition":null'),
        (LESS_THAN, f'{LESS_THAN},"Bool":{{"aws:SecureTransport":true}}'),
        (LESS_THAN, f'{LESS_THAN},"IpAddress":{{"AWS:SourceIp":"2001:db8::/32"}}'),
        (LESS_THAN, f'{LESS_THAN},"IpAddress":{{"AWS:SourceIp":["192.0.2.0/24"]}}'),
        (str(NOW + 60), f'"{NOW + 60}"'),
        (str(NOW + 60), f"{NOW + 60}.0"),
        ('"Resource":"*"', '"Resource":["*"]'),
        ('"Resource":"*"', '"Resource":"ftp://*"'),
        ('"Resource":"*"', '"Resource":"*","Resource":"*"'),
        ('"Resource":"*"', '"Resource":"*","Effect":"Allow"'),
        ('"Statement"', '"Version":"2012-10-17","Statement"'),
        ('"Statement"', '"statement"'),
    ],
)
def test_a_policy_of_another_form_is_refused_though_it_is_signed(core, part, replacement):
    policy = f'{{"Statement":[{STATEMENT}]}}'
    assert prove(core, send(plain(resource="*"), policy))["ok"]
    answer = prove(core, send(plain(resource="*"), policy.replace(part, replacement, 1)))
    assert answer.get("reason") == "malformed_credential", answer


def test_everything_is_open_where_no_resource_is_named(core):
    policy = f'{{"Statement":[{{"Condition":{{{LESS_THAN}}}}}]}}'
    assert prove(core, send(plain(resource="*"), policy))["ok"]


# What django-storages asks for itself: a canned policy, RSA with SHA-1, no `Hash-Algorithm`.


@pytest.mark.parametrize("index", range(200))
def test_core_proves_what_the_signer_of_django_storages_signs(core, index):
    from storages.backends.s3 import _cloud_front_signer_from_pem

    key = tickets.keys()[0]
    ticket = random_ticket(index)
    signer = _cloud_front_signer_from_pem(key.id, key.private_pem)
    signed = signer.generate_presigned_url(ticket.url, tickets.utc(ticket.expires_at))
    answer = prove(core, Fetched(signed, NOW))
    assert (answer["ok"], answer.get("key_id")) == (True, key.id), answer


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "users/alice/a b.jpg", "été/日本 🧥.png", "a+b&c=d?e#f%20.txt", "~!*()'", "a//b"],
)
@pytest.mark.parametrize("parameters", [None, {"v": "1 2", "w": "*"}])
def test_core_proves_the_urls_of_django_storages(core, storage, name, parameters):
    url = storage.url(name, parameters=parameters, expire=60)
    answer = prove(core, Fetched(url, int(time.time())))
    assert (answer["ok"], answer.get("key_id")) == (True, "KRSA1"), answer
    assert prove(core, Fetched(url, answer["expires_at"]))["reason"] == "expired"


@pytest.fixture(scope="session")
def storage():
    from django.conf import settings

    settings.configure(USE_TZ=True)
    from storages.backends.s3 import S3Storage

    key = tickets.keys()[0]
    return S3Storage(
        bucket_name="media",
        custom_domain="media.example",
        cloudfront_key_id=key.id,
        cloudfront_key=key.private_pem,
    )


# Single changes, and the reason that each must be refused with. Where a ticket has nothing to
# change of a kind, its signature is changed.


def path(ticket, sent, source):
    bare, question_mark, query = sent.url.partition("?")
    begin = bare.index("/", 8) + 1
    places = [
        place
        for place in range(begin, len(bare))
        if bare[place].isalnum() and "%" not in bare[max(0, place - 2) : place]
    ]
    source.shuffle(places)
    for place in places:
        url = changed(bare, place, source, string.ascii_letters) + question_mark + query
        if ticket.resource is None or not tickets.covers(ticket.resource, url):
            sent.url = url
            return "wrong_resource" if ticket.resource else "signature_mismatch"
    return host(ticket, sent, source)


def query(ticket, sent, source):
    more = ["&z", "&z=", "&", "&versionId=8"] if "?" in sent.url else ["?z", "?versionId=8"]
    url = sent.url + source.choice(more)
    if ticket.resource and tickets.covers(ticket.resource, url):
        return signature(ticket, sent, source)
    sent.url = url
    return "wrong_resource" if ticket.resource else "signature_mismatch"


def host(ticket, sent, source):
    url = sent.url.replace("://", "://other.", 1) if "[" not in sent.url else None
    if url is None or (ticket.resource and tickets.covers(ticket.resource, url)):
        return signature(ticket, sent, source)
    sent.url = url
    return "wrong_resource" if ticket.resource else "signature_mismatch"


def scheme(ticket, sent, source):
    scheme, rest = sent.url.split("://", 1)
    url = f"{'http' if scheme == 'https' else 'https'}://{rest}"
    if ticket.resource and tickets.covers(ticket.resource, url):
        return signature(ticket, sent, source)
    sent.url = url
    return "wrong_resource" if ticket.resource else "signature_mismatch"


def expiry(ticket, sent, source):
    """Lives a little longer."""
    longer = str(ticket.expires_at + source.choice([1, 10, 10**9]))
    if ticket.resource:
        sent.policy = sent.policy.replace(str(ticket.expires_at), longer, 1)
    else:
        sent.parts["Expires"] = longer
    return "signature_mismatch"


def policy(ticket, sent, source):
    """Opens more, or says the same in other bytes."""
    if not ticket.resource:
        wider = re.sub("https?://", "http*://", ticket.policy, count=1)
        sent.parts["Policy"] = tickets.encode(wider.encode())
        del sent.parts["Expires"]
        return "signature_mismatch"
    wider = ticket.policy.replace('"Resource":"', '"Resource":"*', 1)
    sent.policy = source.choice([wider, " " + ticket.policy, ticket.policy + "\n"])
    return "signature_mismatch"


def signature(ticket, sent, source):
    data = bytearray(tickets.decode(sent.parts["Signature"]))
    data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    sent.parts["Signature"] = tickets.encode(bytes(data))
    return "signature_mismatch"


def key_id(ticket, sent, source):
    place = source.randrange(len(ticket.key.id))
    sent.parts["Key-Pair-Id"] = changed(ticket.key.id, place, source, string.ascii_lowercase)
    return "unknown_key"


def other_key(ticket, sent, source):
    """A live key: of the same hash, so that the signature is wrong, or of the other one."""
    other = source.choice([key for key in tickets.keys() if key != ticket.key])
    sent.parts["Key-Pair-Id"] = other.id
    return "signature_mismatch" if other.hash == ticket.key.hash else "wrong_algorithm"


def hash_algorithm(ticket, sent, source):
    sent.parts["Hash-Algorithm"] = {"SHA1": "SHA256", "SHA256": "SHA1"}[ticket.key.hash]
    return "wrong_algorithm"


def address(ticket, sent, source):
    if ticket.ip_range is None:
        return signature(ticket, sent, source)
    bits = int(ticket.ip_range.partition("/")[2] or 32)
    if bits == 0:
        sent.client_ip = "2001:db8::1"
    else:
        number = int.from_bytes(map(int, ticket.client_ip.split(".")), "big")
        number ^= 1 << (32 - source.randrange(1, bits + 1))
        sent.client_ip = tickets.dotted(number)
    return "wrong_address"


def ip_range(ticket, sent, source):
    """Open to everyone, or to others."""
    if ticket.ip_range is None:
        return expiry(ticket, sent, source)
    given = ticket.ip_range if "/" in ticket.ip_range else f"{ticket.ip_range}/32"
    wider = "0.0.0.0/0" if given != "0.0.0.0/0" else "0.0.0.1/0"
    sent.policy = sent.policy.replace(given, wider)
    return "signature_mismatch"


def late(ticket, sent, source):
    sent.now = ticket.expires_at + source.choice([0, 1, 10**6])
    return "expired"


def early(ticket, sent, source):
    if ticket.starts_at is None:
        return late(ticket, sent, source)
    sent.now = ticket.starts_at - source.choice([1, 10**6])
    return "not_yet_valid"


def twice(ticket, sent, source):
    if sent.in_cookies:
        sent.parts["Key-Pair-Id"] += f"; CloudFront-Key-Pair-Id={ticket.key.id}"
    else:
        sent.url += ("&" if "?" in sent.url else "?") + f"Key-Pair-Id={ticket.key.id}"
    return "duplicate_parameter"


def misspelled(ticket, sent, source):
    name = source.choice(list(sent.parts))
    sent.parts[name.lower()] = sent.parts.pop(name)
    return "malformed_credential"


def both_policies(ticket, sent, source):
    sent.parts |= {"Policy": tickets.encode(ticket.policy.encode()), "Expires": str(NOW + 60)}
    return "malformed_credential"


KINDS = [
    path,
    query,
    host,
    scheme,
    expiry,
    policy,
    signature,
    key_id,
    other_key,
    hash_algorithm,
    address,
    ip_range,
    late,
    early,
    twice,
    misspelled,
    both_policies,
]


@dataclasses.dataclass(frozen=True)
class Fetched:
    """A signed URL as it is."""

    url: str
    now: int

    def request(self):
        return {"url": self.url, "headers": {}, "client_ip": None, "now": self.now}


def prove(core, sent):
    keys = tickets.keys_of_policy()
    return core("prove", method="GET", keys=keys, secrets={}, **sent.request())


def plain(**fields):
    base = tickets.Ticket(
        key=tickets.keys()[0],
        url="https://media.example/users/alice/a.jpg",
        resource=None,
        expires_at=NOW + 60,
        starts_at=None,
        ip_range=None,
        client_ip=None,
        in_cookies=False,
    )
    return dataclasses.replace(base, **fields)


def changed(text, place, source, alphabet):
    character = source.choice([each for each in alphabet if each != text[place]])
    return text[:place] + character + text[place + 1 :]
