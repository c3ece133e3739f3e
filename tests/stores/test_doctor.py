"""What `cloakroom doctor` finds out about stores, against what is known of each of them.

The lax stores are there so that no verdict is good by accident: each probe that must be refused is
taken there, and called so.
"""

import contextlib
import dataclasses
import json
import shlex
from xml.etree import ElementTree

import pytest

from doctor import S3_SECRETS, SWIFT_SECRETS, Doctor, rule, s3_policy, swift_policy
from edge import EmbeddedStore, Recorder
from free_ports import free_port
from lax_stores import (
    Gullible,
    LaxStore,
    OldDigests,
    OldForms,
    RefusingStore,
    ShyStore,
    SilentStore,
    UndeletingStore,
)
from random_requests import Credentials
from s3 import S3
from swift_api import SwiftUser
from wire import send

ORIGIN = "https://app.example"
OFFERED = {"access", "clock", "store", "form", "info", "digest"}
S3_FORMS = {"form_size", "form_fields", "form_type", "form_signature", "form_expiry"}
S3_CLAUSES = {
    *("access", "clock", "store", "create_only", "content_length", "content_type"),
    *("checksum_sha256", "checksum_crc32c", "checksum_crc64nvme", "content_md5"),
    *("unsigned_acl", "unsigned_metadata", "unsigned_copy", "acl", "tags", "grants"),
    *("storage_class", "encryption", "cache_control", "content_disposition", "metadata"),
    "multipart",
    *("signature", "expiry", "method", "region", "max_expiry", "form"),
}
POINTERS = {"copy", "manifest", "segments", "symlink"}
SWIFT_FORMS = {"form", "form_size", "form_signature", "form_expiry"}
SWIFT_CLAUSES = {
    *("access", "clock", "info", "digest", "store", "signature", "expiry", "method"),
    *POINTERS,
    *SWIFT_FORMS,
}
CORS = {"cors", "cors_expose"}

embedded_only = pytest.mark.embedded


@pytest.fixture
def doctor(tmp_path):
    return Doctor(tmp_path)


@pytest.fixture(scope="module")
def embedded(core, tmp_path_factory):
    """The embedded store, with what went to it recorded."""
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(EmbeddedStore(tmp_path_factory.mktemp("embedded")))
        recorder = stack.enter_context(Recorder(store.endpoint))
        credentials = Credentials(store.access_key_id, store.secret_access_key, None)
        owner = S3(core, recorder.endpoint, store.region, credentials)
        owner.create_bucket("media")
        yield dataclasses.replace(owner), recorder


def secrets_of(owner):
    credentials = owner.credentials
    return {"STORE_ID": credentials.access_key_id, "STORE_SECRET": credentials.secret_access_key}


def keys_in(owner, bucket="media", query="list-type=2"):
    """All keys of a bucket, or all versions of them."""
    answer = owner.request("GET", owner.url(bucket, query=query))
    assert answer.accepted, answer
    return [key.text for key in ElementTree.fromstring(answer.body).iterfind(".//{*}Key")]


def unsigned(report, signatures):
    """No signature that was sent is in the report."""
    assert signatures
    said = report.text + json.dumps(report.said)
    assert not [signature for signature in signatures if signature in said], said


@embedded_only
def test_the_embedded_store_enforces_all_that_it_offers(doctor, embedded):
    owner, recorder = embedded
    report = doctor.examine(s3_policy(owner.endpoint), secrets_of(owner))
    lacks = {"acl", "encryption", "grants", "tags"}
    assert report.having("unsupported") == lacks
    assert report.having("yes") == (S3_CLAUSES | S3_FORMS) - lacks
    assert (report.exit_status, report.store["status"]) == (0, "ok")
    assert report.store["lacks"] == sorted(lacks)
    assert (report.store["to_fix"], report.store["left"]) == ([], [])
    assert keys_in(owner) == []
    unsigned(report, recorder.signatures)


@embedded_only
def test_its_keys_are_below_the_location_or_the_prefix(doctor, embedded):
    owner, recorder = embedded
    for prefix, arguments in [("site/", []), ("users/", ["--prefix", "users/"])]:
        recorder.take()
        doctor.run(s3_policy(owner.endpoint), secrets_of(owner), *arguments)
        folder = f"/media/{prefix}cloakroom-doctor-"
        written = [call.target for call in recorder.take() if call.method in ("PUT", "DELETE")]
        assert written and all(target.startswith(folder) for target in written), written
        assert keys_in(owner) == []


@embedded_only
def test_an_origin_that_the_bucket_does_not_know(doctor, embedded):
    owner, _ = embedded
    policy = s3_policy(owner.endpoint)
    report = doctor.examine(policy, secrets_of(owner), "--origin", ORIGIN)
    assert report.having("no") == CORS
    assert (report.exit_status, report.store["status"]) == (1, "fix")
    (fix,) = report.store["to_fix"]
    words = shlex.split(fix.split("\n", 1)[1])
    assert words[:5] == ["aws", "s3api", "put-bucket-cors", "--bucket", "media"]
    (rule,) = json.loads(words[-1])["CORSRules"]
    assert rule["AllowedOrigins"] == [ORIGIN] and "PUT" in rule["AllowedMethods"]
    # Where nothing is uploaded, nobody needs it.
    policy = s3_policy(owner.endpoint, uploads=False)
    report = doctor.examine(policy, secrets_of(owner), "--origin", ORIGIN)
    assert (report.exit_status, report.having("no")) == (0, CORS)


@embedded_only
def test_an_origin_that_the_store_knows(doctor, core, tmp_path):
    with EmbeddedStore(tmp_path / "data", "--allow-origin", ORIGIN) as store:
        credentials = Credentials(store.access_key_id, store.secret_access_key, None)
        owner = S3(core, store.endpoint, store.region, credentials)
        owner.create_bucket("media")
        policy = s3_policy(store.endpoint)
        report = doctor.examine(policy, secrets_of(owner), "--origin", ORIGIN)
    assert CORS <= report.having("yes")
    assert report.exit_status == 0


@embedded_only
def test_every_header_that_a_rule_signs_is_asked_for(doctor, embedded):
    owner, _ = embedded
    policy = s3_policy(owner.endpoint)
    sums = ["content-md5", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme"]
    sums += ["x-amz-checksum-sha256"]
    stored_as = {"cache_control": "no-store", "metadata": {"by": "{principal}"}}
    for change, expected in [
        ({}, [*sums, "content-type", "if-none-match"]),
        ({"create_only": False}, [*sums, "content-type"]),
        (
            {"checksums": ["sha256"], "stored_as": stored_as},
            [*sums[3:], "cache-control", "content-type", "if-none-match", "x-amz-meta-by"],
        ),
        ({"kinds": ["form"], "create_only": False}, ["content-type"]),
    ]:
        policy["uploads"]["media"] = {**rule("media"), **change}
        report = doctor.examine(policy, secrets_of(owner), "--origin", ORIGIN)
        (asked,) = json.loads(shlex.split(report.finding("cors")["fix"].split("\n", 1)[1])[-1])[
            "CORSRules"
        ]
        assert asked["AllowedHeaders"] == sorted(expected)


RELIED_ON = {
    "acl": ({"stored_as": {"acl": "private"}}, {"acl"}),
    "tags": ({"stored_as": {"tags": {"a": "b"}}}, {"tags"}),
    "grants": ({"stored_as": {"grants": {"read": ["id=1"]}}}, {"grants"}),
    "encryption": ({"stored_as": {"encryption": "s3"}}, {"encryption"}),
    "what it has": ({"kinds": ["put", "form", "multipart"], "unenforced": ["create_only"]}, set()),
}


@embedded_only
@pytest.mark.parametrize("what", RELIED_ON)
def test_what_a_rule_relies_on_is_to_be_fixed(doctor, embedded, what):
    owner, _ = embedded
    change, missing = RELIED_ON[what]
    policy = s3_policy(owner.endpoint)
    policy["uploads"]["media"].update(change)
    report = doctor.examine(policy, secrets_of(owner))
    assert {clause for clause in report.having("unsupported") if needed(report, clause)} == missing
    assert (report.exit_status, report.store["status"]) == ((1, "fix") if missing else (0, "ok"))
    assert len(report.store["to_fix"]) == len(missing)
    for clause in missing:
        assert f'"lacks": ["{clause}"]' in report.store["to_fix"][0]
        # Named in the policy, and in the rule, it is known.
        policy["stores"]["main"]["lacks"] = [clause]
        policy["uploads"]["media"]["unenforced"] = [clause]
        known = doctor.examine(policy, secrets_of(owner))
        assert (known.exit_status, known.store["to_fix"]) == (0, [])


def needed(report, clause):
    return report.finding(clause)["needed"]


SUMS = {"checksum_sha256", "checksum_crc32c", "checksum_crc64nvme", "content_md5"}
FORM_ONLY = {"kinds": ["form"], "unenforced": ["create_only"]}
NEEDS = {
    "a put": ({}, {"content_length", "create_only", "unsigned_acl", "unsigned_copy"}),
    "types": ({"content_types": ["image/*"], "create_only": False}, {
        *("content_length", "content_type", "unsigned_acl", "unsigned_copy"),
    }),
    "a sum": ({"checksums": ["crc32c"], "create_only": False}, {
        *("content_length", "checksum_crc32c", "unsigned_acl", "unsigned_copy"),
    }),
    "a form": (FORM_ONLY, S3_FORMS - {"form_type"}),
    "a form with types": ({**FORM_ONLY, "content_types": ["image/*"]}, S3_FORMS),
}


@embedded_only
@pytest.mark.parametrize("need", NEEDS)
def test_what_nobody_relies_on_is_to_be_known(doctor, need):
    change, expected = NEEDS[need]
    with LaxStore() as store:
        policy = s3_policy(store.endpoint)
        policy["uploads"]["media"].update(change)
        report = doctor.examine(policy, S3_SECRETS)
    always = {"signature", "expiry", "method", "store"}
    assert {clause for clause in report.having("no") if needed(report, clause)} == expected | always
    assert report.exit_status == 1


WRONG = {
    "secret": ({"STORE_SECRET": "another secret"}, {}, "credentials", "of one key pair"),
    "key id": ({"STORE_ID": "AKIAOTHER"}, {}, "does not know the access key", "access_key_id"),
    "region": ({}, {"region": "eu-north-1"}, "`eu-north-1` is not", "region"),
    "bucket": ({}, {"bucket": "nothing"}, "no bucket `nothing`", "make the bucket `nothing`"),
}


@embedded_only
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said(doctor, embedded, wrong):
    owner, _ = embedded
    secrets, options, problem, fix = WRONG[wrong]
    policy = s3_policy(owner.endpoint, **options)
    report = doctor.examine(policy, {**secrets_of(owner), **secrets})
    assert (report.exit_status, report.store["status"]) == (2, "unprobed")
    assert set(report.verdicts) == {"access", "clock"}
    found = report.finding("access")
    assert found["verdict"] == "no"
    assert problem in found["said"] + found["fix"] and fix in found["fix"], found
    assert found["fix"].split("\n")[0] in report.text
    assert keys_in(owner) == []


@embedded_only
@pytest.mark.parametrize("policy", [s3_policy, swift_policy])
def test_a_port_where_nothing_listens(doctor, policy):
    endpoint = f"http://127.0.0.1:{free_port()}"
    report = doctor.examine(policy(endpoint), {**S3_SECRETS, **SWIFT_SECRETS})
    assert report.exit_status == 2
    assert "the connection was refused" in report.finding("access")["said"]
    assert "`stores.main.endpoint`" in report.finding("access")["fix"]


@embedded_only
def test_no_secret_no_store_no_bucket(doctor):
    policy = s3_policy("http://127.0.0.1:1")
    done = doctor.run(policy, {"STORE_ID": "id", "STORE_SECRET": ""})
    assert (done.returncode, done.stdout) == (2, "")
    assert "secret `STORE_SECRET` is empty" in done.stderr
    done = doctor.run(policy, S3_SECRETS, "--store", "other")
    assert done.returncode == 2 and "has no store `other`; it has `main`" in done.stderr
    policy["uploads"] = {}
    policy["routes"]["media"].update(path="/{tenant}/", bucket="media-{tenant}")
    policy["routes"]["media"].pop("location")
    report = doctor.examine(policy, S3_SECRETS)
    assert (report.exit_status, report.store["clauses"]) == (2, [])
    assert "without a placeholder" in report.store["problem"]


@embedded_only
def test_a_store_that_takes_everything_is_found_out(doctor):
    with LaxStore() as store:
        policy = s3_policy(store.endpoint)
        report = doctor.examine(policy, S3_SECRETS, "--origin", ORIGIN)
        assert report.having("yes") == {"access", "clock", "form"}
        assert report.having("no") == (S3_CLAUSES | S3_FORMS | CORS) - {"access", "clock", "form"}
        assert store.stored and store.stored <= store.removed
    assert (report.exit_status, report.store["status"]) == (1, "fix")
    assert report.store["left"] == []
    assert {"size", "content_type", "create_only"} <= set(report.store["lacks"])
    unsigned(report, store.signatures)


@embedded_only
def test_a_swift_that_takes_everything_is_found_out(doctor):
    with LaxStore() as store:
        containers = ["media", "second"]
        policy = swift_policy(store.endpoint, containers)
        report = doctor.examine(policy, SWIFT_SECRETS, "--origin", ORIGIN)
        assert report.having("yes") == {"access", "clock", "digest", "form"}
        assert report.having("unknown") == {"info"}
        offered = {"access", "clock", "digest", "form", "info"}
        assert report.having("no") == (SWIFT_CLAUSES | CORS) - offered
        assert store.stored and store.stored <= store.removed
    assert report.exit_status == 1
    unsigned(report, store.signatures)


@embedded_only
@pytest.mark.parametrize("policy", [s3_policy, swift_policy])
def test_what_cannot_be_removed_is_named(doctor, policy):
    with UndeletingStore() as store:
        report = doctor.examine(policy(store.endpoint), {**S3_SECRETS, **SWIFT_SECRETS})
        stored = {path.split("/media/", 1)[1] for path in store.stored}
    left = report.store["left"]
    # It was run twice, each time in a folder of its own.
    assert len(left) == len(set(left)) == len(stored) / 2
    assert set(left) < stored
    assert "Left behind" in report.text


@embedded_only
@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("policy", [s3_policy, swift_policy])
def test_a_store_that_repeats_what_it_is_told(doctor, policy, status):
    """Signatures come back in codes, bodies and headers, and are shown in none."""
    with RefusingStore(status) as store:
        arguments = ["--origin", ORIGIN]
        report = doctor.examine(policy(store.endpoint), {**S3_SECRETS, **SWIFT_SECRETS}, *arguments)
    assert report.exit_status == 2
    unsigned(report, store.signatures)


@embedded_only
@pytest.mark.parametrize("policy", [s3_policy, swift_policy])
def test_a_store_that_hangs_up_and_one_without_tls(doctor, policy):
    secrets = {**S3_SECRETS, **SWIFT_SECRETS}
    with ShyStore() as store:
        report = doctor.examine(policy(store.endpoint), secrets)
        assert report.exit_status == 2
        assert "ended without an answer" in report.finding("access")["said"]
        report = doctor.examine(policy(store.endpoint.replace("http:", "https:")), secrets)
        assert report.exit_status == 2
        assert "no secure connection" in report.finding("access")["said"]


@embedded_only
@pytest.mark.parametrize("policy", [s3_policy, swift_policy])
def test_a_store_that_never_answers(doctor, policy):
    with SilentStore() as store:
        policy = policy(store.endpoint, timeout=1)
        report = doctor.examine(policy, {**S3_SECRETS, **SWIFT_SECRETS})
    assert report.exit_status == 2
    assert "no answer came in time" in report.finding("access")["said"]


@embedded_only
def test_a_digest_that_the_cluster_does_not_take(doctor):
    with OldDigests() as store:
        report = doctor.examine(swift_policy(store.endpoint), SWIFT_SECRETS)
    assert report.exit_status == 2
    assert report.finding("digest")["verdict"] == "no"
    assert '"digest": "sha1"' in report.finding("digest")["fix"]


@embedded_only
def test_forms_that_are_older_than_the_digest(doctor):
    upload = {"kinds": ["form"], "create_only": False}
    with OldForms(["media"]) as store:
        policy = swift_policy(store.endpoint, upload=upload)
        report = doctor.examine(policy, SWIFT_SECRETS)
        found = report.finding("form")
        assert (found["verdict"], found["needed"]) == ("unsupported", True)
        assert "forms are signed with sha1 there" in found["fix"]
        assert '"digest": "sha1"' in found["fix"]
        assert report.exit_status != 0 and report.verdicts["digest"] == "yes"


@embedded_only
def test_uploads_to_swift_that_a_rule_puts_up_with(doctor):
    """A rule that sends files by TempURLs says so; then what they open is known, and is said."""
    upload = {"kinds": ["put"], "unenforced": ["size", "create_only"]}
    with Gullible(["media"]) as store:
        done = doctor.run(swift_policy(store.endpoint, upload=upload), SWIFT_SECRETS)
        assert (done.returncode, done.stdout) == (2, "")
        assert "sends files by `put`, and store `main` heeds headers" in done.stderr
        assert "name `signed_headers` in `unenforced`" in done.stderr
        upload["unenforced"].append("signed_headers")
        report = doctor.examine(swift_policy(store.endpoint, upload=upload), SWIFT_SECRETS)
    for clause in POINTERS:
        found = report.finding(clause)
        assert (found["verdict"], found["needed"], found["accepted"]) == ("no", False, True)
        assert not [fix for fix in report.store["to_fix"] if found["fix"] in fix]
    said = "accepted, by `signed_headers` in `unenforced` of a rule: whoever gets a TempURL"
    assert said in report.text


@embedded_only
@pytest.mark.parametrize("opened", [["media"], ["media", "second"]])
def test_uploads_that_read_what_others_stored(doctor, opened):
    """As Swift before 2.38.2 copies, and Ceph's gateway makes manifests."""
    with Gullible(opened) as store:
        policy = swift_policy(store.endpoint, ["media", "second"])
        report = doctor.examine(policy, SWIFT_SECRETS)
        assert store.stored and store.objects == {}
    assert POINTERS <= report.having("no")
    reach = "of the whole account" if "second" in opened else "of the container"
    for clause in POINTERS:
        assert reach in report.finding(clause)["said"], report.finding(clause)


@pytest.fixture(scope="module")
def account(swift_endpoint):
    """An account with a key, and a container that has one of its own."""
    owner = SwiftUser.sign_in(swift_endpoint, "test:owner", "owning")
    key = {"X-Account-Meta-Temp-URL-Key": SWIFT_SECRETS["FIRST_KEY"]}
    assert owner.request("POST", owner.account, key).accepted
    own = {"X-Container-Meta-Temp-URL-Key": SWIFT_SECRETS["SECOND_KEY"]}
    for container, headers in {"doctor": {}, "doctor-second": {}, "doctor-own": own}.items():
        assert owner.request("PUT", f"{owner.account}/{container}", headers).accepted
    yield owner
    gone = {"X-Remove-Account-Meta-Temp-URL-Key": "x"}
    assert owner.request("POST", owner.account, gone).accepted


def names_in(owner, container):
    return owner.request("GET", f"{owner.account}/{container}").body.decode().split()


@pytest.mark.swift
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_swift_with_the_key_of_the_account(doctor, account, digest):
    with Recorder(account.endpoint) as recorder:
        containers = ["doctor", "doctor-second"]
        policy = swift_policy(recorder.endpoint, containers, digest=digest)
        report = doctor.examine(policy, SWIFT_SECRETS)
    assert report.having("yes") == SWIFT_CLAUSES
    assert report.exit_status == 0
    assert "1000" in report.finding("info")["said"]
    # The list of segments is stored as any other file is.
    assert "plain file" in report.finding("segments")["said"]
    assert [names_in(account, container) for container in containers] == [[], []]
    if digest != "sha512":
        # The recorder does not know base64.
        unsigned(report, recorder.signatures)


@pytest.mark.swift
def test_swift_with_the_key_of_a_container(doctor, account):
    policy = swift_policy(account.endpoint, ["doctor-own"], ["FIRST_KEY", "SECOND_KEY"])
    report = doctor.examine(policy, {**SWIFT_SECRETS, "FIRST_KEY": "no key of theirs"})
    assert report.having("yes") == SWIFT_CLAUSES
    assert "second key" in report.finding("access")["said"]
    assert names_in(account, "doctor-own") == []


@pytest.mark.swift
def test_swift_with_keys_that_do_not_open(doctor, account):
    wrong = {"FIRST_KEY": "no key of theirs"}
    report = doctor.examine(swift_policy(account.endpoint, ["doctor"]), wrong)
    assert report.exit_status == 2
    assert "none of the keys opens it (401)" in report.finding("access")["said"]
    assert "`stores.main.keys`" in report.finding("access")["fix"]
    policy = swift_policy(account.endpoint, ["doctor-own", "doctor"], ["SECOND_KEY"])
    policy["routes"]["doctor"]["path"] = "/zzz/"
    report = doctor.examine(policy, SWIFT_SECRETS)
    assert report.finding("access")["verdict"] == "no"


@pytest.mark.swift
def test_swift_lets_pages_in_that_the_fix_names(doctor, account):
    policy = swift_policy(account.endpoint, ["doctor"])
    report = doctor.examine(policy, SWIFT_SECRETS, "--origin", ORIGIN)
    assert report.having("no") == CORS
    command = report.finding("cors")["fix"].split("\n", 1)[1].replace("\\\n", "")
    words = shlex.split(command)
    metadata = [word.split(": ", 1) for word in words if ": " in word]
    headers = {f"X-Container-Meta-{name}": value for name, value in metadata}
    assert account.request("POST", f"{account.account}/doctor", headers).accepted
    report = doctor.examine(policy, SWIFT_SECRETS, "--origin", ORIGIN)
    assert CORS <= report.having("yes")


@pytest.mark.swift
def test_the_s3_interface_of_swift(doctor, swift):
    swift.owner.create_bucket("doctor-s3")
    policy = s3_policy(swift.endpoint, "doctor-s3")
    report = doctor.examine(policy, secrets_of(swift.owner))
    assert report.having("unsupported") == {"tags", "form"}
    assert report.having("no") == {"grants"}
    assert report.having("yes") == S3_CLAUSES - {"tags", "form", "grants"}
    assert report.exit_status == 0
    assert keys_in(swift.owner, "doctor-s3") == []


CEPH_LACKS = {
    *("checksum_sha256", "checksum_crc32c", "checksum_crc64nvme"),
    *("unsigned_acl", "unsigned_metadata", "unsigned_copy", "region"),
}


@pytest.mark.ceph
def test_ceph(doctor, ceph):
    ceph.owner.create_bucket("doctor")
    policy = s3_policy(ceph.endpoint, "doctor")
    with Recorder(ceph.endpoint) as recorder:
        report = doctor.examine(s3_policy(recorder.endpoint, "doctor"), secrets_of(ceph.owner))
    assert report.having("no") == CEPH_LACKS
    assert report.having("yes") == (S3_CLAUSES | S3_FORMS) - CEPH_LACKS
    assert report.exit_status == 1
    assert report.store["lacks"] == ["checksum", "signed_headers"]
    assert '"lacks": ["signed_headers"]' in report.store["to_fix"][-1]
    assert '"lacks": ["checksum", "signed_headers"]' in report.store["to_know"][-1]
    policy["stores"]["main"]["lacks"] = report.store["lacks"]
    for rule in policy["uploads"].values():
        rule["unenforced"] = ["signed_headers"]
    known = doctor.examine(policy, secrets_of(ceph.owner))
    assert (known.exit_status, known.having("no")) == (0, CEPH_LACKS), known.text
    policy = s3_policy(ceph.endpoint, "doctor")
    unsigned(report, recorder.signatures)
    configure(ceph, "publicAccessBlock", blocked(report.finding("unsigned_acl")["fix"]))
    report = doctor.examine(policy, secrets_of(ceph.owner), "--origin", ORIGIN)
    assert report.verdicts["unsigned_acl"] == "yes", report.text
    assert CORS <= report.having("no")
    configure(ceph, "cors", rules(report.finding("cors")["fix"]))
    report = doctor.examine(policy, secrets_of(ceph.owner), "--origin", ORIGIN)
    assert CORS <= report.having("yes")
    assert keys_in(ceph.owner, "doctor") == []


@pytest.mark.ceph
def test_versions_are_removed_too(doctor, ceph):
    """Where it keeps versions, Ceph does not look at If-None-Match."""
    ceph.owner.create_bucket("doctor-versions")
    versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    configure(ceph, "versioning", versioning, "doctor-versions")
    report = doctor.examine(s3_policy(ceph.endpoint, "doctor-versions"), secrets_of(ceph.owner))
    assert report.having("no") == CEPH_LACKS | {"create_only"}
    assert report.store["left"] == []
    assert keys_in(ceph.owner, "doctor-versions", "versions=") == []


def configure(store, setting, document, bucket="doctor"):
    url = store.owner.url(bucket, query=f"{setting}=")
    answer = store.owner.request("PUT", url, body=document.encode())
    assert answer.accepted, answer


def blocked(fix):
    """The document of `put-public-access-block`."""
    settings = dict(each.split("=") for each in shlex.split(fix.replace("\\\n", ""))[-1].split(","))
    inner = "".join(f"<{name}>{value.lower()}</{name}>" for name, value in settings.items())
    return f"<PublicAccessBlockConfiguration>{inner}</PublicAccessBlockConfiguration>"


def rules(fix):
    """The document of `put-bucket-cors`."""
    (rule,) = json.loads(shlex.split(fix.split("\n", 1)[1].replace("\\\n", ""))[-1])["CORSRules"]
    names = {
        "AllowedOrigins": "AllowedOrigin",
        "AllowedMethods": "AllowedMethod",
        "AllowedHeaders": "AllowedHeader",
        "ExposeHeaders": "ExposeHeader",
    }
    inner = "".join(
        f"<{tag}>{value}</{tag}>" for name, tag in names.items() for value in rule[name]
    )
    return f"<CORSConfiguration><CORSRule>{inner}</CORSRule></CORSConfiguration>"
