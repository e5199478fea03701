"""CloudFormation: where a stack's buckets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler.aws.errors import error_code, translated
from handler.domain.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

INPUT, OUTPUT = "InputBucketName", "OutputBucketName"
"""Outputs of ``template.yaml``."""


def buckets_of_stack(client: CloudFormationClient, name: str) -> tuple[str, str]:
    """Input and output bucket.

    Raises:
        Rejected: there is no such stack, or it is none of artreel's.
        Refused, Unavailable: CloudFormation does not let us look, or does not answer.
    """
    region = client.meta.region_name
    with translated(f"looking up the stack {name!r}"):
        try:
            stacks = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) != "ValidationError":
                raise
            raise Rejected(f"there is no stack {name!r} in {region}") from error
    outputs = {
        output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])
    }
    if not outputs.keys() >= {INPUT, OUTPUT}:
        raise Rejected(f"the stack {name!r} in {region} is none of artreel, or not complete")
    return outputs[INPUT], outputs[OUTPUT]
