"""The pages of `examples/django`: who sees which links, and what they open."""

import pathlib
from urllib.parse import quote, urlsplit

import pytest
from wire import send

from django_visitor import Visitor

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples/gallery/samples/users"
LINKS = {"image", "Download", "SigV4", "CloudFront", "P-256"}


@pytest.fixture(scope="module")
def pages(django_site):
    django_site.manage("migrate", "--verbosity=0")
    with django_site.served() as address:
        yield address


@pytest.fixture(scope="module")
def passwords(django_site, pages):
    return dict(line.split(" signs in with ") for line in django_site.manage("demo").splitlines())


@pytest.fixture(scope="module")
def visitors(pages, passwords):
    """Those who are signed in, by name."""
    visitors = {name: Visitor(pages) for name in passwords}
    for name, visitor in visitors.items():
        assert visitor.sign_in(name, passwords[name]).url == f"{pages}/"
    return visitors


def samples(user):
    return {file.name: file.read_bytes() for file in (SAMPLES / user).glob("*.jpg")}


def keys(page):
    return {urlsplit(url).path for photo in page.photos for url in photo["links"].values()}


def test_nothing_without_signing_in(pages, passwords):
    visitor = Visitor(pages)
    page = visitor.get()
    assert page.url == f"{pages}/login?next=/" and page.photos == []
    assert visitor.sign_in("alice", passwords["bob"]).url == f"{pages}/login"
    assert visitor.get().photos == []


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_links_open(django_site, visitors, user):
    page, expected = visitors[user].get(), samples(user)
    assert sorted(page.titles) == sorted(expected)
    for photo in page.photos:
        assert set(photo["links"]) == LINKS
        for url in photo["links"].values():
            assert url.startswith(f"{django_site.edge.endpoint}/media/site/users/")
            answer = send("GET", url)
            assert (answer.status, answer.body) == (200, expected[photo["title"]])
            assert answer.headers["content-type"] == "image/jpeg"


def test_nothing_of_others(visitors):
    alice, bob = visitors["alice"], visitors["bob"]
    assert not keys(alice.get()) & keys(bob.get())
    photo = alice.get().photos[0]
    assert bob.remove(photo["remove"]).status == 404
    assert photo["title"] in alice.get().titles
    assert send("GET", photo["links"]["SigV4"]).status == 200


def test_no_copy_of_the_page_is_kept(visitors):
    assert "no-store" in visitors["alice"].get().headers["cache-control"]


def test_a_photo_comes_and_goes(visitors):
    bob, name, body = visitors["bob"], "Übung <1> & 'zwei'.png", b"\x89PNG, or nearly"
    assert bob.upload(name, body).status == 200
    photo = bob.get().photos[0]
    assert photo["title"] == name
    for url in photo["links"].values():
        answer = send("GET", url)
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["content-type"] == "image/png"
    saved_as = send("GET", photo["links"]["Download"]).headers["content-disposition"]
    assert saved_as == f"attachment; filename*=utf-8''{quote(name)}"
    # Another one with the same name is another photo.
    assert bob.upload(name, b"another").status == 200
    second = bob.get().photos[0]
    assert second["links"]["image"].partition("?")[0] != photo["links"]["image"].partition("?")[0]
    assert send("GET", photo["links"]["image"]).body == body
    for each in [photo, second]:
        assert bob.remove(each["remove"]).status == 200
        assert send("GET", each["links"]["image"]).status == 404
    assert name not in bob.get().titles


def test_what_is_no_photo_is_refused(visitors):
    bob = visitors["bob"]
    before = bob.get().titles
    page = bob.upload("page.html", b"<script>alert(1)</script>")
    assert "File extension “html” is not allowed." in page.text
    assert bob.get().titles == before


def test_the_keys_are_made_once(django_site):
    done = django_site.make_local()
    assert done.returncode == 1 and "is there already" in done.stderr
