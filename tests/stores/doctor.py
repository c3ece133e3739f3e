"""`cloakroom doctor`, run as a person runs it, with all that it says searched for secrets."""

import dataclasses
import json
import os
import pathlib
import re
import subprocess

from core_process import REPOSITORY
from edge import SIGNATURE

S3_SECRETS = {"STORE_ID": "AKIADOCTOR", "STORE_SECRET": "the secret of the store/+="}
SWIFT_SECRETS = {"FIRST_KEY": "the first TempURL key", "SECOND_KEY": "the second TempURL key"}
# Those that no store has; `doctor` needs none of them.
UNSET = ("APP_SECRET", "SEAL_SECRET")


@dataclasses.dataclass(frozen=True)
class Report:
    """What was found out, and how it ended."""

    exit_status: int
    said: dict
    text: str

    @property
    def store(self):
        (store,) = self.said["stores"]
        return store

    @property
    def verdicts(self):
        return {each["clause"]: each["verdict"] for each in self.store["clauses"]}

    def finding(self, clause):
        (found,) = [each for each in self.store["clauses"] if each["clause"] == clause]
        return found

    def having(self, verdict):
        return {clause for clause, found in self.verdicts.items() if found == verdict}


class Doctor:
    def __init__(self, folder):
        self._folder = folder
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        self._program = os.environ.get("CLOAKROOM_CLI", target / "debug" / "cloakroom")

    def run(self, policy, secrets, *arguments):
        """Runs it; returns what ended, with what it wrote."""
        file = self._folder / "policy.json"
        file.write_text(json.dumps(policy))
        environment = {name: value for name, value in os.environ.items() if name not in UNSET}
        done = subprocess.run(
            [self._program, "doctor", "--policy", file, *arguments],
            env={**environment, **secrets},
            capture_output=True,
            text=True,
            timeout=120,
        )
        quiet(done.stdout + done.stderr, secrets.values())
        return done

    def examine(self, policy, secrets, *arguments):
        """What it says in both ways, which must be the same."""
        told = self.run(policy, secrets, *arguments)
        done = self.run(policy, secrets, "--json", *arguments)
        assert (done.stderr, told.stderr) == ("", "")
        assert told.returncode == done.returncode, told.stdout + done.stdout
        said = json.loads(done.stdout)
        marks = {"yes": "✓", "no": "✗", "unsupported": "–", "unknown": "–"}
        for store in said["stores"]:
            for clause in store["clauses"]:
                line = f"  {marks[clause['verdict']]} {clause['words']}"
                assert line in told.stdout, told.stdout
        return Report(done.returncode, said, told.stdout)


def quiet(text, secrets):
    """Neither a secret nor what was signed with one is in a text."""
    assert not SIGNATURE.search(text), text
    assert not re.search(r"\b[0-9a-f]{40,}\b|X-Amz-|temp_url", text), text
    assert not [secret for secret in secrets if secret and secret in text], text


def s3_policy(endpoint, bucket="media", uploads=True, **options):
    store = {
        "kind": "s3",
        "endpoint": endpoint,
        "region": "us-east-1",
        "addressing": "path",
        "credentials": {"access_key_id": "STORE_ID", "secret_access_key": "STORE_SECRET"},
        **options,
    }
    policy = document({"main": store}, {"media": route("main", bucket, location="site/")})
    return {**policy, "keys": {"APP": APP}, "uploads": {"media": rule("media")} if uploads else {}}


APP = {"dialect": "sigv4", "secret": "APP_SECRET", "principal": "every-owner"}


def rule(route):
    return {
        "route": route,
        "key": "users/{principal}/{random}/{filename}",
        "content_types": ["*/*"],
        "size": {"max": 1000},
        "read": {"url": "https://media.example", "key": "APP"},
        "seal_secret": "SEAL_SECRET",
    }


def swift_policy(endpoint, containers=("media",), keys=("FIRST_KEY",), upload=None, **options):
    """`upload` is what a rule says that uploads to the first container."""
    store = {"kind": "swift", "endpoint": endpoint, "account": "AUTH_test", "keys": list(keys)}
    routes = {name: route("main", name) for name in containers}
    policy = document({"main": {**store, **options}}, routes)
    if upload is None:
        return policy
    return {**policy, "keys": {"APP": APP}, "uploads": {"web": {**rule(containers[0]), **upload}}}


def document(stores, routes):
    for name, each in routes.items():
        each["path"] = f"/{name}/"
    return {"version": 1, "stores": stores, "routes": routes}


def route(store, bucket, **options):
    return {"store": store, "bucket": bucket, "access": [], **options}
