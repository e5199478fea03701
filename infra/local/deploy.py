"""``template.yaml`` as a stack in the emulated AWS.

The template is deployed as it is, but for the packaging of its functions: no container runs here,
so each gets a bootstrap that starts the same handler from the environment this program runs in, and
the containers of AWS Batch are processes that a function starts (``infra.local.batch``).
The dashboard and the alarms that compute are left out, for the emulator has no such thing.
"""

from __future__ import annotations

import copy
import io
import json
import os
import shlex
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from infra.local import batch_template, ministack
from infra.local.ministack import REGION, ROOT, EmulatedAws, EmulationError

TEMPLATE = ROOT / "template.yaml"
STACK_NAME = "artreel"
IMAGE_COMMAND = "handler.entrypoints.on_upload.handler"
"""The handler that the container image starts when a function does not name another."""

BATCH_COMMAND = "handler.entrypoints.batch_job"
"""The program that it starts as ``batch``."""

MINISTACK_LOG = "ministack.log"
FUNCTION_LOG = "function.log"
CODE_BUCKET = "artreel-code"
CODE_KEY = "bootstrap.zip"
CODE = {"Bucket": CODE_BUCKET, "Key": CODE_KEY}
TEMPLATE_KEY = "template.json"
DEPLOY_SECONDS = 60


@dataclass(frozen=True)
class LocalStack:
    """A deployed stack: what its outputs name, and where its functions write their log."""

    aws: EmulatedAws
    input_bucket: str
    output_bucket: str
    job_queue_url: str
    abandoned_queue_url: str
    dead_letter_queue_url: str
    work_bucket: str
    state_machine_arn: str
    function_log: Path


@contextmanager
def local_stack(
    logs: Path,
    *,
    image_command: str = IMAGE_COMMAND,
    commands: Mapping[str, str] = MappingProxyType({}),
    **parameters: str,
) -> Iterator[LocalStack]:
    """Start an emulated AWS, deploy the template into it, and stop it on the way out.

    Args:
        logs: the folder that takes ``ministack.log`` and ``function.log``; both written anew.
        image_command: the handler that stands for the image's own command.
        commands: handlers that stand for others, by what they replace.
        parameters: of the template, where they differ from its defaults.

    Raises:
        EmulationError: the emulated AWS did not start or did not take the template.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with ministack.running(logs / MINISTACK_LOG) as aws:
        yield deploy(aws, logs / FUNCTION_LOG, image_command, parameters, commands)


def deploy(
    aws: EmulatedAws,
    function_log: Path,
    image_command: str,
    parameters: Mapping[str, str],
    commands: Mapping[str, str] = MappingProxyType({}),
) -> LocalStack:
    """Create the stack and wait until it is complete.

    Raises:
        EmulationError: a resource could not be created, or it took too long.
    """
    function_log.write_bytes(b"")
    aws.s3.create_bucket(Bucket=CODE_BUCKET)
    aws.s3.put_object(Bucket=CODE_BUCKET, Key=CODE_KEY, Body=bootstrap_package(function_log))
    local = with_local_packaging(read_template(), image_command, commands)
    program = commands.get(BATCH_COMMAND, BATCH_COMMAND)
    local = batch_template.with_local_batch(local, CODE, program)
    template = translated(with_local_concurrency(without_what_is_not_emulated(local)))
    # Larger than a request may be.
    aws.s3.put_object(Bucket=CODE_BUCKET, Key=TEMPLATE_KEY, Body=json.dumps(template).encode())
    aws.cloudformation.create_stack(
        StackName=STACK_NAME,
        TemplateURL=f"{aws.endpoint_url}/{CODE_BUCKET}/{TEMPLATE_KEY}",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in {
                "EndpointUrl": aws.endpoint_url,
                **batch_template.PARAMETERS,
                **parameters,
            }.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    outputs = _wait_until_complete(aws)
    _mend_concurrency(aws)
    return LocalStack(
        aws,
        input_bucket=outputs["InputBucketName"],
        output_bucket=outputs["OutputBucketName"],
        job_queue_url=outputs["JobQueueUrl"],
        abandoned_queue_url=outputs["AbandonedQueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        work_bucket=outputs["WorkBucketName"],
        state_machine_arn=outputs["PaintJobArn"],
        function_log=function_log,
    )


def read_template() -> dict[str, Any]:
    """``template.yaml`` with CloudFormation's short tags written out (``!Ref x`` as ``Ref: x``)."""
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    return template


def with_local_packaging(
    template: dict[str, Any],
    image_command: str,
    commands: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Replace the container image of every function by the local bootstrap.

    Args:
        template: a SAM template; not changed.
        image_command: the handler of a function that keeps the image's own command.

    Returns:
        A copy that differs in the packaging of its image functions and in nothing else.
    """
    local = copy.deepcopy(template)
    for resource in local["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("PackageType") != "Image":
            continue
        command = properties.pop("ImageConfig", {}).get("Command", [image_command])
        properties.pop("ImageUri", None)
        resource.pop("Metadata", None)
        properties |= {
            "PackageType": "Zip",
            "Runtime": "provided.al2023",
            "Handler": commands.get(command[0], command[0]),
            "CodeUri": CODE,
        }
    return local


def with_local_concurrency(template: dict[str, Any]) -> dict[str, Any]:
    """A copy whose maps run as many workers as there are processors.

    ministack does not read ``MaxConcurrencyPath``, and would run up to 64.
    """
    local = copy.deepcopy(template)
    for resource in local["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            for state in resource["Properties"]["Definition"]["States"].values():
                if state.pop("MaxConcurrencyPath", None):
                    state["MaxConcurrency"] = os.cpu_count() or 1
    return local


def without_what_is_not_emulated(template: dict[str, Any]) -> dict[str, Any]:
    """A copy without dashboards and without alarms on metric math; nothing depends on either."""
    emulated = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] != "AWS::CloudWatch::Dashboard"
        and not (
            resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        )
    }
    return {**template, "Resources": emulated}


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """Expand SAM's resources as CloudFormation does; ministack brings no translator of its own."""
    session = boto3.Session(region_name=REGION)
    translator = Translator({}, Parser(), boto_session=session)
    plain: dict[str, Any] = translator.translate(copy.deepcopy(template), parameter_values={})
    return plain


def bootstrap_package(function_log: Path) -> bytes:
    """A deployment package whose bootstrap starts the runtime client of this environment.

    The function's output is appended to ``function_log``, where it can be followed as it runs.
    """
    bootstrap = (
        "#!/bin/sh\n"
        f"export PYTHONPATH={shlex.quote(str(ROOT))} PYTHONUNBUFFERED=1\n"
        f'exec {shlex.quote(sys.executable)} -m awslambdaric "$_HANDLER"'
        f" >>{shlex.quote(str(function_log.resolve()))} 2>&1\n"
    )
    executable = zipfile.ZipInfo("bootstrap")
    executable.external_attr = 0o755 << 16
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(executable, bootstrap)
    return package.getvalue()


def _wait_until_complete(aws: EmulatedAws) -> dict[str, str]:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            raise EmulationError(f"The stack was not created: {_first_failure(aws)}.")
        time.sleep(0.1)
    raise EmulationError(f"The stack was not created within {DEPLOY_SECONDS} seconds.")


def _first_failure(aws: EmulatedAws) -> str:
    events = aws.cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    if not failures:
        return "no reason given"
    first = min(failures, key=lambda event: event["Timestamp"])
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def _mend_concurrency(aws: EmulatedAws) -> None:
    """Set each event source's concurrency again, as a number.

    ministack's CloudFormation hands a parameter of type Number on as text, which its own poller
    cannot compare; until this is done no message is delivered.
    """
    for mapping in aws.functions.list_event_source_mappings()["EventSourceMappings"]:
        scaling = mapping.get("ScalingConfig")
        if scaling:
            aws.functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)
