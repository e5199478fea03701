"""The template as it is written and as CloudFormation sees it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.deploy import IMAGE_COMMAND, read_template, translated, with_local_packaging


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    return read_template()


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """Every resource that a deployment creates, SAM's expanded."""
    expanded: dict[str, Any] = translated(with_local_packaging(template, IMAGE_COMMAND))[
        "Resources"
    ]
    return expanded
