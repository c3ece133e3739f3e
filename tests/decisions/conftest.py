"""The system with the site's policy, started once: `cargo xtask dev --policy`."""

import time

import pytest
from botocore.config import Config
from botocore.session import get_session

import dev_system
import shop
from core_process import CoreProcess


@pytest.fixture(scope="session")
def core():
    with CoreProcess() as process:
        yield process


@pytest.fixture(scope="session")
def site():
    return shop.make_site()


@pytest.fixture(scope="session")
def system(site, tmp_path_factory):
    """The system with the objects of `shop` in its store."""
    data = tmp_path_factory.mktemp("data")
    with dev_system.running(data, site.policy, site.secrets) as said:
        store_objects(said)
        yield said


def store_objects(running):
    key = running["keys"]["store"]
    client = get_session().create_client(
        "s3",
        endpoint_url=running["store"],
        region_name=running["region"],
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
        config=Config(s3={"addressing_style": "path"}),
    )
    for name in shop.OBJECTS:
        client.put_object(Bucket=running["bucket"], Key=name, Body=name.encode())


@pytest.fixture(scope="session")
def now():
    return int(time.time())
