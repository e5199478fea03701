"""The one difference between the template and what is deployed locally: the packaging."""

from __future__ import annotations

import copy
import io
import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from infra.local.batch import DEFINITION
from infra.local.batch_template import with_local_batch
from infra.local.deploy import (
    bootstrap_package,
    with_local_concurrency,
    with_local_packaging,
    without_what_is_not_emulated,
)

LOCAL = {"PackageType", "Runtime", "Handler", "CodeUri"}


def test_only_the_packaging_of_the_function_changes(template: dict[str, Any]) -> None:
    before = copy.deepcopy(template)
    local = with_local_packaging(template, "some.module.handler")
    assert template == before

    for name, handler in (
        ("OnUpload", "some.module.handler"),
        ("OnDeadLetter", "handler.entrypoints.on_dead_letter.handler"),
        ("PaintChunk", "handler.entrypoints.paint_chunk.handler"),
        ("Assemble", "handler.entrypoints.assemble.handler"),
        ("EndJob", "handler.entrypoints.end_job.handler"),
    ):
        function, original = local["Resources"].pop(name), before["Resources"].pop(name)
        assert function["Type"] == original["Type"]
        assert function["Properties"]["Handler"] == handler
        assert function["Properties"]["Runtime"] == "provided.al2023"
        for property_name, value in original["Properties"].items():
            gone = property_name in LOCAL | {"ImageConfig"}
            assert gone or function["Properties"][property_name] == value
        added = function["Properties"].keys() - original["Properties"].keys()
        assert added == LOCAL - {"PackageType"}
    assert local == before


def test_containers_become_functions_with_their_roles_and_settings(
    template: dict[str, Any],
) -> None:
    before = copy.deepcopy(template)
    local = with_local_batch(template, {"Bucket": "b", "Key": "k"}, "a.program")
    assert template == before
    kinds = {resource["Type"] for resource in local["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::Batch", "AWS::EC2"))]
    for name in ("PaintChunkOnBatch", "AssembleOnBatch"):
        container = before["Resources"][name]["Properties"]["ContainerProperties"]
        function = local["Resources"].pop(name)["Properties"]
        assert function["Role"] == container["JobRoleArn"]
        variables = function["Environment"]["Variables"]
        described = json.loads(variables.pop(DEFINITION))
        assert (described["program"], described["command"]) == ("a.program", container["Command"])
        assert len(variables) == len(container["Environment"])
        assert variables["ARTREEL_WORK_BUCKET"] == {"Ref": "WorkBucket"}
        assert variables["AWS_ENDPOINT_URL"]["Fn::If"][0] == "HasEndpointUrl"
    changed = {
        name
        for name, resource in local["Resources"].items()
        if resource != before["Resources"][name]
    }
    assert changed == {"PaintJob", "PaintJobRole"}


def test_a_function_that_overrides_the_images_command_keeps_its_handler() -> None:
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "PackageType": "Image",
            "ImageUri": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/artreel:1",
            "ImageConfig": {"Command": ["another.module.handler"]},
        },
    }
    local = with_local_packaging({"Resources": {"Another": function}}, "some.module.handler")
    properties = local["Resources"]["Another"]["Properties"]
    assert properties["Handler"] == "another.module.handler"
    assert not {"ImageUri", "ImageConfig"} & properties.keys()


def test_another_handler_may_stand_for_one_of_the_template(template: dict[str, Any]) -> None:
    commands = {"handler.entrypoints.paint_chunk.handler": "some.other.handler"}
    local = with_local_packaging(template, "some.module.handler", commands)["Resources"]
    assert local["PaintChunk"]["Properties"]["Handler"] == "some.other.handler"
    assert local["Assemble"]["Properties"]["Handler"] == "handler.entrypoints.assemble.handler"


def test_maps_run_no_more_workers_than_there_are_processors(template: dict[str, Any]) -> None:
    local = with_local_concurrency(template)
    there, here = (
        version["Resources"]["PaintJob"]["Properties"]["Definition"]["States"].pop("PaintChunks")
        for version in (copy.deepcopy(template), local)
    )
    assert there.pop("MaxConcurrencyPath") == "$.workers"
    assert here.pop("MaxConcurrency") == os.cpu_count()
    assert here == there


def test_a_zip_function_and_other_resources_stay_as_they_are() -> None:
    template = {
        "Resources": {
            "Plain": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13"}},
            "Topic": {"Type": "AWS::SNS::Topic"},
        }
    }
    assert with_local_packaging(template, "some.module.handler") == template


def test_the_bootstrap_is_a_program_and_a_script_that_a_shell_reads(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(bootstrap_package(tmp_path / "a log.txt"))) as package:
        (entry,) = package.infolist()
        assert entry.filename == "bootstrap"
        assert (entry.external_attr >> 16) & stat.S_IXUSR
        script = package.read(entry)
    assert b"awslambdaric" in script
    subprocess.run(["/bin/sh", "-n"], input=script, check=True, timeout=10)


def test_only_what_watches_the_stack_is_not_deployed(template: dict[str, Any]) -> None:
    emulated = without_what_is_not_emulated(template)
    left_out = template["Resources"].keys() - emulated["Resources"].keys()
    assert left_out == {"Dashboard", "DurationAlarm", "SpendAlarm"}
    assert {**emulated, "Resources": template["Resources"]} == template
