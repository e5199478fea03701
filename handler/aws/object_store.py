"""S3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from handler.aws.errors import MISSING, error_code, translated
from handler.aws.transfer import Parts, Transfer
from handler.domain.errors import Changed, Rejected
from handler.domain.job import CANCELLED_TAG, RESULT_METADATA, SourceObject
from handler.domain.ports import GrowingUpload, Listed, ObjectFacts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


UNVERSIONED = "null"
"""S3's word for the version of an object in a bucket that keeps none."""

APPEARANCES = ("PutObject", "CompleteMultipartUpload")
CONDITION_REFUSED = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
LARGEST_JSON_BYTES = 1024**2
LARGEST_PAGE = 1000
CLASSIC = TransferConfig(preferred_transfer_client="classic")
"""boto3's own transfer manager: the other one, in C, sends requests past the client's events."""


class S3ObjectStore:
    """``handler.domain.ports.ObjectStore`` on an S3 client."""

    def __init__(self, client: S3Client) -> None:
        self._s3 = client
        self._transfer = Transfer(client)
        self._conditions: dict[tuple[str, str], dict[str, Any]] = {}
        for operation in APPEARANCES:
            client.meta.events.register(
                f"provide-client-params.s3.{operation}", self._add_condition
            )

    def facts(self, bucket: str, key: str, version_id: str | None = None) -> ObjectFacts | None:
        with translated(f"looking up {key}"):
            try:
                if version_id:
                    head = self._s3.head_object(Bucket=bucket, Key=key, VersionId=version_id)
                else:
                    head = self._s3.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error_code(error) in MISSING:
                    return None
                raise
        version_id = head.get("VersionId", UNVERSIONED)
        return ObjectFacts(
            size_bytes=head["ContentLength"],
            version=version_in(head),
            version_id=version_id if version_id != UNVERSIONED else None,
            etag=head["ETag"].strip('"'),
            metadata=head.get("Metadata", {}),
        )

    def keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        page_size = min(limit, LARGEST_PAGE)
        with translated(f"listing {prefix}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket,
                Prefix=prefix,
                PaginationConfig={"MaxItems": limit, "PageSize": page_size},
            )
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def tags(self, source: SourceObject) -> Mapping[str, str]:
        with translated(f"reading the tags of {source.key}"):
            try:
                answer = self._s3.get_object_tagging(**_version_of(source))
            except ClientError as error:
                if error_code(error) in MISSING:
                    return {}
                raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def cancel(self, source: SourceObject) -> None:
        name, value = CANCELLED_TAG
        with translated(f"cancelling {source.key}"):
            try:
                self._s3.put_object_tagging(
                    **_version_of(source), Tagging={"TagSet": [{"Key": name, "Value": value}]}
                )
            except ClientError as error:
                if error_code(error) in MISSING:
                    raise Rejected(f"{source.key} is gone from the bucket") from error
                raise

    def listing(self, bucket: str, prefix: str = "") -> Iterator[Listed]:
        with translated(f"listing the bucket {bucket}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for page in pages:
                for entry in page.get("Contents", []):
                    yield Listed(entry["Key"], entry["LastModified"])

    def download(
        self,
        source: SourceObject,
        path: Path,
        part: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> None:
        with translated(f"downloading {source.key}"):
            try:
                if part:
                    first, end = part
                    at = first if at is None else at
                    self._transfer.download_part(_version_of(source), path, first, end, at)
                else:
                    head = self._s3.head_object(**_version_of(source))
                    seen = {**_version_of(source), "IfMatch": head["ETag"]}
                    self._transfer.download(seen, head["ContentLength"], path)
            except ClientError as error:
                if error_code(error) in MISSING:
                    raise Rejected(f"{source.key} is gone from the bucket") from error
                raise

    def read_json(self, bucket: str, key: str) -> tuple[dict[str, Any], str] | None:
        with translated(f"reading {key}"):
            try:
                answer = self._s3.get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error_code(error) in MISSING:
                    return None
                raise
            body = answer["Body"].read(LARGEST_JSON_BYTES)
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        return content if isinstance(content, dict) else {}, answer["ETag"].strip('"')

    def upload(
        self,
        path: Path,
        bucket: str,
        key: str,
        content_type: str,
        *,
        metadata: Mapping[str, str],
        replaces: str | None,
    ) -> None:
        extra = _described(content_type, metadata)
        with translated(f"uploading {key}"), self._only_over(bucket, key, replaces):
            self._s3.upload_file(str(path), bucket, key, ExtraArgs=extra, Config=CLASSIC)

    @contextmanager
    def upload_growing(
        self,
        path: Path,
        bucket: str,
        key: str,
        content_type: str,
        *,
        metadata: Mapping[str, str],
        head_bytes: int,
        most_bytes: int,
    ) -> Iterator[GrowingUpload]:
        parts = self._transfer.upload_growing(
            path,
            head_bytes,
            most_bytes,
            {"Bucket": bucket, "Key": key},
            **_described(content_type, metadata),
        )

        def upload(replaces: str | None) -> None:
            self.upload(path, bucket, key, content_type, metadata=metadata, replaces=replaces)

        try:
            yield _Growing(parts, key, upload)
        finally:
            parts.abandon()

    def put_json(
        self, bucket: str, key: str, content: Mapping[str, Any], *, replaces: str | None
    ) -> str:
        body = json.dumps(content, indent=2, ensure_ascii=False).encode()
        with translated(f"writing {key}"):
            try:
                answer = self._s3.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    CacheControl="no-store",
                    Metadata=RESULT_METADATA,
                    **_condition(replaces),
                )
            except ClientError as error:
                raise _changed(key, error) from error
        return answer["ETag"].strip('"')

    @contextmanager
    def _only_over(self, bucket: str, key: str, replaces: str | None) -> Iterator[None]:
        """Make uploads to one key conditional.

        The transfer manager splits large files but takes no conditions, so they are added to the
        requests that make an object appear.
        """
        self._conditions[bucket, key] = _condition(replaces)
        try:
            yield
        except S3UploadFailedError as error:
            cause = error.__cause__ or error.__context__
            raise (_changed(key, cause) if isinstance(cause, ClientError) else error) from error
        except ClientError as error:
            raise _changed(key, error) from error
        finally:
            del self._conditions[bucket, key]

    def _add_condition(self, params: dict[str, Any], **_: Any) -> None:
        params.update(self._conditions.get((params["Bucket"], params["Key"]), {}))


class _Growing:
    """``handler.domain.ports.GrowingUpload`` in parts; what they don't do, one upload does."""

    def __init__(self, parts: Parts, key: str, upload: Callable[[str | None], None]) -> None:
        self._parts = parts
        self._key = key
        self._upload = upload

    def grown(self) -> None:
        with translated(f"uploading {self._key}"):
            self._parts.grown()

    def finish(self, replaces: str | None) -> None:
        self.grown()
        if not self._parts.is_begun:
            self._upload(replaces)
            return
        with translated(f"uploading {self._key}"):
            try:
                self._parts.complete(_condition(replaces))
            except ClientError as error:
                raise _changed(self._key, error) from error
            finally:
                self._parts.abandon()


def version_in(answer: Mapping[str, Any]) -> str:
    """What tells an object from others under its key, by S3's answer to a request."""
    version_id = str(answer.get("VersionId", UNVERSIONED))
    return version_id if version_id != UNVERSIONED else str(answer["ETag"]).strip('"')


def _version_of(source: SourceObject) -> Any:
    """What names one version of an object in a request."""
    named = {"Bucket": source.bucket, "Key": source.key}
    return {**named, "VersionId": source.version_id} if source.version_id else named


def _described(content_type: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """What is told of an object that is put."""
    return {"ContentType": content_type, "Metadata": {**RESULT_METADATA, **metadata}}


def _condition(replaces: str | None) -> dict[str, Any]:
    return {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": f'"{replaces}"'}


def _changed(key: str, error: ClientError) -> Exception:
    """What a refused condition means; any other error stays what it is.

    S3 answers 404 where the object to be replaced is gone.
    """
    if error_code(error) in CONDITION_REFUSED | MISSING:
        return Changed(f"{key} was changed by another worker")
    return error
