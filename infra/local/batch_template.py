"""AWS Batch in a template for the emulated AWS, which has none: functions take its place.

Each job definition becomes a function of ``infra.local.batch`` with the container's own role and
environment, and a state that submits a job invokes that function.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from infra.local.batch import DEFINITION

PARAMETERS = {
    "BatchSubnets": "subnet-emulated",
    "BatchVpc": "vpc-emulated",
    "BatchImage": "emulated",
}
"""With which a template has AWS Batch."""

SUBMITTED = ":batch:submitJob.sync"
HANDLER = "infra.local.batch.handler"
LONGEST_SECONDS = 900
WITHOUT_A_PLACE = frozenset(
    {
        "AWS::Batch::ComputeEnvironment",
        "AWS::Batch::JobQueue",
        "AWS::EC2::SecurityGroup",
    }
)


def with_local_batch(
    template: Mapping[str, Any], code: Mapping[str, str], program: str
) -> dict[str, Any]:
    """A copy without resources of AWS Batch.

    Args:
        code: bucket and key of the package of every function.
        program: module that takes the place of the image's ``batch``.
    """
    local: dict[str, Any] = copy.deepcopy(dict(template))
    resources = local["Resources"]
    gone = {name for name, found in resources.items() if found["Type"] in WITHOUT_A_PLACE}
    local["Resources"] = {
        name: _function(found, code, program)
        if found["Type"] == "AWS::Batch::JobDefinition"
        else _without(found, gone)
        for name, found in resources.items()
        if name not in gone
    }
    return local


def _function(definition: Mapping[str, Any], code: Mapping[str, str], program: str) -> Any:
    properties = definition["Properties"]
    container = properties["ContainerProperties"]
    described = {
        "program": program,
        "command": container["Command"],
        "attempts": properties["RetryStrategy"]["Attempts"],
        "conditions": properties["RetryStrategy"]["EvaluateOnExit"],
        "attempt_seconds": properties["Timeout"]["AttemptDurationSeconds"],
    }
    return {
        "Type": "AWS::Serverless::Function",
        "Condition": definition["Condition"],
        "Properties": {
            "PackageType": "Zip",
            "Runtime": "provided.al2023",
            "Handler": HANDLER,
            "CodeUri": dict(code),
            "Role": container["JobRoleArn"],
            "Timeout": LONGEST_SECONDS,
            "Environment": {
                "Variables": {
                    **dict(map(_variable, container["Environment"])),
                    DEFINITION: json.dumps(described),
                }
            },
        },
    }


def _variable(given: Any) -> tuple[str, Any]:
    if "Fn::If" in given:
        condition, variable, otherwise = given["Fn::If"]
        return variable["Name"], {"Fn::If": [condition, variable["Value"], otherwise]}
    return given["Name"], given["Value"]


def _without(node: Any, gone: set[str]) -> Any:
    """A part of the template that names nothing that is gone, and submits no job."""
    if isinstance(node, list):
        return [_without(item, gone) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("Ref") in gone:
        return "emulated"
    if node.get("Type") == "Task" and SUBMITTED in json.dumps(node["Resource"]):
        submitted = _without(node["Parameters"], gone)
        invoked = {"FunctionName": submitted["JobDefinition"], "Payload": submitted}
        return {**node, "Resource": "arn:aws:states:::lambda:invoke", "Parameters": invoked}
    return {name: _without(item, gone) for name, item in node.items()}
