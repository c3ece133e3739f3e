"""Ports that nobody listens at."""

import contextlib
import random
import socket

# Below those that systems give to connections that go out: one of those may be taken again before
# somebody listens at it.
PORTS = range(16384, 32768)


def free_ports(count):
    ports = []
    with contextlib.ExitStack() as stack:
        while len(ports) < count:
            listener = stack.enter_context(socket.socket())
            port = random.choice(PORTS)
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


def free_port():
    return free_ports(1)[0]
