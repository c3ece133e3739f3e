"""A site to decide about: its keys in every dialect, its policy, the objects in its store."""

import dataclasses
import json
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

BUCKET = "media"
ACCOUNT = "/v1/AUTH_shop/"

OBJECTS = [
    "public/a.jpg",
    "public/odd name+%.jpg",
    "public/été/a.jpg",
    "members/a.jpg",
    "users/alice/a.jpg",
    "users/alice/clips/1.ts",
    "users/alice/clips/2.ts",
    "users/bob/a.jpg",
    "shared/a.jpg",
    "open/a.jpg",
    "embed/a.jpg",
    "group/a.jpg",
    "other.jpg",
]


@dataclasses.dataclass(frozen=True)
class KeyPair:
    """A private key of `cryptography`, and the public one as policies have it."""

    private: object

    @property
    def public_pem(self):
        return (
            self.private.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )


@dataclasses.dataclass(frozen=True)
class Site:
    """Everything that signs, and what verifies it."""

    secrets: dict
    rsa: KeyPair
    other_rsa: KeyPair
    p256: KeyPair
    ed25519: KeyPair

    def policy(self, store_url, origin, _edge):
        access = [
            {"keys": "public/*", "acl": "public-read"},
            {"keys": "members/*", "acl": "authenticated-read"},
            {"keys": "users/{owner}/*", "acl": "private"},
            {"keys": "shared/*", "grants": [{"to": {"user": "bob"}, "permission": "READ"}]},
            {"keys": "open/*", "grants": [{"to": "all-users", "permission": "READ"}]},
            {"keys": "embed/*", "swift": {"read": ".r:.friend.example,.r:-bad.friend.example"}},
            {"keys": "group/*", "swift": {"read": "acme:carol,staff"}},
        ]
        cors = {"allow_origins": [origin]}
        route = {"store": "main", "bucket": BUCKET, "access": access, "cors": cors}
        routes = {
            "media": {"path": "/media/", **route},
            "swift": {"path": f"{ACCOUNT}{BUCKET}/", **route},
            "hidden": {"path": "/hidden/", "hide": "not-found", **route},
            "site": {
                **route,
                "path": "/site/",
                "location": "users/alice/",
                "index": "a.jpg",
                "access": [{"keys": "users/{owner}/*", "acl": "private"}],
            },
        }
        return {
            "version": 1,
            "stores": {
                "main": {
                    "kind": "s3",
                    "endpoint": store_url,
                    "region": "us-east-1",
                    "addressing": "path",
                    "credentials": {
                        "access_key_id": "STORE_ACCESS_KEY_ID",
                        "secret_access_key": "STORE_SECRET_ACCESS_KEY",
                    },
                }
            },
            "keys": self.keys(),
            "routes": routes,
            "uploads": {
                name: {
                    "route": name,
                    "key": "users/{principal}/{random}/{filename}",
                    "content_types": ["*/*"],
                    "size": {"max": 1000},
                    "read": {"url": "https://media.example", "key": "APPKEY"},
                    "seal_secret": "UPLOADS_SEAL_SECRET",
                }
                for name in routes
            },
        }

    def keys(self):
        every, alice = "every-owner", {"user": "alice"}
        sigv4 = {"dialect": "sigv4"}
        jwt = {"dialect": "jwt", "principal": {"claim": "sub"}}
        cloudfront = {"dialect": "cloudfront", "principal": every}
        edgeauth = {"dialect": "edgeauth", "principal": every}
        tempurl = {"dialect": "tempurl", "principal": every}
        return {
            "APPKEY": {**sigv4, "secret": "APP_SECRET", "principal": every},
            "ALICEKEY": {**sigv4, "secret": "ALICE_SECRET", "principal": alice},
            "EUKEY": {**sigv4, "secret": "EU_SECRET", "principal": every, "region": "eu-west-1"},
            "TEMPKEY": {
                **sigv4,
                "secret": "TEMP_SECRET",
                "principal": every,
                "session_token": "TEMP_TOKEN",
            },
            "account": {
                **tempurl,
                "secret": "ACCOUNT_SECRET",
                "path": ACCOUNT,
                "digests": ["sha1", "sha256", "sha512"],
            },
            "container": {**tempurl, "secret": "CONTAINER_SECRET", "path": f"{ACCOUNT}{BUCKET}/"},
            "elsewhere": {**tempurl, "secret": "ELSEWHERE_SECRET", "path": f"{ACCOUNT}other/"},
            "K-RSA1": {**cloudfront, "algorithm": "RSA-SHA1", "public_key": self.rsa.public_pem},
            "K-RSA256": {
                **cloudfront,
                "algorithm": "RSA-SHA256",
                "public_key": self.rsa.public_pem,
            },
            "K-EC256": {
                **cloudfront,
                "algorithm": "ECDSA-SHA256",
                "public_key": self.p256.public_pem,
            },
            "K-ALICE": {
                **cloudfront,
                "algorithm": "RSA-SHA1",
                "public_key": self.rsa.public_pem,
                "principal": alice,
            },
            "akamai": {**edgeauth, "secret": "AKAMAI_KEY", "token_name": "hdnts"},
            "akamai-next": {**edgeauth, "secret": "AKAMAI_NEXT_KEY", "token_name": "hdnts"},
            "akamai-salt": {
                **edgeauth,
                "secret": "AKAMAI_KEY",
                "salt": "AKAMAI_SALT",
                "token_name": "hdntl",
                "escape_early": True,
            },
            "users": {
                **jwt,
                "algorithm": "HS256",
                "secret": "JWT_SECRET",
                "issuer": "app",
                "audience": "cloakroom",
                "cookie": "session",
            },
            "rs": {**jwt, "algorithm": "RS256", "public_key": self.rsa.public_pem},
            "es": {**jwt, "algorithm": "ES256", "public_key": self.p256.public_pem},
            "ed": {**jwt, "algorithm": "EdDSA", "public_key": self.ed25519.public_pem},
            "shop:alice": {
                "dialect": "swift",
                "secret": "SHOP_ALICE_KEY",
                "path": ACCOUNT,
                "principal": alice,
            },
        }


def make_site():
    names = [
        *("APP_SECRET", "ALICE_SECRET", "EU_SECRET", "TEMP_SECRET", "TEMP_TOKEN"),
        *("ACCOUNT_SECRET", "CONTAINER_SECRET", "ELSEWHERE_SECRET"),
        *("AKAMAI_KEY", "AKAMAI_NEXT_KEY", "AKAMAI_SALT", "JWT_SECRET", "UPLOADS_SEAL_SECRET"),
        "SHOP_ALICE_KEY",
    ]
    rsa_key = lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Site(
        secrets={name: secrets.token_hex(32) for name in names},
        rsa=KeyPair(rsa_key()),
        other_rsa=KeyPair(rsa_key()),
        p256=KeyPair(ec.generate_private_key(ec.SECP256R1())),
        ed25519=KeyPair(ed25519.Ed25519PrivateKey.generate()),
    )


def as_text(policy):
    return json.dumps(policy)
