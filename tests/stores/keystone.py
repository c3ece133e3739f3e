"""Keystone, as far as it gives a token for an application credential.

It speaks `POST /v3/auth/tokens` of the Identity API reference and nothing else: it knows one
credential, its answers have no body to speak of, and its tokens are those of TempAuth, which Swift
takes. The first one that it gives has ended already.
"""

import http.server
import json
import threading

from swift_api import SwiftUser

ID, SECRET = "21dced0fd20347869b93710d2b98aae0", "the secret of the application credential"
ENDED = "AUTH_tk" + 32 * "0"


class Keystone:
    """For the account of a user of Swift. `asked` counts the tokens that were given."""

    def __init__(self, endpoint, user, key):
        self._sign_in = lambda: SwiftUser.sign_in(endpoint, user, key).token
        self.asked = 0

    def __enter__(self):
        keystone = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self._answer(*keystone.answer(self.path, self.headers["content-type"], body))

            def _answer(self, status, headers):
                self.send_response(status)
                for name, value in {**headers, "content-length": "2"}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v3"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path, content_type, body):
        if (path, content_type) != ("/v3/auth/tokens", "application/json"):
            return 404, {}
        identity = json.loads(body)["auth"]["identity"]
        credential = {"id": ID, "secret": SECRET}
        expected = {"methods": ["application_credential"], "application_credential": credential}
        if identity != expected:
            return 401, {}
        self.asked += 1
        token = ENDED if self.asked == 1 else self._sign_in()
        return 201, {"x-subject-token": token}
