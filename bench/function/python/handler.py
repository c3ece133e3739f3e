"""Issues an upload: whoever has a token gets a URL for a PUT under a key of their own."""

import json
import os
import uuid

import boto3
import jwt
from botocore.config import Config

ENVIRONMENT = os.environ
EXPIRES_IN = 300

S3 = boto3.client("s3", config=Config(signature_version="s3v4"))


def handler(event, _context):
    """Answers an event of a function URL."""
    try:
        token = event["headers"]["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(
            token,
            ENVIRONMENT["USERS_JWT_SECRET"],
            ["HS256"],
            audience=ENVIRONMENT["AUDIENCE"],
            issuer=ENVIRONMENT["ISSUER"],
        )
    except (KeyError, jwt.InvalidTokenError):
        return answer(401, {"code": "not-signed-in"})
    order = json.loads(event["body"])
    key = f"users/{claims['sub']}/{uuid.uuid4()}/{order['filename']}"
    params = {
        "Bucket": ENVIRONMENT["BUCKET"],
        "ContentLength": order["size"],
        "ContentType": order["content_type"],
        "Key": key,
    }
    url = S3.generate_presigned_url("put_object", params, EXPIRES_IN)
    headers = {"content-type": order["content_type"]}
    return answer(201, {"headers": headers, "key": key, "method": "PUT", "url": url})


def answer(status, body):
    """An answer to a function URL."""
    headers = {"content-type": "application/json"}
    return {"body": json.dumps(body), "headers": headers, "statusCode": status}
