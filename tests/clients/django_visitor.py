"""A browser without a screen: it keeps cookies, reads pages, and sends their forms."""

import http.cookiejar
import secrets
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser


class Visitor:
    def __init__(self, address):
        self._address = address
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, path="/"):
        return self._open(path)

    def sign_in(self, name, password):
        fields = {"username": name, "password": password, "csrfmiddlewaretoken": self._token()}
        return self.send("/login", urllib.parse.urlencode(fields).encode())

    def upload(self, filename, body):
        boundary = secrets.token_hex(16)
        parts = [
            f'name="csrfmiddlewaretoken"\r\n\r\n{self._token()}'.encode(),
            f'name="file"; filename="{filename}"\r\n\r\n'.encode() + body,
        ]
        begin = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
        form = b"".join(begin + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
        return self.send("/", form, f"multipart/form-data; boundary={boundary}")

    def remove(self, action):
        fields = {"csrfmiddlewaretoken": self._token()}
        return self.send(action, urllib.parse.urlencode(fields).encode())

    def send(self, path, form, content_type="application/x-www-form-urlencoded"):
        return self._open(path, form, {"Content-Type": content_type})

    def _token(self):
        return self.get().token

    def _open(self, path, form=None, headers=()):
        request = urllib.request.Request(self._address + path, form, dict(headers))
        try:
            answer = self._opener.open(request)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return Page(answer)


class Page(HTMLParser):
    """What is in a page. `photos` has a dict for each: its title, and a URL for each link."""

    def __init__(self, answer):
        super().__init__()
        self.status, self.url, self.headers = answer.status, answer.url, answer.headers
        self.token, self.photos = None, []
        self._text = None
        self.text = answer.read().decode()
        self.feed(self.text)

    @property
    def titles(self):
        return [photo["title"] for photo in self.photos]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("name") == "csrfmiddlewaretoken":
            self.token = attributes["value"]
        elif attributes.get("class") == "photo":
            self.photos.append({"links": {}})
        elif self.photos and tag == "img":
            self.photos[-1]["links"]["image"] = attributes["src"]
        elif self.photos and tag == "form":
            self.photos[-1]["remove"] = attributes["action"]
        self._attributes, self._text = attributes, ""

    def handle_data(self, text):
        self._text = (self._text or "") + text

    def handle_endtag(self, tag):
        if self.photos and tag == "h2":
            self.photos[-1]["title"] = self._text
        elif self.photos and tag == "a" and self._text.strip():
            self.photos[-1]["links"][self._text] = self._attributes["href"]
