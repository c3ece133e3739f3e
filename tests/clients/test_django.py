"""django-storages, by the settings of `examples/django`."""

import datetime
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from wire import send

from django_site import SECRETS, Raised

#: The storages whose URLs the edge opens, and those that read through it.
LINKS = ["default", "edge", "cloudfront", "signer"]
READERS = ["default", "edge"]

#: Names that URLs like to get wrong. Django has no backslashes in names.
NAMES = [
    f"users/1/{name}"
    for name in [
        "plain.jpg",
        "two words.jpg",
        " leading and trailing ",
        "été/日本語 🧥.png",
        "decomposed-e\u0301.jpg",
        "plus+and%20per%cent%2F%41.jpg",
        'it\'s "quoted".jpg',
        "hash#mark?question=1&x.jpg",
        "semi;colon:comma,at@dollar$bang!.jpg",
        "~tilde*(star)[x]{y}|^`.jpg",
        "<b>&amp;.html",
    ]
]

BIG = "users/1/big.bin"
OTHERS = "users/2/of somebody else.jpg"


def content(name):
    return f"the content of {name}".encode() * (500_000 if name == BIG else 1)


@pytest.fixture(scope="module")
def site(django_site):
    """The project, with a file under each name."""
    for name in [*NAMES, BIG, OTHERS]:
        save = "storages['default'].save(name, ContentFile(body))"
        assert django_site(save, name=name, body=content(name)) == name
    return django_site


def url(site, storage, name, **options):
    return site("storages[alias].url(name, **options)", alias=storage, name=name, options=options)


def denied(site, link, reason, method="GET"):
    answer = send(method, link)
    assert answer.status == 403, (link, answer)
    assert site.edge.entry(answer)["reason"] == reason, link


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("storage", LINKS)
def test_what_was_saved_comes_back(site, storage, name):
    link = url(site, storage, name)
    assert link.startswith(f"{site.edge.endpoint}/media/site/users/1/")
    answer = send("GET", link)
    assert (answer.status, answer.body) == (200, content(name))
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_kinds_of_links(site):
    def parameters(storage):
        return sorted(parse_qs(urlsplit(url(site, storage, NAMES[0])).query))

    sigv4 = ["Algorithm", "Credential", "Date", "Expires", "Signature", "SignedHeaders"]
    assert parameters("default") == parameters("edge") == [f"X-Amz-{name}" for name in sigv4]
    assert parameters("cloudfront") == ["Expires", "Key-Pair-Id", "Signature"]
    assert parameters("signer") == ["Expires", "Hash-Algorithm", "Key-Pair-Id", "Signature"]


@pytest.mark.parametrize("storage", READERS)
def test_reading(site, storage):
    for name in [*NAMES, BIG]:
        read = site("storages[alias].open(name).read()", alias=storage, name=name)
        assert read == content(name)
        seek = "[file := storages[alias].open(name), file.seek(4), file.read(7)][2]"
        assert site(seek, alias=storage, name=name) == b"content"
        assert site("storages[alias].exists(name)", alias=storage, name=name)
        assert site("storages[alias].size(name)", alias=storage, name=name) == len(content(name))
        modified = "storages[alias].get_modified_time(name).isoformat()"
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(
            site(modified, alias=storage, name=name)
        )
        assert -2 < age.total_seconds() < 3600


@pytest.mark.parametrize("storage", READERS)
def test_lines_and_text(site, storage):
    read = "storages[alias].open(name, 'r').read()"
    assert site(read, alias=storage, name=NAMES[3]) == content(NAMES[3]).decode()


@pytest.mark.parametrize("storage", READERS)
def test_what_is_missing(site, storage):
    for name in ["users/1/missing.jpg", "users/1/missing/", "users/1/two+words.jpg"]:
        assert site("storages[alias].exists(name)", alias=storage, name=name) is False
        for call in ["open", "size"]:
            with pytest.raises(Raised, match="^FileNotFoundError"):
                site(f"storages[alias].{call}(name)", alias=storage, name=name)
        assert send("GET", url(site, storage, name)).status == 404


@pytest.mark.parametrize("storage", READERS)
def test_listdir(site, storage):
    def listed(folder):
        folders, files = site("storages[alias].listdir(folder)", alias=storage, folder=folder)
        return sorted(folders), sorted(files)

    assert listed("") == (["users"], [])
    assert listed("users") == (["1", "2"], [])
    flat = [name for name in [*NAMES, BIG] if name.count("/") == 2]
    assert listed("users/1") == (["été"], sorted(name[len("users/1/") :] for name in flat))
    assert listed("users/3") == ([], [])


def test_changes(site):
    default, name = "storages['default']", "users/1/changed.jpg"
    assert site(f"{default}.save(name, ContentFile(b'first'))", name=name) == name
    again = site(f"{default}.save(name, ContentFile(b'second'))", name=name)
    assert again != name
    for each, body in {name: b"first", again: b"second"}.items():
        assert site(f"{default}.open(name).read()", name=each) == body
        site(f"{default}.delete(name)", name=each)
        assert not site(f"{default}.exists(name)", name=each)


def test_only_changes_go_to_the_store(site):
    """Where the store is out of reach, reading goes on."""
    dead = "{**options('default')['store'], 'endpoint_url': 'http://127.0.0.1:1'}"
    storage = f"EdgeStorage(**{{**options('default'), 'store': {dead}}})"
    name = NAMES[1]
    assert site(f"{storage}.open(name).read()", name=name) == content(name)
    assert site(f"{storage}.exists(name)", name=name)
    assert site(f"{storage}.listdir('users')") == (["1", "2"], [])
    for change in ["save(name, ContentFile(b'x'))", "delete(name)", "open(name, 'wb').write(b'x')"]:
        with pytest.raises(Raised, match="http://127.0.0.1:1/"):
            site(f"{storage}.{change}", name=name)


def test_the_edge_takes_no_changes(site):
    for change in ["save('users/1/a.jpg', ContentFile(b'x'))", "delete('users/1/plain.jpg')"]:
        with pytest.raises(Raised):
            site(f"storages['edge'].{change} and None")
    assert site("storages['edge'].open('users/1/plain.jpg').read()") == content(NAMES[0])


@pytest.mark.parametrize("storage", ["cloudfront", "signer"])
def test_an_expired_cloudfront_link(site, storage):
    # Longer ago than the signer rounds up.
    denied(site, url(site, storage, NAMES[1], expire=-4000), "expired")


@pytest.mark.parametrize("storage", READERS)
def test_an_expired_sigv4_link(site, storage):
    link = url(site, storage, NAMES[1], expire=1)
    deadline = time.monotonic() + 20
    while send("GET", link).status == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    denied(site, link, "expired")


def path(link, _):
    return link.replace("plain", "other")


def owner(link, _):
    return link.replace("/users/1/plain.jpg", quote(f"/{OTHERS}"))


def lifetime(link, _):
    """A little more of it."""
    name = "X-Amz-Expires" if "X-Amz-Expires" in link else "Expires"
    before = parse_qs(urlsplit(link).query)[name][0]
    return link.replace(f"{name}={before}", f"{name}={int(before) + 1}")


def signature(link, other):
    """That of another file."""
    name = "X-Amz-Signature" if "X-Amz-Signature" in link else "Signature"
    mine, its = (parse_qs(urlsplit(each).query)[name][0] for each in [link, other])
    return link.replace(mine, its)


def parameter(link, _):
    return f"{link}&response-content-type=text%2Fhtml"


@pytest.mark.parametrize("change", [path, owner, lifetime, signature, parameter])
@pytest.mark.parametrize("storage", LINKS)
def test_a_changed_link(site, storage, change):
    link, other = url(site, storage, NAMES[0]), url(site, storage, OTHERS)
    changed = change(link, other)
    assert changed != link
    denied(site, changed, "signature_mismatch")
    assert send("GET", link).status == 200


def test_no_link_at_all(site):
    for storage in LINKS:
        bare = url(site, storage, NAMES[0]).partition("?")[0]
        assert send("GET", bare).status == 403


def test_the_key_of_one_user(site):
    """Put in place of the site's, it opens what is this user's."""
    storage = "S3Storage(**{**options('edge'), 'access_key': 'VISITOR', 'secret_key': secret})"
    names = {"secret": SECRETS["VISITOR_SECRET"]}
    assert site(f"{storage}.open(name).read()", name=OTHERS, **names) == content(OTHERS)
    assert send("GET", site(f"{storage}.url(name)", name=OTHERS, **names)).status == 200
    for call in ["open", "exists", "size"]:
        with pytest.raises(Raised, match="403"):
            site(f"{storage}.{call}(name) and None", name=NAMES[0], **names)
    denied(site, site(f"{storage}.url(name)", name=NAMES[0], **names), "principal_may_not")


@pytest.mark.parametrize("storage", READERS)
def test_saved_under_another_name(site, storage):
    wanted = "attachment; filename*=utf-8''%C3%A9t%C3%A9%20%22x%22.jpg"
    parameters = {"ResponseContentDisposition": wanted, "ResponseContentType": "image/jpeg"}
    answer = send("GET", url(site, storage, NAMES[1], parameters=parameters))
    assert (answer.status, answer.body) == (200, content(NAMES[1]))
    assert answer.headers["content-disposition"] == wanted
    assert answer.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("storage", ["cloudfront", "signer"])
def test_cloudfront_signs_the_query(site, storage):
    wanted = 'attachment; filename="a b+c.jpg"'
    parameters = {"response-content-disposition": wanted}
    link = url(site, storage, NAMES[1], parameters=parameters)
    answer = send("GET", link)
    assert (answer.status, answer.body) == (200, content(NAMES[1]))
    assert answer.headers["content-disposition"] == wanted
    denied(site, link.replace("=attachment", "=inline"), "signature_mismatch")


@pytest.mark.parametrize("storage", READERS)
def test_a_link_for_head(site, storage):
    link = url(site, storage, NAMES[1], http_method="HEAD")
    answer = send("HEAD", link)
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(content(NAMES[1]))))
    denied(site, link, "method_mismatch")


def test_a_link_that_stays_the_same(site):
    def link(expire):
        return url(site, "signer", NAMES[0], expire=expire)

    def expires(expire):
        return int(parse_qs(urlsplit(link(expire)).query)["Expires"][0])

    hour, until = 3600, expires(600)
    assert until % hour == 0 and 600 <= until - time.time() <= 600 + hour
    assert expires(600 + hour) == until + hour
    # The hour may end between two of them, but not twice.
    links = [link(600) for _ in range(3)]
    assert links[0] == links[1] or links[1] == links[2]
