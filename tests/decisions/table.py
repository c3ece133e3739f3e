"""The table: what is asked with which ticket, and what must be decided.

`allow`, or the reason of the denial as the log names it. Every row is decided by the core, by
the edge under workerd and by the function, and all three must say the same.
"""

import base64
import dataclasses
import json

from tickets import HOUR, Ticket

ALICE = "/media/users/alice/a.jpg"
BOB = "/media/users/bob/a.jpg"
PUBLIC = "/media/public/a.jpg"
MEMBERS = "/media/members/a.jpg"
CLIP = "/media/users/alice/clips/1.ts"
SWIFT = "/v1/AUTH_shop/media/users/alice/a.jpg"
SWIFT_CLIPS = "/v1/AUTH_shop/media/users/alice/clips/"
HERE = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    ticket: Ticket
    expected: str
    method: str = "GET"


def rows(t):
    """The rows, for the tickets `t` of one site at one base URL."""
    sections = [
        anonymous,
        who_may_read_what,
        sigv4_query,
        sigv4_header,
        tempurl,
        cloudfront,
        edgeauth,
        jwt,
        swift_auth,
        several,
        mapping,
        methods,
    ]
    found = [row for section in sections for row in section(t)]
    names = [row.name for row in found]
    assert len(set(names)) == len(names), "two rows have one name"
    return found


def anonymous(t):
    for path, expected in [
        (PUBLIC, "allow"),
        ("/media/public/%C3%A9t%C3%A9/a.jpg", "allow"),
        ("/media/public/odd%20name+%25.jpg", "allow"),
        ("/media/public/a.jpg?v=2&utm_source=x", "allow"),
        ("/media/open/a.jpg", "allow"),
        (MEMBERS, "no_credential"),
        (ALICE, "no_credential"),
        ("/media/shared/a.jpg", "no_credential"),
        ("/media/group/a.jpg", "no_credential"),
        ("/media/other.jpg", "no_credential"),
        ("/media/users//a.jpg", "no_credential"),
        ("/media/%0A", "malformed_key"),
        ("/media/a%00b", "malformed_key"),
        ("/media/public/a%2Fb.jpg", "malformed_key"),
        ("/media/public/%ff", "malformed_key"),
        ("/media/public/%zz", "malformed_escape"),
        ("/nowhere", "no_route"),
        ("/medias/a.jpg", "no_route"),
        ("/media/public/a.jpg?acl", "sub_resource"),
        ("/media/public/a.jpg?uploads", "sub_resource"),
        ("/media/public/a.jpg?versionId=1", "sub_resource"),
        ("/media/public/a.jpg?response-content-type=text%2Fhtml", "sub_resource"),
    ]:
        yield Row(f"anonymous {path}", Ticket(path), expected)
    for referer, expected in [
        ("https://friend.example/page", "referrer_may_not"),
        ("https://www.friend.example/page", "allow"),
        ("https://bad.friend.example/page", "referrer_may_not"),
        ("https://friend.example.evil.example/", "referrer_may_not"),
        ("not a url", "referrer_may_not"),
    ]:
        ticket = Ticket("/media/embed/a.jpg", (("referer", referer),))
        yield Row(f"embedded at {referer}", ticket, expected)


def who_may_read_what(t):
    no = "principal_may_not"
    table = {
        # path: alice, bob, carol of acme, dave of staff, the app
        PUBLIC: ["allow", "allow", "allow", "allow", "allow"],
        MEMBERS: ["allow", "allow", "allow", "allow", "allow"],
        ALICE: ["allow", no, no, no, "allow"],
        BOB: [no, "allow", no, no, "allow"],
        "/media/shared/a.jpg": [no, "allow", no, no, "allow"],
        "/media/open/a.jpg": ["allow", "allow", "allow", "allow", "allow"],
        "/media/group/a.jpg": [no, no, "allow", "allow", "allow"],
        "/media/other.jpg": [no, no, no, no, "allow"],
    }
    for path, expected in table.items():
        for user, outcome in zip(["alice", "bob", "acme:carol", "staff:dave"], expected):
            yield Row(f"{user} reads {path}", t.bearer(path, user), outcome)
        yield Row(f"the app reads {path}", t.presigned(path), expected[-1])


def sigv4_query(t):
    good = t.presigned(ALICE)
    malformed = "malformed_credential"
    yield Row("presigned", good, "allow")
    yield Row("presigned for HEAD", t.presigned(ALICE, method="HEAD"), "allow", "HEAD")
    yield Row("presigned, odd name", t.presigned("/media/public/odd%20name%2B%25.jpg"), "allow")
    yield Row("presigned by alice", t.presigned(ALICE, "ALICEKEY"), "allow")
    yield Row("presigned by alice for bob's", t.presigned(BOB, "ALICEKEY"), "principal_may_not")
    yield Row(
        "presigned in the key's region", t.presigned(ALICE, "EUKEY", region="eu-west-1"), "allow"
    )
    yield Row("presigned in another region", t.presigned(ALICE, "EUKEY"), "wrong_region")
    yield Row("presigned with a token", t.presigned(ALICE, "TEMPKEY"), "allow")
    yield Row(
        "presigned with another token",
        t.presigned(ALICE, "TEMPKEY").replace("Security-Token=", "Security-Token=x"),
        "session_token",
    )
    yield Row("presigned, token added", good.add("X-Amz-Security-Token=x"), "session_token")
    yield Row(
        "presigned with an override",
        t.presigned(ALICE, query="?response-content-type=text%2Fplain"),
        "allow",
    )
    yield Row("presigned sub-resource", t.presigned(ALICE, query="?acl="), "sub_resource")
    yield Row("presigned, expired", t.presigned(ALICE, life=60, ago=120), "expired")
    yield Row("presigned a week ago", t.presigned(ALICE, life=604800, ago=604800 + 60), "expired")
    yield Row("presigned for a week", t.presigned(ALICE, life=604800), "allow")
    yield Row("presigned for longer", t.presigned(ALICE, life=604801), "expiry_out_of_range")
    yield Row("presigned for no time", t.presigned(ALICE, life=0), "expiry_out_of_range")
    yield Row("presigned 20 minutes ahead", t.presigned(ALICE, ago=-1200), "not_yet_valid")
    yield Row("presigned 10 minutes ahead", t.presigned(ALICE, ago=-600), "allow")
    yield Row("presigned for PUT", t.presigned(ALICE, method="PUT"), "method_mismatch")
    yield Row("presigned for GET, asked by HEAD", good, "method_mismatch", "HEAD")
    yield Row("presigned, other path", good.replace("a.jpg", "b.jpg"), "signature_mismatch")
    yield Row(
        "presigned, other expiry",
        good.replace("Expires=3600", "Expires=3601"),
        "signature_mismatch",
    )
    yield Row("presigned, parameter added", good.add("x=1"), "signature_mismatch")
    yield Row("presigned, signature changed", _last_digit_changed(good), "signature_mismatch")
    yield Row("presigned, signature cut", Ticket(good.target[:-1]), malformed)
    yield Row(
        "presigned, signature gone", good.replace("X-Amz-Signature", "Y-Signature"), malformed
    )
    yield Row("presigned, unknown key", good.replace("APPKEY", "NOKEY"), "unknown_key")
    yield Row("presigned, other key", good.replace("APPKEY", "ALICEKEY"), "signature_mismatch")
    yield Row("presigned, other algorithm", good.replace("HMAC-SHA256", "HMAC-SHA1"), malformed)
    yield Row("presigned, other service", good.replace("%2Fs3%2F", "%2Fec2%2F"), malformed)
    yield Row(
        "presigned, host unsigned",
        good.replace("SignedHeaders=host", "SignedHeaders=range"),
        malformed,
    )
    yield Row("presigned, date malformed", good.replace("X-Amz-Date=2", "X-Amz-Date=x"), malformed)
    yield Row("presigned, twice", good.add("X-Amz-Expires=3600"), "duplicate_parameter")
    yield Row(
        "presigned, twice and escaped", good.add("X-Amz-%45xpires=3600"), "duplicate_parameter"
    )
    yield Row("presigned, x twice", good.add("x=1&x=2"), "duplicate_parameter")
    yield Row(
        "presigned, unsigned header",
        good.with_header("x-amz-copy-source", "/media/other.jpg"),
        "header_not_signed",
    )
    yield Row(
        "presigned, one parameter alone", Ticket(f"{ALICE}?X-Amz-Date=20260101T000000Z"), malformed
    )
    yield Row(
        "version 2",
        Ticket(f"{ALICE}?AWSAccessKeyId=APPKEY&Signature=x&Expires=1"),
        "signature_version_2",
    )


def _last_digit_changed(ticket):
    digit = "1" if ticket.target[-1] == "0" else "0"
    return dataclasses.replace(ticket, target=ticket.target[:-1] + digit)


def sigv4_header(t):
    good = t.signed(ALICE)
    yield Row("signed header", good, "allow")
    yield Row("signed header for HEAD", t.signed(ALICE, method="HEAD"), "allow", "HEAD")
    yield Row("signed header by alice", t.signed(ALICE, "ALICEKEY"), "allow")
    yield Row("signed header by alice for bob's", t.signed(BOB, "ALICEKEY"), "principal_may_not")
    yield Row("signed header with a token", t.signed(ALICE, "TEMPKEY"), "allow")
    yield Row("signed header with a query", t.signed(f"{ALICE}?v=2"), "allow")
    yield Row("signed header, 20 minutes old", t.signed(ALICE, ago=1200), "clock_skew")
    yield Row("signed header, 20 minutes ahead", t.signed(ALICE, ago=-1200), "clock_skew")
    yield Row("signed header, 10 minutes old", t.signed(ALICE, ago=600), "allow")
    yield Row("signed header, other path", good.replace("a.jpg", "b.jpg"), "signature_mismatch")
    yield Row("signed header, query added", good.add("v=1"), "signature_mismatch")
    yield Row(
        "signed header for HEAD, asked by GET", t.signed(ALICE, method="HEAD"), "method_mismatch"
    )
    yield Row(
        "signed header, unsigned header",
        good.with_header("x-amz-acl", "public-read"),
        "header_not_signed",
    )
    yield Row("signed header, no date", good.without_header("X-Amz-Date"), "malformed_credential")
    yield Row(
        "signed header, no payload",
        good.without_header("X-Amz-Content-SHA256"),
        "malformed_credential",
    )
    yield Row(
        "basic", Ticket(ALICE, (("authorization", "Basic YTpi"),)), "unsupported_authorization"
    )
    yield Row(
        "version 2 header",
        Ticket(ALICE, (("authorization", "AWS APPKEY:x"),)),
        "signature_version_2",
    )
    yield Row(
        "fields missing",
        Ticket(ALICE, (("authorization", "AWS4-HMAC-SHA256 x"),)),
        "malformed_credential",
    )


def tempurl(t):
    good = t.tempurl(SWIFT)
    yield Row("tempurl", good, "allow")
    yield Row("tempurl of the account", t.tempurl(SWIFT, "account"), "allow")
    yield Row("tempurl of another container", t.tempurl(SWIFT, "elsewhere"), "signature_mismatch")
    yield Row("tempurl sha512", t.tempurl(SWIFT, digest="sha512"), "allow")
    yield Row("tempurl sha1, allowed", t.tempurl(SWIFT, "account", digest="sha1"), "allow")
    yield Row(
        "tempurl sha1, not allowed",
        t.tempurl(SWIFT, "container", digest="sha1"),
        "signature_mismatch",
    )
    yield Row("tempurl, iso8601", t.tempurl(SWIFT, iso8601=True), "allow")
    yield Row(
        "tempurl, odd name", t.tempurl("/v1/AUTH_shop/media/public/odd%20name+%25.jpg"), "allow"
    )
    prefix = t.tempurl(SWIFT_CLIPS, prefix=True)
    query = prefix.target.split("?", 1)[1]
    yield Row("tempurl prefix", Ticket(f"{SWIFT_CLIPS}1.ts?{query}"), "allow")
    yield Row("tempurl prefix, second file", Ticket(f"{SWIFT_CLIPS}2.ts?{query}"), "allow")
    yield Row("tempurl prefix, elsewhere", Ticket(f"{SWIFT}?{query}"), "wrong_resource")
    wider = Ticket(f"{SWIFT_CLIPS}1.ts?{query}").replace(
        "prefix=users/alice/clips/", "prefix=users/alice/"
    )
    yield Row("tempurl prefix widened", wider, "signature_mismatch")
    yield Row("tempurl for this address", t.tempurl(SWIFT, ip=HERE), "allow")
    yield Row("tempurl for this network", t.tempurl(SWIFT, ip="127.0.0.0/8"), "allow")
    yield Row("tempurl for another address", t.tempurl(SWIFT, ip="192.0.2.1"), "wrong_address")
    yield Row(
        "tempurl, address changed",
        t.tempurl(SWIFT, ip="192.0.2.1").replace("192.0.2.1", HERE),
        "signature_mismatch",
    )
    yield Row("tempurl for GET, asked by HEAD", good, "allow", "HEAD")
    yield Row("tempurl for PUT, asked by HEAD", t.tempurl(SWIFT, method="PUT"), "allow", "HEAD")
    yield Row("tempurl for PUT, asked by GET", t.tempurl(SWIFT, method="PUT"), "method_mismatch")
    yield Row("tempurl for HEAD, asked by GET", t.tempurl(SWIFT, method="HEAD"), "method_mismatch")
    yield Row("tempurl, expired", t.tempurl(SWIFT, life=-60), "expired")
    yield Row("tempurl, other path", good.replace("a.jpg", "b.jpg"), "signature_mismatch")
    yield Row("tempurl, signature changed", _signature_changed(good), "signature_mismatch")
    yield Row("tempurl, filename added", good.add("filename=b.jpg"), "allow")
    yield Row("tempurl, inline added", good.add("inline"), "allow")
    yield Row(
        "tempurl, signature missing",
        Ticket(f"{SWIFT}?temp_url_expires=9999999999"),
        "malformed_credential",
    )
    yield Row(
        "tempurl, expiry missing",
        Ticket(f"{SWIFT}?temp_url_sig={'0' * 64}"),
        "malformed_credential",
    )
    yield Row("tempurl, twice", good.add("temp_url_expires=9999999999"), "duplicate_parameter")
    yield Row(
        "tempurl where no key is", Ticket(ALICE + "?" + good.target.split("?", 1)[1]), "unknown_key"
    )


def _signature_changed(ticket):
    before, after = ticket.target.split("temp_url_sig=", 1)
    digit = "1" if after[0] == "0" else "0"
    return dataclasses.replace(ticket, target=f"{before}temp_url_sig={digit}{after[1:]}")


def cloudfront(t):
    good = t.cloudfront(ALICE)
    yield Row("cloudfront", good, "allow")
    yield Row("cloudfront by HEAD", good, "allow", "HEAD")
    yield Row("cloudfront RSA SHA-256", t.cloudfront(ALICE, "K-RSA256"), "allow")
    yield Row("cloudfront ECDSA SHA-256", t.cloudfront(ALICE, "K-EC256"), "allow")
    yield Row("cloudfront with a query", t.cloudfront(f"{ALICE}?v=2&w=3"), "allow")
    yield Row("cloudfront of alice", t.cloudfront(ALICE, "K-ALICE"), "allow")
    yield Row("cloudfront of alice for bob's", t.cloudfront(BOB, "K-ALICE"), "principal_may_not")
    yield Row("cloudfront, expired", t.cloudfront(ALICE, life=-60), "expired")
    yield Row("cloudfront, other path", good.replace("a.jpg", "b.jpg"), "signature_mismatch")
    yield Row("cloudfront, query added", good.add("x=1"), "signature_mismatch")
    yield Row(
        "cloudfront, expiry changed",
        good.replace(f"Expires={t.now + HOUR}", f"Expires={t.now + HOUR + 1}"),
        "signature_mismatch",
    )
    yield Row(
        "cloudfront, unknown key",
        good.replace("Key-Pair-Id=K-RSA1", "Key-Pair-Id=K-NONE"),
        "unknown_key",
    )
    yield Row(
        "cloudfront by another key pair",
        t.cloudfront(ALICE, private=t.site.other_rsa.private),
        "signature_mismatch",
    )
    yield Row("cloudfront, algorithm claimed", good.add("Hash-Algorithm=SHA256"), "wrong_algorithm")
    yield Row(
        "cloudfront, algorithm not said",
        t.cloudfront(ALICE, "K-RSA256").replace("&Hash-Algorithm=SHA256", ""),
        "wrong_algorithm",
    )
    yield Row(
        "cloudfront, signature gone",
        Ticket(f"{ALICE}?Expires=9999999999&Key-Pair-Id=K-RSA1"),
        "malformed_credential",
    )
    yield Row("cloudfront, expiry twice", good.add("Expires=9999999999"), "duplicate_parameter")
    everything = f"{t.base}/media/users/alice/*"
    yield Row("cloudfront wildcard", t.cloudfront(CLIP, resource=everything), "allow")
    yield Row(
        "cloudfront wildcard, elsewhere", t.cloudfront(BOB, resource=everything), "wrong_resource"
    )
    yield Row(
        "cloudfront one letter",
        t.cloudfront(CLIP, resource=f"{t.base}/media/users/alice/clips/?.ts"),
        "allow",
    )
    yield Row("cloudfront any host", t.cloudfront(CLIP, resource="*/media/users/alice/*"), "allow")
    yield Row("cloudfront either scheme", t.cloudfront(CLIP, resource="http*://*/clips/*"), "allow")
    yield Row("cloudfront started", t.cloudfront(ALICE, starts=-60), "allow")
    yield Row("cloudfront not yet", t.cloudfront(ALICE, starts=600), "not_yet_valid")
    yield Row("cloudfront for this address", t.cloudfront(ALICE, ip=f"{HERE}/32"), "allow")
    yield Row(
        "cloudfront for another address", t.cloudfront(ALICE, ip="192.0.2.0/24"), "wrong_address"
    )
    policy = t.cloudfront(ALICE, starts=-60)
    yield Row("cloudfront, policy swapped", _policy_swapped(policy, t), "signature_mismatch")
    yield Row(
        "cloudfront, policy malformed",
        Ticket(f"{ALICE}?Policy=x&Signature=x&Key-Pair-Id=K-RSA1"),
        "malformed_credential",
    )
    cookies = t.cloudfront_cookies(CLIP, resource=everything)
    yield Row("cloudfront cookies", cookies, "allow")
    yield Row(
        "cloudfront cookies, SHA-256",
        t.cloudfront_cookies(CLIP, "K-RSA256", resource=everything),
        "allow",
    )
    yield Row(
        "cloudfront cookies, second file",
        dataclasses.replace(cookies, target=CLIP.replace("1", "2")),
        "allow",
    )
    yield Row(
        "cloudfront cookies, elsewhere", dataclasses.replace(cookies, target=BOB), "wrong_resource"
    )
    yield Row("cloudfront cookies, canned", t.cloudfront_cookies(ALICE), "allow")
    yield Row(
        "cloudfront cookies, expired",
        t.cloudfront_cookies(CLIP, resource=everything, life=-60),
        "expired",
    )
    yield Row(
        "cloudfront cookies and a public file",
        dataclasses.replace(cookies, target=PUBLIC),
        "wrong_resource",
    )
    yield Row(
        "cloudfront cookie alone",
        Ticket(CLIP, (("cookie", "CloudFront-Key-Pair-Id=K-RSA1"),)),
        "malformed_credential",
    )


def _policy_swapped(ticket, t):
    statement = {
        "Resource": f"{t.base}{ALICE}",
        "Condition": {"DateLessThan": {"AWS:EpochTime": t.now + 10 * HOUR}},
    }
    policy = base64.b64encode(json.dumps({"Statement": [statement]}).encode()).decode()
    policy = policy.replace("+", "-").replace("=", "_").replace("/", "~")
    pairs = [pair.split("=", 1) for pair in ticket.target.split("?", 1)[1].split("&")]
    query = "&".join(f"{name}={policy if name == 'Policy' else value}" for name, value in pairs)
    return Ticket(f"{ALICE}?{query}")


def edgeauth(t):
    for place in ["query", "cookie", "header"]:
        good = t.edgeauth(ALICE, acl="/media/users/alice/*", place=place)
        yield Row(f"edgeauth in {place}", good, "allow")
        yield Row(
            f"edgeauth in {place}, second file",
            dataclasses.replace(good, target=good.target.replace("a.jpg", "clips/1.ts")),
            "allow",
        )
        yield Row(
            f"edgeauth in {place}, elsewhere",
            dataclasses.replace(good, target=good.target.replace("alice", "bob", 1)),
            "wrong_resource",
        )
        yield Row(
            f"edgeauth in {place}, expired",
            t.edgeauth(ALICE, acl="/media/*", life=-60, place=place),
            "expired",
        )
        yield Row(
            f"edgeauth in {place}, next key",
            t.edgeauth(ALICE, "akamai-next", acl="/media/*", place=place),
            "allow",
        )
    yield Row("edgeauth url", t.edgeauth(ALICE), "allow")
    yield Row(
        "edgeauth url, other path",
        t.edgeauth(ALICE).replace("a.jpg", "b.jpg"),
        "signature_mismatch",
    )
    yield Row("edgeauth url, salt and escapes", t.edgeauth(ALICE, "akamai-salt"), "allow")
    yield Row(
        "edgeauth acl, salt and escapes",
        t.edgeauth(ALICE, "akamai-salt", acl="/media/*", session_id="a b/c"),
        "allow",
    )
    yield Row(
        "edgeauth several acls", t.edgeauth(ALICE, acl=["/public/*", "/media/users/*"]), "allow"
    )
    yield Row("edgeauth one letter", t.edgeauth(ALICE, acl="/media/users/alice/?.jpg"), "allow")
    yield Row("edgeauth started", t.edgeauth(ALICE, acl="/media/*", starts=-60), "allow")
    yield Row("edgeauth not yet", t.edgeauth(ALICE, acl="/media/*", starts=600), "not_yet_valid")
    yield Row("edgeauth for this address", t.edgeauth(ALICE, acl="/media/*", ip=HERE), "allow")
    yield Row(
        "edgeauth for another address",
        t.edgeauth(ALICE, acl="/media/*", ip="192.0.2.1"),
        "wrong_address",
    )
    yield Row(
        "edgeauth with id and data",
        t.edgeauth(ALICE, acl="/media/*", session_id="alice", payload="x"),
        "allow",
    )
    good = t.edgeauth(ALICE, acl="/media/users/alice/*")
    yield Row("edgeauth, acl widened", good.replace("/users/alice/*", "/*"), "signature_mismatch")
    yield Row(
        "edgeauth, expiry changed",
        good.replace(f"exp={t.now + HOUR}", f"exp={t.now + HOUR + 1}"),
        "signature_mismatch",
    )
    yield Row(
        "edgeauth, hmac gone", Ticket(good.target.split("~hmac", 1)[0]), "malformed_credential"
    )
    yield Row("edgeauth, no token", Ticket(f"{ALICE}?hdnts=x"), "malformed_credential")
    yield Row(
        "edgeauth under another name",
        Ticket(good.target.replace("hdnts", "hdntl")),
        "signature_mismatch",
    )
    yield Row(
        "edgeauth under a name without meaning",
        Ticket(good.target.replace("hdnts", "token")),
        "no_credential",
    )


def jwt(t):
    for key in ["users", "rs", "es", "ed"]:
        good = t.bearer(ALICE, key=key)
        yield Row(f"jwt {key}", good, "allow")
        yield Row(f"jwt {key}, other user", t.bearer(ALICE, "bob", key), "principal_may_not")
        yield Row(f"jwt {key}, expired", t.bearer(ALICE, key=key, life=-60), "token_expired")
        yield Row(
            f"jwt {key}, not yet", t.bearer(ALICE, key=key, nbf=t.now + 600), "token_not_yet_valid"
        )
        yield Row(f"jwt {key}, no user", t.bearer(ALICE, None, key), "token_claim_missing")
        yield Row(f"jwt {key}, claims changed", _claims_changed(good), "token_signature_mismatch")
        yield Row(
            f"jwt {key}, kid of another",
            t.bearer(ALICE, key=key, headers={"kid": "rs" if key != "rs" else "es"}),
            "token_algorithm",
        )
        yield Row(
            f"jwt {key}, unknown kid",
            t.bearer(ALICE, key=key, headers={"kid": "none"}),
            "token_unknown_key",
        )
    yield Row("jwt cookie", t.jwt_cookie(ALICE), "allow")
    yield Row("jwt cookie, other user", t.jwt_cookie(ALICE, "bob"), "principal_may_not")
    yield Row("jwt cookie, expired", t.jwt_cookie(ALICE, life=-60), "token_expired")
    yield Row(
        "jwt cookie of a key that has none", t.jwt_cookie(ALICE, key="rs"), "token_wrong_cookie"
    )
    yield Row("jwt in a cookie without meaning", t.jwt_cookie(ALICE, name="other"), "no_credential")
    yield Row("jwt, other issuer", t.bearer(ALICE, iss="evil"), "token_claim_wrong")
    yield Row("jwt, other audience", t.bearer(ALICE, aud="evil"), "token_claim_wrong")
    yield Row("jwt, no issuer", t.bearer(ALICE, iss=None), "token_claim_missing")
    yield Row(
        "jwt, an audience nobody asked for",
        t.bearer(ALICE, key="rs", aud="evil"),
        "token_claim_wrong",
    )
    yield Row(
        "jwt of nobody", Ticket(ALICE, (("authorization", "Bearer x.y.z"),)), "malformed_token"
    )
    yield Row(
        "jwt none", Ticket(ALICE, (("authorization", f"Bearer {_unsigned(t)}"),)), "token_algorithm"
    )


def _claims_changed(ticket):
    ((_, value),) = ticket.headers
    header, claims, signature = value.split(".")
    padded = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    changed = base64.urlsafe_b64encode(padded.replace(b'"exp":', b'"exp": ')).decode().rstrip("=")
    return dataclasses.replace(
        ticket, headers=(("authorization", f"{header}.{changed}.{signature}"),)
    )


def _unsigned(t):
    encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    claims = {"sub": "alice", "exp": t.now + HOUR, "iss": "app", "aud": "cloakroom"}
    return f"{encode({'alg': 'none', 'kid': 'users'})}.{encode(claims)}."


def swift_auth(t):
    good = t.swift_token(SWIFT)
    (_, token), *_ = good.headers
    user, until, mac = token.removeprefix("AUTH_tk1.").split(".")
    yield Row("swift token", good, "allow")
    yield Row("swift token, another path", t.swift_token(ALICE), "allow")
    yield Row(
        "swift token, in the other header", Ticket(SWIFT, (("x-storage-token", token),)), "allow"
    )
    yield Row("swift token, other user", t.swift_token(BOB), "principal_may_not")
    yield Row("swift token, for all members", t.swift_token(MEMBERS), "allow")
    yield Row("swift token, HEAD", t.swift_token(SWIFT), "allow", "HEAD")
    yield Row("swift token, expired", t.swift_token(SWIFT, life=-60), "swift_token_expired")
    yield Row(
        "swift token, another secret", t.swift_token(SWIFT, secret="x" * 64), "swift_token_mismatch"
    )
    yield Row(
        "swift token, no such user",
        t.swift_token(SWIFT, user="shop:eve"),
        "swift_token_unknown_key",
    )
    yield Row(
        "swift token, user of another dialect",
        t.swift_token(SWIFT, user="ALICEKEY", secret=t.site.secrets["ALICE_SECRET"]),
        "swift_token_unknown_key",
    )
    for what, changed, expected in [
        ("life", f"AUTH_tk1.{user}.{int(until) + 1}.{mac}", "swift_token_mismatch"),
        ("zero before its life", f"AUTH_tk1.{user}.0{until}.{mac}", "swift_token_mismatch"),
        ("no mac", f"AUTH_tk1.{user}.{until}", "swift_token_malformed"),
        ("empty mac", f"AUTH_tk1.{user}.{until}.", "swift_token_mismatch"),
        ("a part more", f"{token}.{mac}", "swift_token_malformed"),
        ("padding", f"{token}=", "swift_token_malformed"),
        ("version", f"AUTH_tk2.{user}.{until}.{mac}", "swift_token_malformed"),
        ("one of Swift's own", "AUTH_tk0123456789abcdef0123456789abcdef", "swift_token_malformed"),
        ("one of keystone's", "gAAAAABl", "malformed_token"),
    ]:
        ticket = Ticket(SWIFT, (("x-auth-token", changed),))
        yield Row(f"swift token, {what}", ticket, expected)
    for key in ("users", "rs", "es", "ed"):
        yield Row(f"jwt {key} as auth token", t.auth_token(ALICE, key=key), "allow")
    yield Row("jwt as storage token", t.auth_token(ALICE, header="x-storage-token"), "allow")
    yield Row("jwt as auth token, expired", t.auth_token(ALICE, life=-60), "token_expired")
    yield Row("jwt as auth token, other user", t.auth_token(BOB), "principal_may_not")


def several(t):
    token = t.swift_token(SWIFT).headers[0]
    # As servers put two headers of one name together.
    both = Ticket(SWIFT, ((token[0], f"{token[1]}, {token[1]}"),))
    yield Row("two swift tokens", both, "swift_token_malformed")
    yield Row(
        "auth token and storage token",
        t.swift_token(SWIFT).with_header("x-storage-token", token[1]),
        "several_credentials",
    )
    yield Row("swift token and bearer", t.bearer(SWIFT).with_header(*token), "several_credentials")
    yield Row(
        "swift token and presigned", t.presigned(SWIFT).with_header(*token), "several_credentials"
    )
    yield Row(
        "swift token and tempurl", t.tempurl(SWIFT).with_header(*token), "several_credentials"
    )
    yield Row("swift token and cookie", t.jwt_cookie(SWIFT, "bob").with_header(*token), "allow")
    bearer = t.bearer(ALICE).headers[0]
    session = t.jwt_cookie(ALICE).headers[0]
    signed = t.cloudfront_cookies(ALICE, resource="*").headers[0]
    yield Row(
        "presigned and bearer", t.presigned(ALICE).with_header(*bearer), "several_credentials"
    )
    yield Row("tempurl and bearer", t.tempurl(SWIFT).with_header(*bearer), "several_credentials")
    yield Row(
        "cloudfront and bearer", t.cloudfront(ALICE).with_header(*bearer), "several_credentials"
    )
    yield Row("edgeauth and bearer", t.edgeauth(ALICE).with_header(*bearer), "several_credentials")
    both = t.tempurl(SWIFT).target.split("?", 1)[1]
    yield Row("presigned and tempurl", t.presigned(SWIFT).add(both), "several_credentials")
    yield Row(
        "cloudfront and edgeauth",
        t.cloudfront(ALICE).add(t.edgeauth(ALICE).target.split("?", 1)[1]),
        "several_credentials",
    )
    yield Row(
        "edgeauth twice",
        t.edgeauth(ALICE).add(t.edgeauth(ALICE).target.split("?", 1)[1]),
        "several_credentials",
    )
    yield Row(
        "presigned, and a session comes along", t.presigned(ALICE).with_header(*session), "allow"
    )
    yield Row(
        "expired, and a session comes along",
        t.presigned(ALICE, life=60, ago=120).with_header(*session),
        "expired",
    )
    yield Row(
        "cloudfront, and cookies come along", t.cloudfront(ALICE).with_header(*signed), "allow"
    )
    cookies = f"{session[1]}; {signed[1]}"
    yield Row("two cookies", Ticket(ALICE, (("cookie", cookies),)), "several_credentials")


def mapping(t):
    yield Row("hidden, public", Ticket("/hidden/public/a.jpg"), "allow")
    yield Row("hidden, private", Ticket("/hidden/users/alice/a.jpg"), "no_credential")
    yield Row("hidden, signed", t.presigned("/hidden/users/alice/a.jpg"), "allow")
    yield Row(
        "hidden, expired", t.presigned("/hidden/users/alice/a.jpg", life=60, ago=120), "expired"
    )
    yield Row("location", t.presigned("/site/a.jpg"), "allow")
    yield Row("location is where the owner is", t.bearer("/site/a.jpg", "alice"), "allow")
    yield Row("location is not another's", t.bearer("/site/a.jpg", "bob"), "principal_may_not")
    yield Row("location, index", t.presigned("/site/"), "allow")
    yield Row("location cannot be left", t.bearer("/site/%2e%2e/bob/a.jpg", "bob"), "malformed_key")


def methods(t):
    yield Row("HEAD of a public file", Ticket(PUBLIC), "allow", "HEAD")
    yield Row("HEAD of a private file", Ticket(ALICE), "no_credential", "HEAD")
    yield Row("OPTIONS", Ticket(ALICE), "allow", "OPTIONS")
    for method in ["PUT", "DELETE"]:
        yield Row(f"{method} of a public file", Ticket(PUBLIC), "method_not_allowed", method)
        yield Row(
            f"{method} with a ticket for it",
            t.presigned(ALICE, method=method),
            "method_not_allowed",
            method,
        )
    yield Row("PATCH", Ticket(PUBLIC), "unknown_method", "PATCH")
