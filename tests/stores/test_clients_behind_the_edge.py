"""What people read their media with, told the edge in place of each store: the same objects."""

import django.conf
import pytest

import tools
from test_behind_the_edge import STORES

pytestmark = pytest.mark.edge

PREFIX = "clients/"
# Names that are names of files, too.
FILES = ["plain.txt", "a b+c&d=e.txt", "100%25.txt", "été 日本.txt", "folder/in a folder.txt"]

# Nothing lists a store that is asked by TempURLs.
LISTED = [store for store in STORES if store != "swift"]


def content(store, name):
    return f"{store} has {name}".encode()


@pytest.fixture(scope="module", params=STORES)
def store(system, request):
    """A store with the files."""
    for name in FILES:
        system.behind[request.param].put(PREFIX + name, content(request.param, name))
    yield request.param
    for name in FILES:
        system.behind[request.param].delete(PREFIX + name)


@pytest.fixture
def key(system):
    return tools.Key("APP", system.secrets["APP_SECRET"])


def fetched(folder, store):
    """The files came to `folder`, each as it is in the store."""
    found = [each for each in folder.rglob("*") if each.is_file()]
    assert sorted(str(each.relative_to(folder)) for each in found) == sorted(FILES)
    for name in FILES:
        assert (folder / name).read_bytes() == content(store, name), name


@pytest.fixture
def copies(tmp_path):
    """A folder with the folders of the files in it."""
    folder = tmp_path / "copies"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    return folder


def test_boto3(system, store, key):
    s3 = tools.connect(system.edge.endpoint, key)
    for name in FILES:
        answer = s3.get_object(Bucket=store, Key=PREFIX + name)
        assert answer["Body"].read() == content(store, name)
        part = s3.get_object(Bucket=store, Key=PREFIX + name, Range="bytes=3-5")
        assert part["Body"].read() == content(store, name)[3:6]
    if store in LISTED:
        listed = s3.list_objects_v2(Bucket=store, Prefix=PREFIX)["Contents"]
        assert [each["Key"] for each in listed] == sorted(PREFIX + name for name in FILES)


def test_aws(system, store, key, tmp_path, copies):
    aws = tools.aws(system.edge.endpoint, key, tmp_path)
    if store in LISTED:
        aws("s3", "sync", f"s3://{store}/{PREFIX}", str(copies))
    else:
        for name in FILES:
            aws("s3", "cp", f"s3://{store}/{PREFIX}{name}", str(copies / name))
    fetched(copies, store)


def test_s3cmd(system, store, key, tmp_path, copies):
    s3cmd = tools.s3cmd(system.edge.endpoint, key, tmp_path)
    if store in LISTED:
        s3cmd("sync", f"s3://{store}/{PREFIX}", f"{copies}/")
    else:
        for name in FILES:
            s3cmd("get", f"s3://{store}/{PREFIX}{name}", str(copies / name))
    fetched(copies, store)


def test_rclone(system, store, key, tmp_path, copies):
    rclone = tools.rclone(system.edge.endpoint, key, tmp_path)
    if store in LISTED:
        rclone("copy", f"edge:{store}/{PREFIX}", str(copies))
    else:
        for name in FILES:
            rclone("copyto", f"edge:{store}/{PREFIX}{name}", str(copies / name))
    fetched(copies, store)


def test_s3fs(system, store, key, tmp_path):
    if store not in LISTED:
        pytest.skip("a mount lists folders")
    with tools.s3fs(system.edge.endpoint, key, store, tmp_path) as root:
        fetched(root / PREFIX, store)


def test_django_storages(system, store, key):
    if not django.conf.settings.configured:
        django.conf.settings.configure()
    from storages.backends.s3 import S3Storage

    storage = S3Storage(
        access_key=key.id,
        secret_key=key.secret,
        bucket_name=store,
        location=PREFIX,
        endpoint_url=system.edge.endpoint,
        region_name="us-east-1",
        addressing_style="path",
    )
    for name in FILES:
        with storage.open(name) as file:
            assert file.read() == content(store, name)
        assert storage.exists(name) and storage.size(name) == len(content(store, name))
    assert not storage.exists("none.txt")
    if store in LISTED:
        folders, files = storage.listdir("")
        assert (folders, sorted(files)) == (["folder"], sorted(FILES[:-1]))


def test_swift(system, store, key, tmp_path, copies):
    user = tools.Key("app:swift", key.secret)
    swift = tools.swift(system.edge.endpoint, user, tmp_path)
    if store in LISTED:
        swift("download", store, "--prefix", PREFIX, "--output-dir", str(copies), "--remove-prefix")
    else:
        for name in FILES:
            swift("download", store, PREFIX + name, "--output", str(copies / name))
    fetched(copies, store)
