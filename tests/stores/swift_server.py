"""OpenStack Swift in one process: account, container, object and proxy server.

Usage: python swift_server.py FOLDER, with the Python that has Swift (tests/requirements-swift.txt).
It listens on free ports of 127.0.0.1, writes one JSON line when it answers, and ends when its
standard input does. All it stores is below FOLDER.

What differs from a cluster: one replica, one device, no background daemons, and a cache in memory
in place of memcached, which TempAuth needs to keep its tokens.
"""

import json
import os
import pathlib
import sys
import time

from swift.common import utils

utils.monkey_patch()  # Before anything else that uses sockets or threads.

import eventlet
import eventlet.hubs
import eventlet.wsgi
from swift.common import wsgi
from swift.common.ring import RingBuilder

REGION = "us-east-1"
USERS = """
user_test_owner = owning .admin
user_test_reader = reading
user_test_writer = writing
user_guest_owner = visiting .admin
"""
DIGESTS = "sha1 sha256 sha512"

FIRST = ["catch_errors", "gatekeeper", "cache", "listing_formats"]
PIPELINE = [*FIRST, "tempurl", "formpost", "s3api", "tempauth"]
PIPELINE += ["copy", "slo", "dlo", "symlink", "proxy-server"]

BACKEND = """
[pipeline:main]
pipeline = {name}-server

[app:{name}-server]
use = egg:swift#{name}
"""

# TempURL, FormPost and the S3 API stand before authentication, which they answer in its place.
# What makes large objects and links stands behind it.
PROXY = f"""
[pipeline:main]
pipeline = {" ".join(PIPELINE)}

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:gatekeeper]
use = egg:swift#gatekeeper

[filter:cache]
paste.filter_factory = swift_server:cache_factory

[filter:listing_formats]
use = egg:swift#listing_formats

[filter:tempurl]
use = egg:swift#tempurl
allowed_digests = {DIGESTS}

[filter:formpost]
use = egg:swift#formpost
allowed_digests = {DIGESTS}

[filter:s3api]
use = egg:swift#s3api
location = {REGION}

[filter:tempauth]
use = egg:swift#tempauth
{USERS}

[filter:copy]
use = egg:swift#copy

[filter:slo]
use = egg:swift#slo

[filter:dlo]
use = egg:swift#dlo

[filter:symlink]
use = egg:swift#symlink
"""


class Cache:
    """What Swift's middlewares use of `swift.common.memcached.MemcacheRing`, in memory."""

    def __init__(self):
        self._entries = {}

    def get(self, key, raise_on_error=False):
        text, expires_at = self._entries.get(key, ("null", None))
        return json.loads(text) if expires_at is None or time.time() < expires_at else None

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        # As text, so that nobody changes what is stored, and tuples come back as lists.
        self._entries[key] = (json.dumps(value), expiry(time))

    def incr(self, key, delta=1, time=0):
        value = max(0, int(self.get(key) or 0) + int(delta))
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -int(delta), time)

    def delete(self, key, server_key=None):
        self._entries.pop(key, None)

    def set_multi(self, mapping, server_key, serialize=True, time=0, min_compress_len=0):
        for key, value in mapping.items():
            self.set(key, value, time=time)

    def get_multi(self, keys, server_key):
        return [self.get(key) for key in keys]


def expiry(seconds):
    return time.time() + seconds if seconds else None


def cache_factory(_global_conf, **_local_conf):
    cache = Cache()

    def wrap(app):
        def with_cache(environ, start_response):
            environ["swift.cache"] = cache
            return app(environ, start_response)

        return with_cache

    return wrap


def main(folder):
    folder = pathlib.Path(folder).absolute()
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = test\nswift_hash_path_suffix = test\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    for name in ("account", "container", "object"):
        listener = listen()
        write_ring(folder, name, port(listener))
        serve(folder, name, BACKEND.format(name=name), listener)
    proxy = listen()
    serve(folder, "proxy", PROXY, proxy)
    print(json.dumps({"endpoint": f"http://127.0.0.1:{port(proxy)}", "region": REGION}), flush=True)
    eventlet.hubs.trampoline(sys.stdin.fileno(), read=True)


def listen():
    return eventlet.listen(("127.0.0.1", 0), backlog=512)


def port(listener):
    return listener.getsockname()[1]


def write_ring(folder, name, port):
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    builder.add_dev(
        {
            "id": 0,
            "region": 1,
            "zone": 1,
            "weight": 1.0,
            "ip": "127.0.0.1",
            "port": port,
            "replication_ip": "127.0.0.1",
            "replication_port": port,
            "device": "d1",
            "meta": "",
        }
    )
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{name}.ring.gz"))


def serve(folder, name, pipeline, listener):
    conf = folder / f"{name}-server.conf"
    conf.write_text(
        f"[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}/devices\nmount_check = false\n"
        f"bind_ip = 127.0.0.1\nbind_port = {port(listener)}\nlog_address = /dev/null\n"
        f"disable_fallocate = true\nfallocate_reserve = 0\n{pipeline}"
    )
    app, *_ = wsgi.init_request_processor(str(conf), f"{name}-server")
    eventlet.spawn(
        eventlet.wsgi.server,
        listener,
        app,
        utils.NullLogger(),
        protocol=wsgi.SwiftHttpProtocol,
        capitalize_response_headers=False,
    )


if __name__ == "__main__":
    # Swift writes times in UTC whatever the machine's zone.
    os.environ["TZ"] = "UTC+0"
    time.tzset()
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    main(*sys.argv[1:])
