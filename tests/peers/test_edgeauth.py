"""Akamai's own library as the other implementation of EdgeAuth tokens 2.0."""

import dataclasses
import random

import pytest

import random_tokens
from random_tokens import NOW

ORIGIN = "https://media.example"

each_case = pytest.mark.parametrize("index", range(random_tokens.COUNT))


@each_case
def test_core_verifies_what_the_library_signs(core, index):
    case = random_tokens.case(index)
    for encoding, value in random_tokens.encodings(case.place, case.token()).items():
        answer = prove(core, case, value)
        assert answer["ok"], (encoding, value, answer)
        assert answer["key_id"] == "k"
        assert answer["expires_at"] == case.expires_at


@each_case
def test_core_signs_what_the_library_signs(core, index):
    case = random_tokens.case(index)
    fields = dataclasses.asdict(case) | {"url": case.path if case.acl is None else None}
    assert core("edgeauth_sign", **fields) == {"token": case.token()}


@each_case
def test_a_changed_field_is_refused(core, index):
    """Each field of the token in turn: one character of it becomes another of its kind."""
    case = random_tokens.case(index)
    source = random.Random(f"edgeauth tamper {index}")
    fields = [field.split("=", 1) for field in case.token().split("~")]
    for place, (name, value) in enumerate(fields):
        changed = change(name, value, source)
        token = "~".join(
            f"{name}={changed if at == place else value}" for at, (name, value) in enumerate(fields)
        )
        for encoding, sent in random_tokens.encodings(case.place, token).items():
            assert refusal(core, case, sent) == "signature_mismatch", (name, encoding, sent)


@each_case
def test_another_path_is_refused(core, index):
    """Unless the ACL opens that one, too."""
    case = random_tokens.case(index)
    value = any_encoding(case)
    for path in random_tokens.other_paths(case, random.Random(f"edgeauth path {index}")):
        if case.acl is None:
            expected = "signature_mismatch"
        else:
            expected = None if random_tokens.opens(case.acl, path) else "wrong_resource"
        assert refusal(core, dataclasses.replace(case, path=path), value) == expected, path


@each_case
def test_another_viewer_or_time_is_refused(core, index):
    case = random_tokens.case(index)
    value = any_encoding(case)
    assert refusal(core, case, value, now=case.expires_at) is None
    assert refusal(core, case, value, now=case.expires_at + 1) == "expired"
    if case.starts_at is not None:
        assert refusal(core, case, value, now=case.starts_at) is None
        assert refusal(core, case, value, now=case.starts_at - 1) == "not_yet_valid"
    for address in ["192.0.2.77", "2001:db8::ffff:2", None]:
        expected = "wrong_address" if case.ip else None
        assert refusal(core, case, value, client_ip=address) == expected


@each_case
def test_another_key_is_refused(core, index):
    case = random_tokens.case(index)
    value = any_encoding(case)
    algorithm = {"sha256": "sha1", "sha1": "md5", "md5": "sha256"}[case.algorithm]
    for other, reason in [
        (dataclasses.replace(case, key=case.key + "01"), "signature_mismatch"),
        (dataclasses.replace(case, salt=(case.salt or "") + "x"), "signature_mismatch"),
        (dataclasses.replace(case, algorithm=algorithm), "wrong_algorithm"),
        (dataclasses.replace(case, name="other"), "no_credential"),
    ]:
        answer = prove(core, case, value, key=other)
        assert (answer["ok"], answer.get("reason")) == (False, reason)


@pytest.mark.parametrize(
    ("fields", "token"),
    [
        (
            {"key": "abc123", "starts_at": 1616545627, "expires_at": 1616545657, "acl": ["/foo"]},
            "st=1616545627~exp=1616545657~acl=/foo"
            "~hmac=ba0d665ffc7c80159d08e1a9a143ed345bc2f3e374f8af73248ff67fb087a420",
        ),
        (
            {
                "key": "52a152a152a152a152a152a152a1",
                "starts_at": 1500000000,
                "expires_at": 1500003600,
                "url": "/akamai/edgeauth",
            },
            "st=1500000000~exp=1500003600"
            "~hmac=9afc768739f1d74a48f923971ef39c0f987b6796ff4a8835b98e20153c342f1f",
        ),
    ],
)
def test_published_answers(core, fields, token):
    answer = core("edgeauth_sign", algorithm="sha256", escape_early=False, **fields)
    assert answer == {"token": token}


def any_encoding(case):
    return next(iter(random_tokens.encodings(case.place, case.token()).values()))


def change(name, value, source):
    if name == "ip":
        # Still an address.
        return value[:-1] + other("0123456789", value[-1], source)
    if name == "acl":
        return value.replace("/", "//", 1)
    if name in ("id", "data"):
        # It begins with a letter that stands for itself.
        return other("abcdefgh", value[0], source) + value[1:]
    place = source.randrange(len(value))
    characters = "0123456789abcdef" if name == "hmac" else "0123456789"
    return value[:place] + other(characters, value[place], source) + value[place + 1 :]


def other(characters, than, source):
    return source.choice(characters.replace(than, ""))


def refusal(core, case, value, **sent):
    """The reason, or nothing when the request is accepted."""
    answer = prove(core, case, value, **sent)
    return None if answer["ok"] else answer["reason"]


def prove(core, case, value, key=None, now=NOW, client_ip="of the case"):
    """Sends `value` in the place of the case, to a verifier that has `key`."""
    key = key or case
    policy = {
        "dialect": "edgeauth",
        "secret": "KEY",
        "token_name": key.name,
        "algorithm": key.algorithm,
        "escape_early": key.escape_early,
        "principal": "every-owner",
    }
    if key.salt is not None:
        policy["salt"] = "SALT"
    query, headers = "", {}
    if case.place == "query":
        query = f"?a=b&{case.name}={value}"
    elif case.place == "cookie":
        headers = {"cookie": f"a=b; {case.name}={value}"}
    else:
        headers = {case.name: value}
    return core(
        "prove",
        method="GET",
        url=f"{ORIGIN}{case.path}{query}",
        headers=headers,
        now=now,
        client_ip=case.ip if client_ip == "of the case" else client_ip,
        keys={"k": policy},
        secrets={"KEY": key.key, "SALT": key.salt},
    )
