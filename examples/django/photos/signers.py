"""A `cloudfront_signer` for django-storages, which asks it for nothing but one method."""

import datetime
import math

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class StableSigner(CloudFrontSigner):
    """Signs by ECDSA and SHA-256, and gives the same URL again for a while.

    So browsers can cache what it opens. A URL lives for `stable_for` seconds longer than it was
    asked to, at most.
    """

    def __init__(self, key_id, private_key, stable_for):
        key = load_pem_private_key(private_key.encode(), password=None)
        # The same signature for the same policy, as of RFC 6979.
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        super().__init__(key_id, lambda policy: key.sign(policy, algorithm))
        self.stable_for = stable_for

    def generate_presigned_url(self, url, date_less_than):
        # django-storages gives it in UTC, and does not say so.
        asked = date_less_than.replace(tzinfo=datetime.timezone.utc).timestamp()
        expires = math.ceil(asked / self.stable_for) * self.stable_for
        until = datetime.datetime.fromtimestamp(expires, datetime.timezone.utc)
        return super().generate_presigned_url(url, until) + "&Hash-Algorithm=SHA256"
