"""Stores that take what they should refuse, or answer nothing of use."""

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class LaxStore:
    """Says 200 to everything, and notes what it was told to store and to remove."""

    def __init__(self):
        self.stored, self.removed, self.requests = set(), set(), 0
        self.signatures = set()

    def __enter__(self):
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("content-length") or 0)
                store._answer(self, self.rfile.read(length))

            def log_message(self, *_):
                pass

        for method in ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"):
            setattr(Handler, f"do_{method}", Handler.handle_any)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request, body):
        self.requests += 1
        self.signatures.update(re.findall(r"(?i:sig|signature)=([0-9a-f]+)", request.path))
        path = unquote(urlsplit(request.path).path)
        if request.command == "PUT":
            self.stored.add(path)
        elif request.command == "POST":
            # S3 names the object in a field, Swift in the file's name behind the path.
            text = body.decode("latin-1")
            key = re.search(r'name="key"\r\n\r\n([^\r]*)', text)
            name = re.search(r'filename="([^"]*)"', text)
            if name:
                self.stored.add(f"{path}/{key[1]}" if key else path + name[1])
        elif request.command == "DELETE":
            self.removed.add(path)
        self.answer(request, path, body)

    def answer(self, request, path, body):
        reply(request, 200)


class RefusingStore(LaxStore):
    """Answers every request alike, and says what it was asked: address, query and headers."""

    def __init__(self, status):
        super().__init__()
        self._status = status

    def answer(self, request, path, body):
        said = f"{request.path} {request.headers}"
        code = f"<Error><Code>{said}</Code><Region>{said}</Region></Error>".encode()
        location = {"location": f"http://127.0.0.1:1{request.path}"}
        reply(request, self._status, code, location)


class UndeletingStore(LaxStore):
    """The same lax store, but that nothing can be removed from it."""

    def answer(self, request, path, body):
        reply(request, 403 if request.command == "DELETE" else 200)


class ShyStore(LaxStore):
    """Hangs up."""

    def answer(self, request, path, body):
        request.close_connection = True


class SilentStore(LaxStore):
    """Never answers, until it is left."""

    def __init__(self):
        super().__init__()
        self._left = threading.Event()

    def __exit__(self, *arguments):
        self._left.set()
        super().__exit__(*arguments)

    def answer(self, request, path, body):
        self._left.wait()
        request.close_connection = True


class OldDigests(LaxStore):
    """A Swift of the time of SHA-1, which knows no other signature."""

    def answer(self, request, path, body):
        if path == "/info":
            return reply(request, 200, b'{"tempurl": {"methods": [], "allowed_digests": ["sha1"]}}')
        return reply(request, 401)


class Gullible(LaxStore):
    """A Swift that heeds whatever an upload asks for, in the containers of `opened`."""

    def __init__(self, opened):
        super().__init__()
        self._opened = opened
        self.objects = {}

    def answer(self, request, path, body):
        if not any(path.startswith(f"/v1/AUTH_test/{name}/") for name in self._opened):
            return reply(request, 401)
        if request.command == "PUT":
            self.objects[path] = self._pointed_at(request, body) or body
            return reply(request, 201)
        if request.command == "DELETE":
            found = self.objects.pop(path, None)
            return reply(request, 404 if found is None else 204)
        found = self.objects.get(path)
        return reply(request, 404) if found is None else reply(request, 200, found)

    def _pointed_at(self, request, body):
        """What an upload asks to stand for."""
        if "multipart-manifest" in parse_qs(urlsplit(request.path).query):
            other = re.search(rb'"path":\s*"/([^"]*)"', body)[1].decode()
        else:
            wishes = ("x-copy-from", "x-object-manifest", "x-symlink-target")
            asked = [request.headers[name] for name in wishes if name in request.headers]
            other = unquote(asked[0]).lstrip("/") if asked else None
        return self.objects.get(f"/v1/AUTH_test/{other}")


class OldForms(Gullible):
    """A Swift whose forms are of the time of SHA-1, and whose TempURLs are not."""

    def answer(self, request, path, body):
        if path == "/info":
            info = b'{"tempurl": {"methods": [], "allowed_digests": ["sha1", "sha256"]}, '
            return reply(request, 200, info + b'"formpost": {}}')
        if request.command == "POST":
            return reply(request, 401)
        return super().answer(request, path, body)


def reply(request, status, body=b"", headers=None):
    # Who asked may have gone.
    with contextlib.suppress(ConnectionError):
        request.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
