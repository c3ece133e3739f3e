"""PyJWT as the other implementation of signed JSON Web Tokens: claims and headers, by HS256."""

import base64
import json
import random
import string

import jwt
import pytest

NOW = 1_800_000_000
ISSUER = "https://app.example"
AUDIENCE = "cloakroom"
KID = "users"
SECRET = "a secret of the tests that is long enough for HS256"
COUNT = 300
_ALPHABET = string.ascii_letters + string.digits + "-_"

each_token = pytest.mark.parametrize("index", range(COUNT))


@each_token
def test_core_verifies_what_pyjwt_signs(core, index):
    claims = random_claims(index)
    answer = verify(core, encode(claims))
    assert answer["ok"], answer


@each_token
def test_pyjwt_verifies_what_core_signs(core, index):
    claims = random_claims(index)
    token = core("jwt_sign", secret=SECRET, kid=KID, claims=claims)["token"]
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    read = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER, options=options
    )
    assert read == claims
    assert jwt.get_unverified_header(token)["kid"] == KID
    assert verify(core, token)["ok"]


@each_token
def test_one_changed_character_is_refused(core, index):
    """Also in the last character, whose spare bits a lax decoder would ignore."""
    source = random.Random(f"jwt tamper {index}")
    token = encode(random_claims(index))
    places = [place for place, character in enumerate(token) if character != "."]
    place = places[-1] if index % 10 == 0 else source.choice(places)
    character = source.choice(_ALPHABET.replace(token[place], ""))
    assert not verify(core, token[:place] + character + token[place + 1 :])["ok"]


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_another_algorithm_is_refused(core, algorithm):
    token = jwt.encode(
        random_claims(0), None if algorithm == "none" else SECRET * 2, algorithm, {"kid": KID}
    )
    assert not verify(core, token, secret=SECRET * 2)["ok"]


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "hs256", "RS256", "ES256", "", None])
def test_the_token_does_not_choose_the_algorithm(core, algorithm):
    """The header names another algorithm; the signature is a correct HS256 of what is sent."""
    token = hand_made({"alg": algorithm, "typ": "JWT", "kid": KID}, random_claims(0))
    assert not verify(core, token)["ok"]


def test_none_without_signature_is_refused(core):
    token = hand_made({"alg": "none", "kid": KID}, random_claims(0))
    assert not verify(core, token.rpartition(".")[0] + ".")["ok"]


def test_the_hand_made_token_is_accepted_with_the_right_algorithm(core):
    answer = verify(core, hand_made({"alg": "HS256", "typ": "JWT", "kid": KID}, random_claims(0)))
    assert answer["ok"], answer


def test_critical_extension_is_refused(core):
    header = {"alg": "HS256", "kid": KID, "crit": ["exp"], "exp": NOW + 60}
    assert not verify(core, hand_made(header, random_claims(0)))["ok"]


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("exp", NOW - 3600),
        ("exp", None),
        ("exp", str(NOW + 3600)),
        ("nbf", NOW + 3600),
        ("iss", "https://other.example"),
        ("iss", None),
        ("aud", "other"),
        ("aud", ["other"]),
        ("aud", []),
        ("aud", None),
        ("sub", None),
        ("sub", ""),
    ],
)
def test_claim(core, claim, value):
    claims = random_claims(0) | {claim: value}
    if value is None:
        del claims[claim]
    answer = verify(core, hand_made({"alg": "HS256", "kid": KID}, claims))
    assert not answer["ok"]
    assert answer["reason"]


def test_another_secret_or_kid_is_refused(core):
    claims = random_claims(0)
    assert not verify(core, encode(claims), secret=SECRET + "x")["ok"]
    assert not verify(core, jwt.encode(claims, SECRET, "HS256", {"kid": "other"}))["ok"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda token: "",
        lambda token: "..",
        lambda token: token.rpartition(".")[0],
        lambda token: token + ".e30",
        lambda token: token + "=",
        lambda token: token.replace(".", "..", 1),
        lambda token: token.rpartition(".")[0] + ".",
    ],
)
def test_malformed_token(core, edit):
    assert not verify(core, edit(encode(random_claims(0))))["ok"]


def random_claims(index):
    source = random.Random(f"jwt {index}")
    claims = {
        "iss": ISSUER,
        "sub": source.choice(["alice", "bob", "Zoë", "用户", 'quote"back\\slash', "a/b"]),
        "aud": source.choice([AUDIENCE, [AUDIENCE], ["other", AUDIENCE]]),
        "exp": NOW + source.randrange(1, 10**6),
    }
    optional = {
        "nbf": NOW - source.randrange(10**6),
        "iat": NOW - source.randrange(10**6),
        "jti": "".join(source.choices(_ALPHABET, k=20)),
        "roles": ["reader", {"nested": [1, 2.5, None, True]}],
        "name": "🧥 " + "x" * source.randrange(500),
    }
    for name in source.sample(sorted(optional), source.randrange(len(optional))):
        claims[name] = optional[name]
    return claims


def encode(claims):
    return jwt.encode(claims, SECRET, "HS256", {"kid": KID})


def hand_made(header, claims):
    """A token whose header PyJWT would not write, signed by PyJWT's HS256."""
    parts = [base64url(json.dumps(part).encode()) for part in (header, claims)]
    hs256 = jwt.get_algorithm_by_name("HS256")
    key = hs256.prepare_key(SECRET)
    return ".".join([*parts, base64url(hs256.sign(".".join(parts).encode(), key))])


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def verify(core, token, secret=SECRET):
    return core(
        "jwt_verify",
        token=token,
        now=NOW,
        kid=KID,
        secret=secret,
        issuer=ISSUER,
        audience=AUDIENCE,
    )
