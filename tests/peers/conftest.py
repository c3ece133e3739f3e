"""One core process for the whole session, handed to every test as `core`."""

import pytest

from core_process import CoreProcess


@pytest.fixture(scope="session")
def core():
    with CoreProcess() as process:
        yield process
