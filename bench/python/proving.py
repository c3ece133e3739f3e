"""OpenStack Swift proves requests: its middlewares for TempURLs and for S3."""

import contextlib
import io
import warnings
from urllib.parse import unquote, urlsplit

with warnings.catch_warnings():
    # On import, eventlet says that it is old.
    warnings.simplefilter("ignore")
    with contextlib.redirect_stderr(io.StringIO()):
        from swift.common import swob
        from swift.common.middleware import tempurl
        from swift.common.middleware.s3api.s3request import SigV4Request
        from swift.proxy.controllers.base import get_cache_key


def add_tempurl(contest, row, target, account, container, key):
    """A TempURL: the middleware before an app that has every object."""
    middleware = tempurl.filter_factory({})(swob.Response(status=200))
    keyless = {get_cache_key(account, container): {"status": 200, "meta": {}}}

    def verify(key):
        request = swob.Request.blank(target)
        # What Swift has found out about the account and the container before.
        known = {get_cache_key(account): {"status": 200, "meta": {"Temp-URL-Key": key}}}
        request.environ["swift.infocache"] = keyless | known
        return request.get_response(middleware).status_int == 200

    add(contest, row, verify, key)


def add_sigv4(contest, row, url, headers, secret):
    """A request that is signed for S3."""
    parts = urlsplit(url)
    sent = {
        "REQUEST_METHOD": "GET",
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": "443",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path),
        "QUERY_STRING": parts.query,
        "wsgi.url_scheme": parts.scheme,
        "HTTP_HOST": parts.netloc,
    }
    for name, value in headers.items():
        sent["HTTP_" + name.upper().replace("-", "_")] = value

    def verify(secret):
        return SigV4Request(dict(sent)).sig_checker.check_signature(secret)

    add(contest, row, verify, secret)


def add(contest, row, verify, key):
    """Adds what proves with `key`, and with no other."""
    if not verify(key) or verify(key[::-1]):
        raise RuntimeError(f"Swift does not tell right from wrong: {row}")
    contest.add(row, "swift", lambda: verify(key))
