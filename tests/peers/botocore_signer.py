"""botocore's signers at a fixed time, with each step of what they signed."""

import dataclasses
from unittest import mock

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials


@dataclasses.dataclass(frozen=True)
class Signed:
    url: str
    headers: dict[str, str]
    canonical_request: str
    string_to_sign: str


class _Recorded:
    """Keeps the steps that botocore computes on its way to the signature."""

    def canonical_request(self, request):
        self.recorded_request = super().canonical_request(request)
        return self.recorded_request

    def string_to_sign(self, request, canonical_request):
        self.recorded_string = super().string_to_sign(request, canonical_request)
        return self.recorded_string


class _GeneralHeaderAuth(_Recorded, SigV4Auth):
    pass


class _GeneralQueryAuth(_Recorded, SigV4QueryAuth):
    pass


class _HeaderAuth(_Recorded, S3SigV4Auth):
    pass


class _QueryAuth(_Recorded, S3SigV4QueryAuth):
    pass


class _QueryAuthWithPayload(_QueryAuth):
    """Names the payload in the query, as the SDKs for JavaScript do."""

    def payload(self, request):
        return self.named_payload


def sign_header(request):
    return _sign(_HeaderAuth(_credentials(request), "s3", request.region), request)


def presign(request):
    signer = _QueryAuth(_credentials(request), "s3", request.region, expires=request.expires_in)
    return _sign(signer, request)


def presign_naming_payload(request, payload):
    """A presigned URL with `X-Amz-Content-Sha256`."""
    signer = _QueryAuthWithPayload(
        _credentials(request), "s3", request.region, expires=request.expires_in
    )
    signer.named_payload = payload
    parameters = (*request.parameters, ("X-Amz-Content-Sha256", payload))
    return _sign(signer, dataclasses.replace(request, parameters=parameters))


def sign_header_for(service, request):
    """As services other than S3 have it."""
    return _sign(_GeneralHeaderAuth(_credentials(request), service, request.region), request)


def presign_for(service, request):
    """As services other than S3 have it."""
    credentials, expires = _credentials(request), request.expires_in
    return _sign(_GeneralQueryAuth(credentials, service, request.region, expires), request)


def _sign(signer, request):
    aws_request = AWSRequest(method=request.method, url=request.url, data=request.body)
    pairs = request.headers.items() if isinstance(request.headers, dict) else request.headers
    for name, value in pairs:
        aws_request.headers[name] = value
    if isinstance(signer, SigV4QueryAuth):
        # A presigned URL never covers the body, and botocore would read one as form fields.
        aws_request.data = b""
    elif request.body is None:
        aws_request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
        aws_request.context["payload_signing_enabled"] = False
    with mock.patch("botocore.auth.get_current_datetime", return_value=request.time):
        signer.add_auth(aws_request)
    headers = aws_request.headers.items()
    return Signed(
        url=aws_request.url,
        headers=dict(headers) if isinstance(request.headers, dict) else list(headers),
        canonical_request=signer.recorded_request,
        string_to_sign=signer.recorded_string,
    )


def _credentials(request):
    key = request.credentials
    return Credentials(key.access_key_id, key.secret_access_key, key.session_token)
