"""Single changes to a signed request, and the reason each must be refused with."""

import dataclasses
import datetime
import hashlib
import random
import re
from urllib.parse import urlsplit, urlunsplit

from random_requests import amz_date


# Changing these makes a request malformed or is a kind of its own.
UNFIT_FOR_EDITS = {"authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}


@dataclasses.dataclass
class Sent:
    """A signed request as a verifier receives it, open to one change."""

    method: str
    url: str
    headers: dict[str, str]
    now: datetime.datetime

    def edit_query(self, name, edit):
        parts = urlsplit(self.url)
        query = re.sub(
            rf"(?<![^&])({re.escape(name)}=)([^&]*)",
            lambda match: match[1] + edit(match[2]),
            parts.query,
        )
        self.url = urlunsplit(parts._replace(query=query))

    def edit_header(self, name, edit):
        for present in self.headers:
            if present.lower() == name.lower():
                self.headers[present] = edit(self.headers[present])
                return
        raise KeyError(name)

    @property
    def presigned(self):
        return "X-Amz-Signature=" in self.url

    @property
    def reads_a_body(self):
        """Whether it is a read that says it was signed with a body, which no read has."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        payload = headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        bodiless = {"UNSIGNED-PAYLOAD", hashlib.sha256(b"").hexdigest()}
        return self.method in ("GET", "HEAD") and payload not in bodiless


def path(sent, source):
    """Changes a character that stands for itself, or appends one where there is none."""
    parts = urlsplit(sent.url)
    changed = parts.path + "x"
    places = [
        index
        for index, character in enumerate(parts.path)
        if character.isalnum() and "%" not in parts.path[max(0, index - 2) : index + 1]
    ]
    if places:
        index = source.choice(places)
        character = other(parts.path[index], source)
        changed = parts.path[:index] + character + parts.path[index + 1 :]
    sent.url = urlunsplit(parts._replace(path=changed))
    return "signature_mismatch"


def parameter(sent, source):
    """Appends to the value of a parameter of the request, or adds a parameter."""
    parts = urlsplit(sent.url)
    own = [pair for pair in parts.query.split("&") if pair and not pair.startswith("X-Amz-")]
    query = f"{parts.query}&versionId=2".lstrip("&")
    if own:
        chosen = source.choice(own)
        query = parts.query.replace(chosen, chosen + "x", 1)
    sent.url = urlunsplit(parts._replace(query=query))
    return "signature_mismatch"


def header(sent, source):
    """Changes a header that is signed; `host` always is."""
    signed = [name for name in sent.headers if name.lower() not in UNFIT_FOR_EDITS]
    if signed:
        sent.edit_header(source.choice(signed), lambda value: value.strip() + "0")
    else:
        host(sent, source)
    return "signature_mismatch"


def host(sent, _source):
    parts = urlsplit(sent.url)
    sent.url = urlunsplit(parts._replace(netloc="other." + parts.netloc))
    return "signature_mismatch"


def method(sent, source):
    sent.method = source.choice([name for name in ("GET", "HEAD", "PUT") if name != sent.method])
    return "malformed_credential" if sent.reads_a_body else "method_mismatch"


def expiry(sent, source):
    """A presigned URL lives a little shorter or longer; a header has no expiry to change."""
    if not sent.presigned:
        return time(sent, source)
    step = source.choice([-1, 1])

    def edit(value):
        moved = int(value) + step
        return str(moved if 1 <= moved <= 604800 else int(value) - step)

    sent.edit_query("X-Amz-Expires", edit)
    return "signature_mismatch"


def signature(sent, source):
    def edit(value):
        index = source.randrange(len(value))
        digits = "0123456789abcdef".replace(value[index], "")
        return value[:index] + source.choice(digits) + value[index + 1 :]

    if sent.presigned:
        sent.edit_query("X-Amz-Signature", edit)
    else:
        sent.edit_header(
            "authorization", lambda value: re.sub(r"[0-9a-f]{64}$", lambda m: edit(m[0]), value)
        )
    return "signature_mismatch"


def key_id(sent, source):
    edit_credential(sent, lambda scope: f"AKIA{source.randrange(10)}{scope[5:]}")
    return "unknown_key"


def region(sent, _source):
    edit_credential(
        sent, lambda scope: re.sub(r"(?<=\d{8})(/|%2F)[^/%]+", r"\1moon-north-1", scope)
    )
    return "signature_mismatch"


def time(sent, _source):
    """The signing time moves by one second within its day, and the verifier's clock with it."""
    sent.now += datetime.timedelta(seconds=-1 if sent.now.second else 1)
    if sent.presigned:
        sent.edit_query("X-Amz-Date", lambda _: amz_date(sent.now))
    else:
        sent.edit_header("x-amz-date", lambda _: amz_date(sent.now))
    return "signature_mismatch"


def payload_hash(sent, source):
    """A presigned URL covers no payload: there the host changes instead."""
    if sent.presigned:
        return host(sent, source)
    sent.edit_header("x-amz-content-sha256", lambda _: hashlib.sha256(b"other").hexdigest())
    return "malformed_credential" if sent.reads_a_body else "signature_mismatch"


def session_token(sent, source):
    """Where the key has none, the host changes instead."""
    if sent.presigned and "X-Amz-Security-Token" in sent.url:
        sent.edit_query("X-Amz-Security-Token", lambda value: "A" + value)
    elif "X-Amz-Security-Token" in sent.headers:
        sent.edit_header("x-amz-security-token", lambda value: "A" + value)
    else:
        return host(sent, source)
    return "session_token"


EVERY_KIND = [
    path,
    parameter,
    header,
    host,
    method,
    expiry,
    signature,
    key_id,
    region,
    time,
    payload_hash,
    session_token,
]


def edit_credential(sent, edit):
    if sent.presigned:
        sent.edit_query("X-Amz-Credential", edit)
    else:
        sent.edit_header(
            "authorization",
            lambda value: re.sub(r"(?<=Credential=)[^,]+", lambda m: edit(m[0]), value),
        )


def other(character, source):
    return source.choice([each for each in "abcdefghij0123456789" if each != character.lower()])


def random_source(index):
    return random.Random(f"tamper {index}")
