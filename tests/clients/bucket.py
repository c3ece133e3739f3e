"""What is in the store, and who may see which of it."""

import secrets

BUCKET = "media"

# What each rule is for, and to whom listings show it.
ACCESS = [
    {"keys": "public/*", "acl": "public-read", "list": ["all-users"]},
    {"keys": "unlisted/*", "acl": "public-read"},
    {"keys": "members/*", "acl": "authenticated-read", "list": ["authenticated-users"]},
    {"keys": "users/{owner}/*", "acl": "private", "list": ["owner"]},
]

# Names that URLs, XML, shells or clients like to get wrong.
ODD = [
    "public/odd/ leading and trailing ",
    "public/odd/a&b<c>\"'.txt",
    "public/odd/back\\slash",
    "public/odd/hash#mark",
    "public/odd/per%cent%2F%41",
    "public/odd/plus+and space",
    "public/odd/question?mark=1&x",
    "public/odd/semi;colon:comma,",
    "public/odd/~tilde*(bang)!'$@",
    "public/odd/été/日本語.txt",
    "public/odd/é-decomposed-e\u0301",
    "public/odd/emoji-😀.txt",
    "public/odd/{braces}[brackets]",
]

# Names that are no names of files.
UNFILED = ["public/slashes//double", "public/slashes/end/"]

PUBLIC = sorted([*ODD, *UNFILED, *(f"public/many/{n:04}" for n in range(30))])
MEMBERS = ["members/plan.txt"]
ALICE = ["users/alice/a.txt", "users/alice/deep/er/b.txt"]
BOB = ["users/bob/secret.txt", *(f"users/bob/{n}" for n in range(20))]
UNSEEN = ["other.txt", "unlisted/a.txt"]

OBJECTS = sorted([*PUBLIC, *MEMBERS, *ALICE, *BOB, *UNSEEN])

#: Who sees what. `None` presents no credential.
SEEN = {
    "APPKEY": OBJECTS,
    "ALICEKEY": sorted([*PUBLIC, *MEMBERS, *ALICE]),
    "BOBKEY": sorted([*PUBLIC, *MEMBERS, *BOB]),
    None: PUBLIC,
}

SECRETS = {f"{name}_SECRET": secrets.token_hex(32) for name in ["APP", "ALICE", "BOB", "USERS"]}


def secret_of(key):
    return SECRETS[key.removesuffix("KEY") + "_SECRET"]


def content(key):
    return f"the content of {key}".encode()


def folders_and_files(keys, prefix, delimiter="/"):
    """What a listing shows of keys that are put together."""
    folders, files = set(), []
    for key in keys:
        if key.startswith(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter)
            if found:
                folders.add(prefix + head + found)
            else:
                files.append(key)
    return sorted(folders), files


def policy(store_url):
    def key(name, principal):
        return {"dialect": "sigv4", "secret": f"{name}_SECRET", "principal": principal}

    def user(name, principal):
        path = {"path": "/v1/AUTH_acme/"}
        return {"dialect": "swift", "secret": f"{name}_SECRET", "principal": principal, **path}

    route = {"store": "main", "bucket": BUCKET}
    located = [{**rule, "keys": f"site/{rule['keys']}"} for rule in ACCESS]
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
        "keys": {
            "APPKEY": key("APP", "every-owner"),
            "ALICEKEY": key("ALICE", {"user": "alice"}),
            "BOBKEY": key("BOB", {"user": "bob"}),
            "users": {
                "dialect": "jwt",
                "algorithm": "HS256",
                "secret": "USERS_SECRET",
                "principal": {"claim": "sub"},
            },
            "acme:app": user("APP", "every-owner"),
            "acme:alice": user("ALICE", {"user": "alice"}),
            "acme:bob": user("BOB", {"user": "bob"}),
        },
        "routes": {
            "media": {"path": "/media/", "access": ACCESS, **route},
            # The same objects at another place of the store.
            "files": {"path": "/files/", "location": "site/", "access": located, **route},
            # s3fs takes a 403 for an answer, and asks for objects that are called as folders.
            "mount": {
                "path": "/mount/",
                "location": "site/",
                "access": located,
                "hide": "not-found",
                **route,
            },
            "private": {"path": "/private/", "location": "none/", **route},
            # Containers of an account, for clients of Swift.
            "photos": {"path": "/v1/AUTH_acme/photos/", "access": ACCESS, **route},
            "album": {
                "path": "/v1/AUTH_acme/album/",
                "location": "site/",
                "access": located,
                **route,
            },
            "vault": {"path": "/v1/AUTH_acme/vault/", "location": "none/", **route},
        },
        # Only because the function, which is part of the system, has to have one.
        "uploads": {
            "media": {
                "route": "media",
                "key": "users/{principal}/{random}/{filename}",
                "content_types": ["*/*"],
                "size": {"max": 1000},
                "read": {"url": "https://media.example", "key": "APPKEY"},
                "seal_secret": "UPLOADS_SEAL_SECRET",
            }
        },
    }
