"""Stores behind one edge: how the policy names them, and how their objects get there."""

import dataclasses
import hmac
import time

from edge import Edge, EmbeddedStore, Recorder
from random_requests import Credentials, encode
from s3 import S3
from swift_api import SwiftUser
from wire import send

BUCKET = "tickets"
ARCHIVE = "archive"
SWIFT_KEY = "the account's second TempURL key"
SECRETS = {
    "EMBEDDED_ID": EmbeddedStore.access_key_id,
    "EMBEDDED_SECRET": EmbeddedStore.secret_access_key,
    "SWIFT_ID": "test:owner",
    "SWIFT_SECRET": "owning",
    "WRONG_TEMPURL_KEY": "a key that the account has no more",
    "TEMPURL_KEY": SWIFT_KEY,
    "APP_SECRET": "the-secret-of-the-app-of-at-least-32-bytes",
}


@dataclasses.dataclass(frozen=True)
class Behind:
    """A store behind the edge. `direct` asks the store itself, with a signature of its own."""

    name: str
    owner: S3
    recorder: Recorder

    def put(self, key, body, headers=None):
        answer = self.owner.request("PUT", self.owner.url(BUCKET, key), headers, body)
        assert answer.accepted, answer

    def delete(self, key):
        assert self.owner.request("DELETE", self.owner.url(BUCKET, key)).accepted

    def direct(self, method, key, headers=()):
        """The store's own answer to the same question, signed as the edge signs."""
        if self.name == "swift":
            return send(method, self._tempurl(key), headers)
        return self.owner.request(method, self.owner.url(BUCKET, key), dict(headers))

    def _tempurl(self, key):
        path = f"/v1/AUTH_test/{BUCKET}/{key}"
        expires = int(time.time()) + 300
        signed = hmac.digest(SWIFT_KEY.encode(), f"GET\n{expires}\n{path}".encode(), "sha256")
        query = f"temp_url_sig={signed.hex()}&temp_url_expires={expires}"
        return f"{self.owner.endpoint}{encode(path, '/')}?{query}"


class System:
    """The edge, the stores behind it, and one that is going to be stopped."""

    def __init__(self, core, stack, folder, swift, ceph):
        enter = stack.enter_context
        self.stopping = enter(EmbeddedStore(folder / "stopping"))
        embedded = enter(EmbeddedStore(folder / "embedded"))
        credentials = Credentials(embedded.access_key_id, embedded.secret_access_key, None)
        owners = {
            "embedded": S3(core, embedded.endpoint, embedded.region, credentials),
            "swift": swift.owner,
            "swift-s3": swift.owner,
            "ceph": ceph.owner,
        }
        owners["embedded"].create_bucket(BUCKET)
        self.primary = dataclasses.replace(owners["embedded"], endpoint=self.stopping.endpoint)
        self.primary.create_bucket(BUCKET)
        self.archive = SwiftUser.sign_in(swift.endpoint, "test:owner", "owning")
        key = {"X-Account-Meta-Temp-URL-Key-2": SWIFT_KEY}
        assert self.archive.request("POST", self.archive.account, key).accepted
        assert self.archive.request("PUT", f"{self.archive.account}/{ARCHIVE}").accepted
        self.behind = {
            name: Behind(name, owner, enter(Recorder(owner.endpoint)))
            for name, owner in owners.items()
        }
        self.secrets = {
            **SECRETS,
            "CEPH_ID": ceph.owner.credentials.access_key_id,
            "CEPH_SECRET": ceph.owner.credentials.secret_access_key,
        }
        self.edge = enter(self.new_edge())

    def new_edge(self):
        """An edge that knows nothing of the stores yet."""
        return Edge(self._policy(), self.secrets)

    def _policy(self):
        at = {name: store.recorder.endpoint for name, store in self.behind.items()}
        stores = {
            "embedded": s3("EMBEDDED", at["embedded"]),
            "swift": {
                "kind": "swift",
                "endpoint": at["swift"],
                "account": "AUTH_test",
                "keys": ["WRONG_TEMPURL_KEY", "TEMPURL_KEY"],
            },
            "swift-s3": s3("SWIFT", at["swift-s3"]),
            "ceph": s3("CEPH", at["ceph"]),
            "stopping": s3("EMBEDDED", self.stopping.endpoint),
        }
        # Whoever is redirected cannot try the second key.
        stores["swift-sent"] = {**stores["swift"], "keys": ["TEMPURL_KEY"]}
        routes = {name: route(name, name) for name in self.behind}
        for name in self.behind:
            routes[f"{name}-cached"] = route(f"{name}-cached", name, cache={"ttl": 300})
            sent = "swift-sent" if name == "swift" else name
            routes[f"{name}-sent"] = route(f"{name}-sent", sent, deliver="redirect")
        archive = {"store": "swift", "bucket": ARCHIVE}
        for name in self.behind:
            # As clients of Swift ask: account and container.
            routes[f"{name}-swift"] = {**route(name, name), "path": f"/v1/AUTH_app/{name}/"}
        routes["moving"] = route("moving", "embedded", fallback=archive)
        routes["stopping"] = route("stopping", "stopping", fallback=archive)
        return {
            "version": 1,
            "stores": stores,
            "keys": {
                "APP": {"dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner"},
                "app:swift": {
                    "dialect": "swift",
                    "secret": "APP_SECRET",
                    "principal": "every-owner",
                    "path": "/v1/AUTH_app/",
                },
            },
            "routes": routes,
        }

    def get(self, store, key, headers=(), method="GET"):
        """Asks the edge."""
        return send(method, f"{self.edge.endpoint}/{store}/{encode(key, '/')}", headers)

    def archived(self, key, body):
        """Puts an object where the fallbacks look."""
        path = f"{self.archive.account}/{ARCHIVE}/{key}"
        assert self.archive.request("PUT", path, body=body).accepted


def s3(prefix, endpoint):
    return {
        "kind": "s3",
        "endpoint": endpoint,
        "region": "us-east-1",
        "addressing": "path",
        "credentials": {
            "access_key_id": f"{prefix}_ID",
            "secret_access_key": f"{prefix}_SECRET",
        },
    }


def route(name, store, **options):
    access = [{"keys": "private/*", "acl": "private"}, {"keys": "*", "acl": "public-read"}]
    return {"path": f"/{name}/", "store": store, "bucket": BUCKET, "access": access, **options}
