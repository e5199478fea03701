"""S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.errors import MISSING, error_code, translated
from handler.domain.errors import Rejected
from handler.domain.job import RESULT_METADATA, SourceObject
from handler.domain.ports import ObjectFacts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


UNVERSIONED = "null"
"""S3's word for the version of an object in a bucket that keeps none."""


class S3ObjectStore:
    """``handler.domain.ports.ObjectStore`` on an S3 client."""

    def __init__(self, client: S3Client) -> None:
        self._s3 = client

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
        found_version = head.get("VersionId", UNVERSIONED)
        versioned = found_version != UNVERSIONED
        return ObjectFacts(
            size_bytes=head["ContentLength"],
            version=found_version if versioned else head["ETag"].strip('"'),
            version_id=found_version if versioned else None,
            metadata=head.get("Metadata", {}),
        )

    def keys(self, bucket: str, prefix: str, limit: int) -> list[str]:
        with translated(f"listing {prefix}"):
            page = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=limit)
        return [entry["Key"] for entry in page.get("Contents", [])]

    def download(self, source: SourceObject, path: Path) -> None:
        extra = {"VersionId": source.version_id} if source.version_id else None
        with translated(f"downloading {source.key}"):
            try:
                self._s3.download_file(source.bucket, source.key, str(path), ExtraArgs=extra)
            except ClientError as error:
                if error_code(error) in MISSING:
                    raise Rejected(f"{source.key} is gone from the bucket") from error
                raise

    def upload(self, path: Path, bucket: str, key: str, content_type: str) -> None:
        with translated(f"uploading {key}"):
            self._s3.upload_file(
                str(path),
                bucket,
                key,
                ExtraArgs={"ContentType": content_type, "Metadata": RESULT_METADATA},
            )

    def put_json(self, bucket: str, key: str, content: Mapping[str, Any]) -> None:
        body = json.dumps(content, indent=2, ensure_ascii=False).encode()
        with translated(f"writing {key}"):
            self._s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType="application/json",
                CacheControl="no-store",
                Metadata=RESULT_METADATA,
            )
