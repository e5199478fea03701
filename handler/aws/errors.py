"""Where errors of AWS's clients become artreel's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from handler.domain.errors import Defect, Unavailable

MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})
FAULTS_OF_DEPLOYMENT = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "NoSuchBucket",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Run a call to AWS.

    Args:
        doing: what for, to finish the sentence "... failed".

    Raises:
        Defect: credentials, permissions or names are wrong.
        Unavailable: anything else; AWS's clients have tried again by then.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        kind = Defect if code in FAULTS_OF_DEPLOYMENT else Unavailable
        raise kind(f"{doing} failed: {code}") from error
    except NoCredentialsError as error:
        raise Defect(f"{doing} failed: there are no AWS credentials") from error
    except (BotoCoreError, RetriesExceededError, S3UploadFailedError) as error:
        raise Unavailable(f"{doing} failed: {type(error).__name__}") from error
