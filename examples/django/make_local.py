#!/usr/bin/env python
"""Makes `local/`: the keys of this machine, and the policy that trusts them.

`cargo xtask dev --data local` adds its own secrets to those that are there.
"""

import json
import os
import pathlib
import secrets
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PROJECT = pathlib.Path(__file__).resolve().parent


def main(folder):
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = folder / "secrets.json"
    if made.exists():
        sys.exit(f"{made} is there already: remove it first, if you want new keys")
    rsa_key = rsa.generate_private_key(65537, 2048)
    p256_key = ec.generate_private_key(ec.SECP256R1())
    policy = json.loads((PROJECT / "policy.json").read_text())
    policy["keys"]["DJANGORSA"]["public_key"] = public_pem(rsa_key)
    policy["keys"]["DJANGOP256"]["public_key"] = public_pem(p256_key)
    (folder / "policy.json").write_text(json.dumps(policy, indent=2) + "\n")
    values = {
        "CLOUDFRONT_RSA_KEY": private_pem(rsa_key),
        "CLOUDFRONT_P256_KEY": private_pem(p256_key),
        "DJANGO_DEBUG": "1",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
    }
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file)


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "local")
