"""Ranges and conditions, and what RFC 9110 demands of an answer to them."""

import dataclasses
import email.utils
import re

BODY = b"0123456789abcdefghijklmnopqrstuvwxyz"
METHODS = ["GET", "HEAD"]

RANGES = {
    "none": None,
    "2-5": "bytes=2-5",
    "-5": "bytes=-5",
    "30-": "bytes=30-",
    "30-99": "bytes=30-99",
    "0-1,4-5": "bytes=0-1,4-5",
    "36-": "bytes=36-",
    "x-y": "bytes=x-y",
    "lines=1-2": "lines=1-2",
}

# What a range selects; the others select nothing, or are not ranges.
PARTS = {"2-5": (2, 5), "-5": (31, 35), "30-": (30, 35), "30-99": (30, 35)}


@dataclasses.dataclass(frozen=True)
class Condition:
    """Headers, in which `ETAG`, `SAME`, `EARLIER` and `LATER` stand for what the object has, and
    the status that they come to: 304, 412, or none. `part`: whether If-Range lets a part through.
    """

    headers: dict[str, str]
    ends_in: str | None = None
    part: bool = True


CONDITIONS = {
    "none": Condition({}),
    "If-Match: the tag": Condition({"if-match": "ETAG"}),
    "If-Match: a list with the tag": Condition({"if-match": '"other", ETAG'}),
    "If-Match: *": Condition({"if-match": "*"}),
    "If-Match: another": Condition({"if-match": '"other"'}, "412"),
    "If-Match: the tag, weak": Condition({"if-match": "W/ETAG"}, "412"),
    "If-None-Match: the tag": Condition({"if-none-match": "ETAG"}, "304"),
    "If-None-Match: the tag, weak": Condition({"if-none-match": "W/ETAG"}, "304"),
    "If-None-Match: a list with the tag": Condition({"if-none-match": '"other", ETAG'}, "304"),
    "If-None-Match: *": Condition({"if-none-match": "*"}, "304"),
    "If-None-Match: another": Condition({"if-none-match": '"other"'}),
    "If-Modified-Since: the date": Condition({"if-modified-since": "SAME"}, "304"),
    "If-Modified-Since: a later one": Condition({"if-modified-since": "LATER"}, "304"),
    "If-Modified-Since: an earlier one": Condition({"if-modified-since": "EARLIER"}),
    "If-Modified-Since: no date": Condition({"if-modified-since": "yesterday"}),
    "If-Unmodified-Since: the date": Condition({"if-unmodified-since": "SAME"}),
    "If-Unmodified-Since: a later one": Condition({"if-unmodified-since": "LATER"}),
    "If-Unmodified-Since: an earlier one": Condition({"if-unmodified-since": "EARLIER"}, "412"),
    "If-Unmodified-Since: no date": Condition({"if-unmodified-since": "yesterday"}),
    "If-Range: the tag": Condition({"if-range": "ETAG"}),
    "If-Range: the tag, weak": Condition({"if-range": "W/ETAG"}, part=False),
    "If-Range: another": Condition({"if-range": '"other"'}, part=False),
    "If-Range: the date": Condition({"if-range": "SAME"}),
    "If-Range: an earlier date": Condition({"if-range": "EARLIER"}, part=False),
    # The tag counts, and the date beside it does not (sections 13.1.3 and 13.1.4).
    "If-None-Match: another, If-Modified-Since: a later one": Condition(
        {"if-none-match": '"other"', "if-modified-since": "LATER"}
    ),
    "If-None-Match: the tag, If-Modified-Since: an earlier one": Condition(
        {"if-none-match": "ETAG", "if-modified-since": "EARLIER"}, "304"
    ),
    "If-Match: the tag, If-Unmodified-Since: an earlier one": Condition(
        {"if-match": "ETAG", "if-unmodified-since": "EARLIER"}
    ),
    # What must hold comes before what may be left out (section 13.2.2).
    "If-Match: another, If-None-Match: the tag": Condition(
        {"if-match": '"other"', "if-none-match": "ETAG"}, "412"
    ),
}


def request_headers(range_name, condition_name, etag, modified):
    """`etag` with its quotes, `modified` as in Last-Modified."""
    seconds = email.utils.parsedate_to_datetime(modified).timestamp()

    def fill(value):
        for word, shift in (("SAME", 0), ("EARLIER", -60), ("LATER", 60)):
            value = value.replace(word, email.utils.formatdate(seconds + shift, usegmt=True))
        return value.replace("ETAG", etag)

    headers = {name: fill(value) for name, value in CONDITIONS[condition_name].headers.items()}
    if RANGES[range_name]:
        headers["range"] = RANGES[range_name]
    return headers


def demanded(method, range_name, condition_name):
    """The answers that RFC 9110 allows."""
    condition = CONDITIONS[condition_name]
    if condition.ends_in:
        return {condition.ends_in}
    # Range has no meaning with HEAD (section 14.2), nor a unit that nobody knows; a part of
    # another version is no part.
    if method == "HEAD" or not condition.part or range_name in ("none", "lines=1-2"):
        return {"200"}
    if range_name in PARTS:
        return {"206"}
    if range_name == "0-1,4-5":
        # One who asks for several parts gets them, or the whole.
        return {"206 parts", "200"}
    # A range that cannot be had may be refused or ignored; so may what is none (section 14.2).
    # A 416 should say how long the object is, and need not.
    return {"416", "416 bare", "200"} | ({"400"} if range_name == "x-y" else set())


def outcome(answer, method, range_name):
    """What an answer is: its status, and what is wrong with the rest."""
    status, headers, body = answer.status, answer.headers, answer.body
    if status == 206 and headers.get("content-type", "").startswith("multipart/byteranges"):
        parts = re.findall(rb"content-range: bytes (\d+)-(\d+)/36\r\n\r\n([0-9a-z]*)", body, re.I)
        right = [(b"0", b"1", BODY[:2]), (b"4", b"5", BODY[4:6])]
        return "206 parts" if parts == right else "206 wrong parts"
    if status == 206:
        first, last = PARTS.get(range_name, (0, -1))
        part = b"" if method == "HEAD" else BODY[first : last + 1]
        described = headers.get("content-range") == f"bytes {first}-{last}/{len(BODY)}"
        return "206" if described and body == part else "206 of something else"
    if status == 200:
        whole = b"" if method == "HEAD" else BODY
        right = headers.get("content-length") == str(len(BODY)) and body == whole
        return "200" if right else "200 of something else"
    if status == 416 and headers.get("content-range") != f"bytes */{len(BODY)}":
        return "416 bare"
    if status == 304 and "etag" not in headers:
        return "304 bare"
    return str(status)
