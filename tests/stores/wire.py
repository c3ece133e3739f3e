"""Requests sent byte for byte as they are, which no client library does."""

import dataclasses
import http.client
from urllib.parse import urlsplit


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def accepted(self):
        return 200 <= self.status < 300


def send(method, url, headers=(), body=b"", to=None):
    """Sends to the server at `to`, by default to the one that the URL names."""
    parts = urlsplit(url)
    target = url[url.index(parts.netloc) + len(parts.netloc) :] or "/"
    connection = http.client.HTTPConnection(urlsplit(to or url).netloc, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        sent = {name.lower(): value for name, value in dict(headers).items()}
        sent.setdefault("host", parts.netloc)
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())
    finally:
        connection.close()
