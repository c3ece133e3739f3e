"""The edge is for reading; what changes something goes to the store."""

from storages.backends.s3 import S3Storage


class EdgeStorage(S3Storage):
    """Reads as an S3Storage with the edge's endpoint and key; `store` has the store's own."""

    def __init__(self, store, **edge):
        super().__init__(**edge)
        self.store = S3Storage(**store)

    def _open(self, name, mode="rb"):
        if "w" in mode:
            return self.store.open(name, mode)
        return super()._open(name, mode)

    def _save(self, name, content):
        return self.store._save(name, content)

    def delete(self, name):
        self.store.delete(name)
