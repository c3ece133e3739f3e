"""The three that decide: the core alone, the edge under workerd, the function.

Edge and function are asked over HTTP, and what they decided is read from their logs, where each
request has its id.
"""

import http.client
import json
import pathlib
import time
import urllib.parse

HERE = "127.0.0.1"


class Core:
    """The core as a subprocess, asked directly."""

    def __init__(self, process, policy, secrets, base):
        self.process, self.policy, self.secrets, self.base = process, policy, secrets, base

    def decide(self, rows, now):
        return {row.name: self._one(row, now) for row in rows}

    def _one(self, row, now):
        answer = self.process(
            "decide",
            policy=self.policy,
            secrets=self.secrets,
            method=row.method,
            url=self.base + row.ticket.target,
            headers={name.lower(): value for name, value in row.ticket.headers},
            client_ip=HERE,
            now=now,
        )
        return answer["reason"]


class Server:
    """Edge or function: a URL to ask and a log to read."""

    def __init__(self, url, log, allowed):
        self.address = urllib.parse.urlsplit(url)
        self.log, self.allowed = pathlib.Path(log), allowed

    def decide(self, rows, now):
        asked = {row.name: self._ask(row) for row in rows}
        entries = self._entries(asked.values())
        return {name: self._reason(entries[id_]) for name, id_ in asked.items()}

    def _ask(self, row):
        """Sends the request as it is; no client library tidies it up. Returns its id."""
        connection = http.client.HTTPConnection(
            self.address.hostname, self.address.port, timeout=30
        )
        try:
            connection.putrequest(
                row.method, row.ticket.target, skip_host=True, skip_accept_encoding=True
            )
            connection.putheader("host", self.address.netloc)
            # What the platform says of the viewer, and nobody else can.
            connection.putheader("cf-connecting-ip", HERE)
            for name, value in row.ticket.headers:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            answer.read()
            return answer.headers["x-request-id"]
        finally:
            connection.close()

    def _entries(self, ids):
        """The log's line of each request; a log may lag behind the answers."""
        deadline = time.monotonic() + 10
        while True:
            entries = {}
            # The last line may be there in part.
            for line in self.log.read_text(encoding="utf-8").split("\n")[:-1]:
                start = line.find("{")
                if start >= 0 and '"request_id"' in line:
                    entry = json.loads(line[start : line.rindex("}") + 1])
                    entries[entry["request_id"]] = entry
            missing = [id_ for id_ in ids if id_ not in entries]
            if not missing:
                return entries
            assert time.monotonic() < deadline, f"the log lacks {len(missing)} requests"
            time.sleep(0.1)

    def _reason(self, entry):
        return "allow" if entry["reason"] in self.allowed else entry["reason"]
