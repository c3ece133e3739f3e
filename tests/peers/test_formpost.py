"""Forms of the core before Swift's own FormPost middleware."""

import contextlib
import io
import random
import string
import warnings
from unittest import mock

import pytest

from random_requests import random_text
from random_tempurls import ACCOUNT, ACCOUNT_KEYS, CONTAINER, CONTAINER_KEYS, DIGESTS, NOW

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    with contextlib.redirect_stderr(io.StringIO()):
        from swift.common import swob
        from swift.common.middleware import formpost
        from swift.proxy.controllers.base import get_cache_key

COUNT = 300
KEYS = [*ACCOUNT_KEYS.values(), *CONTAINER_KEYS.values()]
BOUNDARY = "a-boundary-of-forms"


class Swift:
    """Swift's middleware before a store that takes everything."""

    def __init__(self):
        def info(keys):
            names = ["Temp-URL-Key", "Temp-URL-Key-2"]
            return {"status": 200, "meta": dict(zip(names, keys, strict=True))}

        self._info = {
            get_cache_key(ACCOUNT): info(list(ACCOUNT_KEYS.values())),
            get_cache_key(ACCOUNT, CONTAINER): info(list(CONTAINER_KEYS.values())),
        }
        self._configuration = {"allowed_digests": " ".join(DIGESTS)}

    def __call__(self, path, fields, files, now):
        """The status, and what was stored by name."""
        stored = {}

        def app(environ, start_response):
            body = environ["wsgi.input"].read()
            name = environ["PATH_INFO"].encode("latin-1").decode()
            if not environ["wsgi.input"].file_size_exceeded:
                stored[name] = body
            return swob.Response(status=201)(environ, start_response)

        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path.encode().decode("latin-1"),
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "swift.infocache": dict(self._info),
        }
        request = swob.Request.blank("/", environ=environ, body=multipart(fields, files))
        request.environ["wsgi.input"] = io.BytesIO(multipart(fields, files))
        # Its logger opens a socket.
        with (
            mock.patch.object(formpost, "get_logger"),
            mock.patch.object(formpost, "time", lambda: now),
        ):
            middleware = formpost.filter_factory({}, **self._configuration)(app)
            return request.get_response(middleware).status_int, stored


def multipart(fields, files):
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields]
    parts += [
        f'name="file"; filename="{name}"\r\n\r\n'.encode() + body for name, body in files.items()
    ]
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def forms():
    source = random.Random(20130524)
    return [_form(source) for _ in range(COUNT)]


def _form(source):
    letters = "".join(source.choices(string.ascii_letters, k=source.randrange(1, 9)))
    folder = source.choice(["", f"{letters}/", f"{random_text(source, 20)}/"])
    redirect = f"https://shop.example/{letters}?a=b c&d=é"
    return {
        "path": f"/v1/{ACCOUNT}/{CONTAINER}/{folder}",
        "redirect": source.choice([None, redirect]),
        "max_file_size": source.randrange(1, 2**40),
        "max_file_count": source.randrange(1, 1000),
        "expires": NOW + source.randrange(10**6),
        "digest": source.choice(list(DIGESTS)),
        "key": source.choice(KEYS),
    }


@pytest.fixture(scope="module")
def swift():
    return Swift()


def sign(core, form):
    answer = core("formpost_sign", **form)
    assert "fields" in answer, answer
    return [tuple(field) for field in answer["fields"]]


ACCEPTED = {True: 303, False: 201}


@pytest.mark.parametrize("first", range(0, COUNT, 50))
def test_swift_takes_what_is_signed(core, swift, first):
    for form in forms()[first : first + 50]:
        fields = sign(core, form)
        files = {"a photo.jpg": b"x"}
        status, stored = swift(form["path"], fields, files, form["expires"])
        assert status == ACCEPTED[form["redirect"] is not None], form
        assert stored == {f"{form['path']}a photo.jpg": b"x"}
        status, stored = swift(form["path"], fields, files, form["expires"] + 1)
        assert (status, stored) == (401, {}), "it has expired"


def test_swift_refuses_what_is_changed(core, swift):
    for form in forms():
        signed = dict(sign(core, form))
        changes = [{name: _other(name, value)} for name, value in signed.items()]
        if form["redirect"] is None:
            changes.append({"redirect": "https://elsewhere.example/"})
        for change in changes:
            fields = list((signed | change).items())
            status, stored = swift(form["path"], fields, {"a": b"x"}, NOW)
            assert (status, stored) == (401, {}), (form, change)
        status, stored = swift(f"{form['path']}evil/", list(signed.items()), {"a": b"x"}, NOW)
        assert (status, stored) == (401, {}), "another folder"


def _other(name, value):
    if name == "signature":
        return ("0" if value[0] != "0" else "1") + value[1:]
    return value + "1" if name != "redirect" else "https://elsewhere.example/"


def test_size_and_count_hold(core, swift):
    form = forms()[0] | {"redirect": None, "max_file_size": 5, "max_file_count": 2}
    fields = sign(core, form)
    two = {"a": b"12345", "b": b""}
    assert swift(form["path"], fields, two, NOW)[0] == 201
    assert swift(form["path"], fields, {"a": b"123456"}, NOW) == (400, {})
    assert swift(form["path"], fields, two | {"c": b""}, NOW)[0] == 400
