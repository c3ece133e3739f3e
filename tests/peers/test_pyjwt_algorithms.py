"""PyJWT and OpenSSL as the other implementation of each algorithm of tokens.

The core reads the keys from a policy and says what to check, `crates/asymmetric` checks and signs.
Claims are seeded; keys are new for each run.
"""

import base64
import hmac
import json
import random
import string

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NOW = 1_800_000_000
SECRET = "a secret of the tests that is long enough for HS256"
COUNT = 1000
_ALPHABET = string.ascii_letters + string.digits + "-_"
_EXPONENT = 65537

# Each key's id, with what PyJWT signs with.
_PRIVATE = {
    "rs2048": ("RS256", rsa.generate_private_key(_EXPONENT, 2048)),
    "rs3072": ("RS256", rsa.generate_private_key(_EXPONENT, 3072)),
    "es": ("ES256", ec.generate_private_key(ec.SECP256R1())),
    "ed": ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
}
_IDS = ["hs", *_PRIVATE]

each_token = pytest.mark.parametrize("index", range(COUNT))
each_key = pytest.mark.parametrize("kid", _IDS)
each_public_key = pytest.mark.parametrize("kid", _PRIVATE)


@each_token
def test_core_verifies_what_pyjwt_signs(core, index):
    kid, claims = key_id(index), random_claims(index)
    answer = prove(core, encode(kid, claims))
    user, expires_at = claims["sub"], claims["exp"]
    assert answer == {"ok": True, "key_id": kid, "user": user, "expires_at": expires_at}


@each_token
def test_pyjwt_verifies_what_core_signs(core, index):
    kid, claims = key_id(index), random_claims(index)
    token = sign(core, kid, claims)
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    key = SECRET if kid == "hs" else _PRIVATE[kid][1].public_key()
    assert jwt.decode(token, key, algorithms=[algorithm(kid)], options=options) == claims
    assert jwt.get_unverified_header(token)["kid"] == kid


@each_token
def test_one_changed_character_is_refused(core, index):
    """Header, claims and signature in turn, also the spare bits of the last character."""
    source = random.Random(f"algorithms tamper {index}")
    parts = encode(key_id(index), random_claims(index)).split(".")
    at = index % 3
    place = len(parts[at]) - 1 if index % 10 == 0 else source.randrange(len(parts[at]))
    other = source.choice(_ALPHABET.replace(parts[at][place], ""))
    parts[at] = parts[at][:place] + other + parts[at][place + 1 :]
    reason = refusal(core, ".".join(parts))
    if at == 2:
        assert reason in {"token_signature_mismatch", "malformed_token"}
    else:
        # What was signed has changed, and perhaps it says something else that is wrong.
        assert reason == "malformed_token" or reason.startswith("token_")


@each_key
def test_each_change_is_refused_for_the_right_reason(core, kid):
    for change, reason in [
        (lambda header, claims: (header, claims), None),
        (lambda header, claims: (header | {"typ": "jwt"}, claims), "token_signature_mismatch"),
        (lambda header, claims: (header, claims | {"sub": "mallory"}), "token_signature_mismatch"),
        (lambda header, claims: (header, claims | {"exp": NOW}), "token_expired"),
        (lambda header, claims: (header | {"kid": "nobody"}, claims), "token_unknown_key"),
        (lambda header, claims: (header | {"crit": ["exp"]}, claims), "token_extension"),
        (lambda header, claims: (header | {"b64": False}, claims), "token_extension"),
    ]:
        header, claims, signature = encode(kid, random_claims(0)).split(".")
        parts = change(decode_part(header), decode_part(claims))
        answer = prove(core, ".".join([*map(encode_part, parts), signature]))
        assert answer.get("reason") == reason


@each_key
def test_each_byte_of_the_signature_counts(core, kid):
    rest, _, signature = encode(kid, random_claims(0)).rpartition(".")
    signature = decode_bytes(signature)
    for at in range(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 1 << at % 8
        assert refusal(core, f"{rest}.{base64url(changed)}") == "token_signature_mismatch", at
    for other in [b"", signature[1:], signature[:-1], signature + b"\0", b"\0" + signature]:
        assert refusal(core, f"{rest}.{base64url(other)}") == "token_signature_mismatch", other


@each_key
@pytest.mark.parametrize(
    "alg", ["none", "HS256", "RS256", "ES256", "EdDSA", "PS256", "rs256", None]
)
def test_the_token_does_not_choose_the_algorithm(core, kid, alg):
    if alg == algorithm(kid):
        alg = alg.swapcase()
    _, claims, signature = encode(kid, random_claims(0)).split(".")
    header = encode_part({"alg": alg, "kid": kid, "typ": "JWT"})
    assert refusal(core, f"{header}.{claims}.{signature}") == "token_algorithm"
    assert refusal(core, f"{header}.{claims}.") == "token_algorithm"


@each_public_key
def test_the_public_key_is_no_secret_of_an_hmac(core, kid):
    pem = public_pem(kid)
    for secret in [pem, pem.strip(), pem.encode().replace(b"\n", b"\r\n").decode()]:
        parts = {"alg": "HS256", "kid": kid, "typ": "JWT"}, random_claims(0)
        message = ".".join(map(encode_part, parts))
        mac = hmac.digest(secret.encode(), message.encode(), "sha256")
        assert refusal(core, f"{message}.{base64url(mac)}") == "token_algorithm"
        message = ".".join(map(encode_part, [parts[0] | {"kid": "hs"}, parts[1]]))
        mac = hmac.digest(secret.encode(), message.encode(), "sha256")
        assert refusal(core, f"{message}.{base64url(mac)}") == "token_signature_mismatch"


@each_key
@pytest.mark.parametrize("named", _IDS)
def test_the_id_of_another_key(core, kid, named):
    token = encode(kid, random_claims(0), named)
    if named == kid:
        assert prove(core, token)["ok"]
    elif algorithm(named) == algorithm(kid):
        assert refusal(core, token) == "token_signature_mismatch"
    else:
        assert refusal(core, token) == "token_algorithm"


@each_public_key
def test_a_key_that_the_token_brings_along_is_not_used(core, kid):
    name, mine = _PRIVATE[kid]
    if name == "RS256":
        other = rsa.generate_private_key(_EXPONENT, 2048)
    elif name == "ES256":
        other = ec.generate_private_key(ec.SECP256R1())
    else:
        other = ed25519.Ed25519PrivateKey.generate()
    jwk = jwt.get_algorithm_by_name(name).to_jwk(other.public_key(), as_dict=True)
    token = jwt.encode(random_claims(0), other, name, {"kid": kid, "jwk": jwk})
    assert refusal(core, token) == "token_signature_mismatch"
    harmless = jwt.encode(random_claims(0), mine, name, {"kid": kid, "jwk": jwk})
    assert prove(core, harmless)["ok"]


def test_es256_in_der_is_refused(core):
    rest, _, _ = encode("es", random_claims(0)).rpartition(".")
    der = _PRIVATE["es"][1].sign(rest.encode(), ec.ECDSA(hashes.SHA256()))
    assert refusal(core, f"{rest}.{base64url(der)}") == "token_signature_mismatch"


def key_id(index):
    return _IDS[index % len(_IDS)]


def algorithm(kid):
    return "HS256" if kid == "hs" else _PRIVATE[kid][0]


def random_claims(index):
    source = random.Random(f"algorithms {index}")
    claims = {
        "sub": source.choice(["alice", "bob", "Zoë", "用户", 'quote"back\\slash']),
        "exp": NOW + source.randrange(1, 10**6),
        "name": "🧥 " + "x" * source.randrange(300),
    }
    if source.random() < 0.5:
        claims["nbf"] = NOW - source.randrange(10**6)
    return claims


def encode(kid, claims, named=None):
    key = SECRET if kid == "hs" else _PRIVATE[kid][1]
    return jwt.encode(claims, key, algorithm(kid), {"kid": named or kid})


def sign(core, kid, claims):
    """By the core, from each form of private key in turn."""
    if kid == "hs":
        return core("jwt_sign", kid=kid, secret=SECRET, claims=claims)["token"]
    forms = [serialization.PrivateFormat.PKCS8]
    if kid != "ed":
        forms.append(serialization.PrivateFormat.TraditionalOpenSSL)
    pem = _PRIVATE[kid][1].private_bytes(
        serialization.Encoding.PEM,
        forms[len(claims["name"]) % len(forms)],
        serialization.NoEncryption(),
    )
    return core(
        "jwt_sign", kid=kid, algorithm=algorithm(kid), private_key=pem.decode(), claims=claims
    )["token"]


def public_pem(kid):
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _PRIVATE[kid][1].public_key().public_bytes(encoding, form).decode()


_KEYS = {
    kid: {"dialect": "jwt", "algorithm": name, "public_key": public_pem(kid)}
    for kid, (name, _) in _PRIVATE.items()
} | {"hs": {"dialect": "jwt", "algorithm": "HS256", "secret": "HS_SECRET"}}
for key in _KEYS.values():
    key["principal"] = {"claim": "sub"}


def prove(core, token):
    return core(
        "prove",
        keys=_KEYS,
        secrets={"HS_SECRET": SECRET},
        method="GET",
        url="https://media.example/a.jpg",
        headers={"authorization": f"Bearer {token}"},
        now=NOW,
    )


def refusal(core, token):
    answer = prove(core, token)
    assert not answer["ok"], answer
    return answer["reason"]


def encode_part(part):
    """As PyJWT writes it, so that what is not changed keeps its signature."""
    return base64url(json.dumps(part, separators=(",", ":")).encode())


def decode_part(part):
    return json.loads(decode_bytes(part))


def decode_bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
