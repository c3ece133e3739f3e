"""Tickets of every dialect, made by the ecosystems' own tools.

Each function gives a `Ticket`: the target to ask for, and headers to send with it.
"""

import base64
import dataclasses
import datetime
import hmac
import urllib.parse
from unittest import mock

import jwt as pyjwt
from akamai.edgeauth import EdgeAuth
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from swiftclient.utils import generate_temp_url

HOUR = 3600


@dataclasses.dataclass(frozen=True)
class Ticket:
    target: str
    headers: tuple = ()

    def replace(self, old, new):
        """This ticket with one place changed, which must be there."""
        assert old in self.target, (old, self.target)
        return dataclasses.replace(self, target=self.target.replace(old, new, 1))

    def add(self, query):
        glue = "&" if "?" in self.target else "?"
        return dataclasses.replace(self, target=f"{self.target}{glue}{query}")

    def with_header(self, name, value):
        return dataclasses.replace(self, headers=(*self.headers, (name, value)))

    def without_header(self, name):
        kept = tuple(header for header in self.headers if header[0] != name)
        return dataclasses.replace(self, headers=kept)


class Tickets:
    """Makes tickets for one base URL, such as `https://media.example`, at one time."""

    def __init__(self, site, base, now):
        self.site, self.base, self.now = site, base, now

    def time(self, seconds):
        return datetime.datetime.fromtimestamp(self.now + seconds, datetime.timezone.utc)

    # SigV4

    def _credentials(self, key):
        name = key.removesuffix("KEY")
        token = self.site.secrets["TEMP_TOKEN"] if key == "TEMPKEY" else None
        return Credentials(key, self.site.secrets[f"{name}_SECRET"], token)

    def presigned(
        self,
        path,
        key="APPKEY",
        method="GET",
        life=HOUR,
        ago=0,
        region="us-east-1",
        query="",
        **kwargs,
    ):
        signer = S3SigV4QueryAuth(self._credentials(key), "s3", region, expires=life)
        request = AWSRequest(method=method, url=self.base + path + query, **kwargs)
        with mock.patch("botocore.auth.get_current_datetime", return_value=self.time(-ago)):
            signer.add_auth(request)
        return Ticket(request.url.removeprefix(self.base))

    def signed(self, path, key="APPKEY", method="GET", ago=0, region="us-east-1", headers=()):
        signer = S3SigV4Auth(self._credentials(key), "s3", region)
        request = AWSRequest(method=method, url=self.base + path, headers=dict(headers))
        request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
        with mock.patch("botocore.auth.get_current_datetime", return_value=self.time(-ago)):
            signer.add_auth(request)
        return Ticket(path, tuple(request.headers.items()))

    # Swift

    def tempurl(
        self,
        path,
        key="container",
        method="GET",
        life=HOUR,
        digest="sha256",
        prefix=False,
        ip=None,
        iso8601=False,
    ):
        secret = self.site.secrets[f"{key.upper()}_SECRET"]
        target = generate_temp_url(
            urllib.parse.unquote(path),
            self.now + life,
            secret,
            method,
            absolute=True,
            prefix=prefix,
            iso8601=iso8601,
            ip_range=ip,
            digest=digest,
        )
        _, query = target.split("?", 1)
        return Ticket(f"{path}?{query}")

    # CloudFront

    def _sign(self, key_pair_id, private=None):
        site, hash_ = (
            self.site,
            hashes.SHA1() if key_pair_id in ("K-RSA1", "K-ALICE") else hashes.SHA256(),
        )
        if key_pair_id.startswith("K-EC"):
            return lambda message: site.p256.private.sign(message, ec.ECDSA(hash_))
        private = private or site.rsa.private
        return lambda message: private.sign(message, padding.PKCS1v15(), hash_)

    def cloudfront(
        self, path, key="K-RSA1", life=HOUR, resource=None, starts=None, ip=None, private=None
    ):
        signer = CloudFrontSigner(key, self._sign(key, private))
        url = self.base + path
        if resource is None and starts is None and ip is None:
            signed = signer.generate_presigned_url(url, date_less_than=self.time(life))
        else:
            policy = signer.build_policy(
                resource or url,
                self.time(life),
                self.time(starts) if starts is not None else None,
                ip,
            )
            signed = signer.generate_presigned_url(url, policy=policy)
        ticket = Ticket(signed.removeprefix(self.base))
        return ticket if key in ("K-RSA1", "K-ALICE") else ticket.add("Hash-Algorithm=SHA256")

    def cloudfront_cookies(self, path, key="K-RSA1", **kwargs):
        """The parameters of a signed URL, as cookies."""
        _, query = self.cloudfront(path, key, **kwargs).target.split("?", 1)
        cookies = "; ".join(f"CloudFront-{pair}" for pair in query.split("&"))
        return Ticket(path, (("cookie", cookies),))

    # Akamai

    def edgeauth(
        self, path, key="akamai", acl=None, life=HOUR, starts=None, place="query", **kwargs
    ):
        secrets = self.site.secrets
        salted = key == "akamai-salt"
        name = "hdntl" if salted else "hdnts"
        signer = EdgeAuth(
            token_name=name,
            key=secrets["AKAMAI_NEXT_KEY" if key == "akamai-next" else "AKAMAI_KEY"],
            salt=secrets["AKAMAI_SALT"] if salted else None,
            escape_early=salted,
            start_time=None if starts is None else self.now + starts,
            end_time=self.now + life,
            **kwargs,
        )
        token = signer.generate_acl_token(acl) if acl else signer.generate_url_token(path)
        if place == "query":
            return Ticket(path).add(f"{name}={token}")
        if place == "cookie":
            return Ticket(path, (("cookie", f"theme=dark; {name}={token}"),))
        return Ticket(path, ((name, token),))

    # JWT

    def token(self, user="alice", key="users", algorithm=None, life=HOUR, headers=None, **claims):
        site = self.site
        signing = {
            "users": ("HS256", site.secrets["JWT_SECRET"]),
            "rs": ("RS256", site.rsa.private),
            "es": ("ES256", site.p256.private),
            "ed": ("EdDSA", site.ed25519.private),
        }
        usual, secret = signing[key]
        base = {"iss": "app", "aud": "cloakroom"} if key == "users" else {}
        payload = {"sub": user, "exp": self.now + life, **base, **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        return pyjwt.encode(
            payload, secret, algorithm=algorithm or usual, headers={"kid": key, **(headers or {})}
        )

    def bearer(self, path, user="alice", key="users", **kwargs):
        token = self.token(user, key, **kwargs)
        return Ticket(path, (("authorization", f"Bearer {token}"),))

    def auth_token(self, path, user="alice", key="users", header="x-auth-token", **kwargs):
        """A user's token where Swift's clients send theirs."""
        return Ticket(path, ((header, self.token(user, key, **kwargs)),))

    def swift_token(self, path, life=HOUR, secret=None, user="shop:alice"):
        """A token of the edge's own. No other tool makes one; this is written from its grammar."""
        secret = secret or self.site.secrets["SHOP_ALICE_KEY"]
        signed = f"AUTH_tk1.{base64url(user.encode())}.{self.now + life}"
        text = f"cloakroom swift token 1\n{signed}"
        mac = hmac.digest(secret.encode(), text.encode(), "sha256")
        return Ticket(path, (("x-auth-token", f"{signed}.{base64url(mac)}"),))

    def jwt_cookie(self, path, user="alice", key="users", name="session", **kwargs):
        return Ticket(path, (("cookie", f"{name}={self.token(user, key, **kwargs)}"),))


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
