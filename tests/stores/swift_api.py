"""Swift's own API, as a user of TempAuth."""

import dataclasses
from urllib.parse import quote

from wire import send


@dataclasses.dataclass(frozen=True)
class SwiftUser:
    """`account` is the user's own, such as `/v1/AUTH_test`."""

    endpoint: str
    token: str
    account: str

    @classmethod
    def sign_in(cls, endpoint, user, key):
        headers = {"X-Auth-User": user, "X-Auth-Key": key}
        answer = send("GET", f"{endpoint}/auth/v1.0", headers)
        assert answer.status == 200, answer
        account = answer.headers["x-storage-url"].removeprefix(endpoint)
        return cls(endpoint, answer.headers["x-auth-token"], account)

    def request(self, method, path, headers=None, body=b""):
        """`path` is not percent-encoded yet."""
        headers = {"X-Auth-Token": self.token, **(headers or {})}
        return send(method, self.endpoint + quote(path), headers, body)
