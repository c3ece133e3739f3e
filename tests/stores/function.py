"""The upload function, with every store for it to sign for: `cargo xtask dev --policy`."""

import contextlib
import json

import dev_system
from behind import BUCKET, SWIFT_KEY
from random_requests import Credentials
from s3 import S3
from wire import send

MEBIBYTE = 1024 * 1024
MAX = 12 * MEBIBYTE
LARGE = {"min": 0, "max": 200 * MEBIBYTE}

# Whoever may PUT can have Ceph 16.2 copy other objects: it takes headers that were not signed.
LACKS_OF_CEPH = ["signed_headers", "checksum"]


class Function:
    """The function. `ask` sends as a user, whose token it has."""

    def __init__(self, running):
        self.running = running
        self.store = running["store"]

    def ask(self, method, path, body=None, user="alice"):
        headers = {"content-type": "application/json"}
        if user:
            headers["authorization"] = f"Bearer {self.running['users'][user]}"
        encoded = b"" if body is None else json.dumps(body).encode()
        return send(method, self.running["uploads"] + path, headers, encoded)

    def order(self, rule, **fields):
        """An upload that is issued."""
        order = {"rule": rule, "filename": "a b.bin", "content_type": "application/x-a", **fields}
        answer = self.ask("POST", "/uploads", order)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def go_on(self, upload, method, step, body=None, user="alice"):
        """The status of a step, and what it says."""
        answer = self.ask(method, f"/uploads/{upload['id']}{step}", body, user)
        return answer.status, json.loads(answer.body or b"{}")

    def owners(self, core, swift, ceph):
        """Who may look into each store."""
        key = self.running["keys"]["store"]
        credentials = Credentials(key["access_key_id"], key["secret_access_key"], None)
        embedded = S3(core, self.store, "us-east-1", credentials)
        own = {"embedded": embedded, "swift": swift.owner, "swift-s3": swift.owner}
        return {**own, "ceph": ceph.owner}

    def confirm(self, upload):
        return self.go_on(upload, "POST", "/confirm")

    def invoke(self, event):
        """Gives it an event. Nothing, or what it says when it fails."""
        answer = send("POST", self.running["invoke"] + "/", {}, json.dumps(event).encode())
        assert answer.status == 200, answer
        return (json.loads(answer.body) or {}).get("errorMessage")


def put(upload, body, change=None, without=()):
    """Sends a body where the upload says, perhaps with other headers."""
    headers = {**upload.get("headers", {}), **(change or {})}
    for name in without:
        del headers[name]
    return send("PUT", upload["url"], headers, body)


def post(upload, files, change=None, without=(), before=True):
    """Sends a form with the files, each of a name and its bytes, behind its fields."""
    boundary = "a-boundary-that-is-in-no-file"
    fields = {**upload["fields"], **(change or {})}
    for name in without:
        del fields[name]
    lines = []
    for name, value in fields.items():
        lines.append(f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}')
    parts = [f"{line}\r\n".encode() for line in lines]
    sent = [
        f"--{boundary}\r\ncontent-disposition: form-data; "
        f'name="file"; filename="{name}"\r\ncontent-type: text/html\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in files
    ]
    body = b"".join([*parts, *sent] if before else [*sent, *parts])
    body += f"--{boundary}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return send("POST", upload["url"], headers, body)


@contextlib.contextmanager
def running(folder, swift, ceph, notify=None, hook_secrets=None):
    """The function, for the embedded store of `cargo xtask dev`, Swift and Ceph.

    Every rule says `notify`, whose secrets are `hook_secrets`.
    """
    secrets = {
        **(hook_secrets or {}),
        "SWIFT_ID": swift.owner.credentials.access_key_id,
        "SWIFT_SECRET": swift.owner.credentials.secret_access_key,
        "CEPH_ID": ceph.owner.credentials.access_key_id,
        "CEPH_SECRET": ceph.owner.credentials.secret_access_key,
        "TEMPURL_KEY": SWIFT_KEY,
    }

    def make_policy(store, app, edge):
        stores = {
            "embedded": s3("STORE_ACCESS_KEY_ID", "STORE_SECRET_ACCESS_KEY", store),
            "swift-s3": s3("SWIFT_ID", "SWIFT_SECRET", swift.endpoint),
            "ceph": {**s3("CEPH_ID", "CEPH_SECRET", ceph.endpoint), "lacks": LACKS_OF_CEPH},
            "swift": {
                "kind": "swift",
                "endpoint": swift.endpoint,
                "account": "AUTH_test",
                "keys": ["TEMPURL_KEY"],
            },
        }
        document = policy(stores, app, edge)
        for rule in document["uploads"].values() if notify else ():
            rule["notify"] = notify
        return document

    with dev_system.running(folder, make_policy, secrets) as said:
        yield Function(said)


def s3(access_key_id, secret, endpoint):
    return {
        "kind": "s3",
        "endpoint": endpoint,
        "region": "us-east-1",
        "addressing": "path",
        "credentials": {"access_key_id": access_key_id, "secret_access_key": secret},
    }


def policy(stores, app, edge):
    app_key = {"dialect": "sigv4", "secret": "EDGE_SECRET_ACCESS_KEY", "principal": "every-owner"}
    users = {"dialect": "jwt", "algorithm": "HS256", "secret": "USERS_JWT_SECRET"}
    users |= {"issuer": app, "audience": "cloakroom", "principal": {"claim": "sub"}}
    # Browsers send larger files than is tried of the limits.
    for_pages = {"size": LARGE, "read": {"url": edge, "key": "CLOAKROOMDEVEDGE"}}
    return {
        "version": 1,
        "stores": stores,
        "keys": {"CLOAKROOMDEVEDGE": app_key, "users": users},
        "routes": {name: route(name) for name in stores},
        "uploads": {
            **{name: rule(name, app) for name in stores},
            **{f"{name}-brief": {**rule(name, app), "expires_in": 1} for name in stores},
            # Of a bucket whose owner owns everything in it.
            "embedded-acl": {**rule("embedded", app), "stored_as": {"acl": "public-read"}},
            "ceph-web": {**rule("ceph", app), **for_pages},
            "ceph-large": {**rule("ceph", app, ["multipart"]), **for_pages},
            "swift-web": {**rule("swift", app), **for_pages},
        },
    }


def bucket_of(name):
    """The embedded store is the one that development has, with its bucket."""
    return "media" if name == "embedded" else BUCKET


def route(name):
    access = [{"keys": "users/{owner}/*", "acl": "private"}]
    return {"path": f"/{name}/", "store": name, "bucket": bucket_of(name), "access": access}


def rule(name, app, only=None):
    kinds, unenforced = only or ["put", "multipart"], []
    if name in ("embedded", "ceph") and not only:
        kinds, unenforced = [*kinds, "form"], ["create_only"]
    if name == "ceph":
        unenforced = [*unenforced, "signed_headers"]
    if name == "swift":
        kinds = ["put", "form"]
        unenforced = ["signed_headers", "size", "create_only", "content_type"]
    rule = {
        "route": name,
        "kinds": kinds,
        "key": "users/{principal}/{random}/{filename}",
        "content_types": ["application/*", "image/*"],
        "size": {"min": 0, "max": MAX},
        "part_size": 5 * MEBIBYTE,
        "read": {"url": app, "key": "CLOAKROOMDEVEDGE"},
        "seal_secret": "UPLOADS_SEAL_SECRET",
        "cors": {"allow_origins": [app]},
    }
    return {**rule, "unenforced": unenforced} if unenforced else rule
