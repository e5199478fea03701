"""Uploads that go on where they were broken off.

boto3's transfer manager begins each time from the start. Here nothing is remembered but by S3: the
parts of an unfinished upload are listed, and each that has the size and the sha256 of a part of the
file is kept. One part out of place, and the upload is somebody else's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.aws.errors import MISSING, error_code, translated
from handler.aws.object_store import CONDITION_REFUSED, version_in
from handler.domain.digest import Digest, base64_of, part_bytes
from handler.domain.errors import Changed, Rejected, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PARTS_AT_ONCE = 4
UPLOAD_GONE = "NoSuchUpload"

Parts = dict[int, str]
"""Number, from 1 on, of each part that is there -> its ETag."""


class S3Uploader:
    """``handler.domain.ports.Uploader`` on an S3 client."""

    def __init__(self, client: S3Client) -> None:
        self._s3 = client

    def digest(self, path: Path, listen: Callable[[int], None]) -> Digest:
        size = path.stat().st_size
        if not size:
            raise Rejected(f"{path} is empty")
        parts = []
        with path.open("rb") as file:
            while part := file.read(part_bytes(size)):
                parts.append(hashlib.sha256(part).digest())
                listen(len(part))
            if file.tell() != size:
                raise Rejected(f"{path} changed while it was read: submit it when it is finished")
        return Digest(size, tuple(parts))

    def holds(self, bucket: str, key: str, digest: Digest) -> bool:
        return self._version(bucket, key, digest) is not None

    def upload(
        self,
        path: Path,
        digest: Digest,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        listen: Callable[[int], None],
    ) -> str:
        with translated(f"uploading {key}"):
            upload_id, parts = self._unfinished(bucket, key, digest) or ("", {})
            if not upload_id:
                upload_id = self._s3.create_multipart_upload(
                    Bucket=bucket,
                    Key=key,
                    ChecksumAlgorithm="SHA256",
                    ContentType=content_type,
                    Metadata=metadata,
                )["UploadId"]
            upload: Any = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
            for number in parts:
                listen(digest.size_of(number - 1))
            try:
                self._send_missing(path, digest, upload, parts, listen)
                answer = self._s3.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": _listed(parts, digest)}
                )
            except ClientError as error:
                if error_code(error) != UPLOAD_GONE:
                    raise
                return self._ended_by_another(bucket, key, digest)
        return version_in(answer)

    def put(
        self, body: bytes, bucket: str, key: str, *, content_type: str, is_new: bool = False
    ) -> str:
        condition: Any = {"IfNoneMatch": "*"} if is_new else {}
        with translated(f"uploading {key}"):
            try:
                answer = self._s3.put_object(
                    Bucket=bucket, Key=key, Body=body, ContentType=content_type, **condition
                )
            except ClientError as error:
                if error_code(error) in CONDITION_REFUSED:
                    raise Changed(f"{key} was uploaded by someone else meanwhile") from error
                raise
        return version_in(answer)

    def _version(self, bucket: str, key: str, digest: Digest) -> str | None:
        """Of the object, if it has this content and was uploaded in the same parts."""
        with translated(f"looking up {key}"):
            try:
                head = self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if error_code(error) in MISSING:
                    return None
                raise
        # Behind a hyphen S3 says of how many parts it is.
        found = head.get("ChecksumSHA256", "").partition("-")[0]
        is_same = (head["ContentLength"], found) == (digest.size_bytes, base64_of(digest.whole))
        return version_in(head) if is_same else None

    def _ended_by_another(self, bucket: str, key: str, digest: Digest) -> str:
        """Two may go on with one upload at a time; whoever comes second finds it done."""
        if version := self._version(bucket, key, digest):
            return version
        raise Unavailable(f"the upload of {key} was ended by someone else: run the command again")

    def _unfinished(self, bucket: str, key: str, digest: Digest) -> tuple[str, Parts] | None:
        """The unfinished upload of this content that is furthest, and what is there of it."""
        begun = [
            (upload["UploadId"], parts)
            for page in self._s3.get_paginator("list_multipart_uploads").paginate(
                Bucket=bucket, Prefix=key
            )
            for upload in page.get("Uploads", [])
            if upload["Key"] == key
            if (parts := self._parts_there(bucket, key, upload["UploadId"], digest))
        ]
        return max(begun, key=lambda found: len(found[1]), default=None)

    def _parts_there(self, bucket: str, key: str, upload_id: str, digest: Digest) -> Parts:
        """The parts of an upload; none if one of them is not of this content."""
        parts: Parts = {}
        for part in self._parts(bucket, key, upload_id):
            index = part["PartNumber"] - 1
            if index >= len(digest.parts):
                return {}
            expected = (digest.size_of(index), base64_of(digest.parts[index]))
            if (part["Size"], part.get("ChecksumSHA256")) != expected:
                return {}
            parts[part["PartNumber"]] = part["ETag"]
        return parts

    def _parts(self, bucket: str, key: str, upload_id: str) -> Iterator[Any]:
        pages = self._s3.get_paginator("list_parts").paginate(
            Bucket=bucket, Key=key, UploadId=upload_id
        )
        try:
            for page in pages:
                yield from page.get("Parts", [])
        except ClientError as error:  # it has ended since it was listed
            if error_code(error) != UPLOAD_GONE:
                raise

    def _send_missing(
        self,
        path: Path,
        digest: Digest,
        upload: Any,
        parts: Parts,
        listen: Callable[[int], None],
    ) -> None:
        """Send the parts that are not there; ``parts`` then has them, too.

        S3 compares what it gets with the sha256, so that a file that changes meanwhile is noticed.
        """

        def send(index: int) -> str:
            with path.open("rb") as file:
                file.seek(index * digest.part_bytes)
                body = file.read(digest.size_of(index))
            answer = self._s3.upload_part(
                **upload,
                PartNumber=index + 1,
                Body=body,
                ChecksumSHA256=base64_of(digest.parts[index]),
            )
            return answer["ETag"]

        with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
            sent = {
                pool.submit(send, index): index
                for index in range(len(digest.parts))
                if index + 1 not in parts
            }
            try:
                for done in as_completed(sent):
                    index = sent[done]
                    parts[index + 1] = done.result()
                    listen(digest.size_of(index))
            finally:
                pool.shutdown(cancel_futures=True)


def _listed(parts: Parts, digest: Digest) -> list[Any]:
    return [
        {
            "PartNumber": number,
            "ETag": parts[number],
            "ChecksumSHA256": base64_of(digest.parts[number - 1]),
        }
        for number in sorted(parts)
    ]
