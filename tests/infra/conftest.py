"""The template as it is written and as CloudFormation sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.local.deploy import IMAGE_COMMAND, read_template, translated, with_local_packaging

NO_VALUE = {"Ref": "AWS::NoValue"}

IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/artreel:1"
WITH_BATCH = {
    "BatchSubnets": "subnet-0a1b2c3d,subnet-4e5f6a7b",
    "BatchVpc": "vpc-0a1b2c3d",
    "BatchImage": IMAGE,
}
"""Parameters of a deployment with AWS Batch."""

Deployed = Callable[..., dict[str, Any]]
"""Parameters that differ from their defaults -> resources by their names."""


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return read_template()


@pytest.fixture(scope="session")
def deployed(template: dict[str, Any]) -> Deployed:
    """Gives every resource that a deployment with these parameters creates, SAM's expanded."""
    expanded = translated(with_local_packaging(template, IMAGE_COMMAND))

    def deploy(**parameters: Any) -> dict[str, Any]:
        holds = conditions(expanded, parameters)
        resources: dict[str, Any] = settled(expanded, parameters)["Resources"]
        return {
            name: resource
            for name, resource in resources.items()
            if holds.get(resource.get("Condition"), True)
        }

    return deploy


@pytest.fixture(scope="session")
def resources(deployed: Deployed) -> dict[str, Any]:
    """Every resource of a deployment with the default parameters."""
    return deployed()


def conditions(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, bool]:
    """Which conditions of a template hold."""
    given = {name: found.get("Default") for name, found in template["Parameters"].items()}
    given |= parameters

    def value(node: Any) -> str:
        return str(given[node["Ref"]] if isinstance(node, dict) else node)

    def holds(condition: dict[str, Any]) -> bool:
        ((function, operands),) = condition.items()
        if function == "Fn::Not":
            return not holds(operands[0])
        assert function == "Fn::Equals"
        return value(operands[0]) == value(operands[1])

    return {name: holds(condition) for name, condition in template["Conditions"].items()}


def settled(template: dict[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A template whose conditions are decided: no ``Fn::If`` and no ``AWS::NoValue`` is left."""
    decided = conditions(template, parameters)

    def settle(node: Any) -> Any:
        if isinstance(node, dict):
            if "Fn::If" in node:
                name, then, otherwise = node["Fn::If"]
                return settle(then if decided[name] else otherwise)
            settled_items = ((key, settle(item)) for key, item in node.items())
            return {key: item for key, item in settled_items if item != NO_VALUE}
        if isinstance(node, list):
            return [item for item in map(settle, node) if item != NO_VALUE]
        return node

    result: dict[str, Any] = settle(template)
    return result
