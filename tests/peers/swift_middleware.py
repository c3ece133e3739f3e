"""Swift's own TempURL middleware, over an app that has every object."""

import contextlib
import io
import warnings
from unittest import mock
from urllib.parse import unquote_to_bytes

with warnings.catch_warnings():
    # On import, eventlet says that it is old.
    warnings.simplefilter("ignore")
    with contextlib.redirect_stderr(io.StringIO()):
        from swift.common import swob
        from swift.common.middleware import tempurl
        from swift.proxy.controllers.base import get_cache_key

# Every method, and no header but those that the test gives.
_CONFIGURATION = {"methods": "GET HEAD PUT POST DELETE"}


class Swift:
    """A cluster with one account and one container, each with two keys."""

    def __init__(self, account, container, account_keys, container_keys, digests):
        self._info = {
            get_cache_key(account): _info(account_keys),
            get_cache_key(account, container): _info(container_keys),
        }
        configuration = _CONFIGURATION | {"allowed_digests": " ".join(digests)}
        with mock.patch.object(tempurl, "get_logger"):
            self._filter = tempurl.filter_factory({}, **configuration)

    def __call__(self, method, target, now, address=None, stored=None):
        """The status, and the headers of the answer."""
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "swift.infocache": dict(self._info),
        }
        request = swob.Request.blank("/", environ=environ)
        if address is not None:
            request.environ["REMOTE_ADDR"] = address

        def app(environ, start_response):
            return swob.Response(status=200, headers=stored or {})(environ, start_response)

        with mock.patch.object(tempurl, "time", lambda: now):
            response = request.get_response(self._filter(app))
        return response.status_int, response.headers


def _info(keys):
    names = ["Temp-URL-Key", "Temp-URL-Key-2"]
    return {"status": 200, "meta": dict(zip(names, keys, strict=True))}
