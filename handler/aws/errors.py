"""Where errors of AWS's clients become artreel's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from handler.domain.errors import Refused, Unavailable

MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
FORBIDDEN = "these AWS credentials do not allow it"
NOT_ACCEPTED = "AWS does not accept these credentials"
REFUSALS = {
    "403": FORBIDDEN,
    "AccessDenied": FORBIDDEN,
    "AccessDeniedException": FORBIDDEN,
    "NoSuchBucket": "there is no such bucket",
    "ExpiredToken": NOT_ACCEPTED,
    "InvalidAccessKeyId": NOT_ACCEPTED,
    "InvalidClientTokenId": NOT_ACCEPTED,
    "SignatureDoesNotMatch": NOT_ACCEPTED,
}
"""Codes of AWS's answers that no repetition changes, in words."""

NOT_LOGGED_IN = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
    LoginError,
)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Run a call to AWS.

    Args:
        doing: what for, to finish the sentence "... failed".

    Raises:
        Refused: credentials, permissions or names are wrong.
        Unavailable: anything else; AWS's clients have tried again by then.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in REFUSALS:
            raise Refused(f"{doing} failed: {REFUSALS[code]} ({code})") from error
        raise Unavailable(f"{doing} failed: {code}") from error
    except NOT_LOGGED_IN as error:
        raise Refused(
            f"{doing} failed: there are no AWS credentials, or they have expired "
            f"({type(error).__name__})"
        ) from error
    except NoRegionError as error:
        raise Refused(f"{doing} failed: no AWS region is set (AWS_DEFAULT_REGION)") from error
    except ProfileNotFound as error:
        raise Refused(f"{doing} failed: there is no such AWS profile (AWS_PROFILE)") from error
    except (BotoCoreError, RetriesExceededError, S3UploadFailedError) as error:
        raise Unavailable(f"{doing} failed: {type(error).__name__}") from error
