"""What lets people see how the stack does: alarms, dashboard, logs, and the runbook about them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handler.aws.telemetry import NAMESPACE
from handler.domain.price import PRICES
from tests.cloudwatch import AWS_METRICS, OUR_METRICS
from tests.infra.conftest import Deployed

Resources = dict[str, Any]
Metric = tuple[str, str, str]
"""Namespace, name, and the name of its one dimension."""

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
TOPIC = "arn:aws:sns:eu-central-1:111122223333:alarms"

KNOWN: set[Metric] = {(NAMESPACE, name, "service") for name in OUR_METRICS} | {
    (namespace, name, dimension)
    for namespace, (dimensions, names) in AWS_METRICS.items()
    for dimension in dimensions
    for name in names
}


def alarms(resources: Resources) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def watched(alarm: dict[str, Any]) -> Iterator[Metric]:
    """Every metric that an alarm looks at, those inside of metric math included."""
    simple = [alarm] if "MetricName" in alarm else []
    inner = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if _stat(query)]
    for metric in (*simple, *inner):
        (dimension,) = metric["Dimensions"]
        yield metric["Namespace"], metric["MetricName"], dimension["Name"]


def _stat(query: dict[str, Any]) -> bool:
    return "MetricStat" in query


@pytest.fixture(scope="module")
def dashboard(resources: Resources) -> dict[str, Any]:
    """The dashboard's body, each ``${...}`` of CloudFormation still in its place."""
    body: dict[str, Any] = json.loads(
        resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    )
    return body


def shown(dashboard: dict[str, Any]) -> Iterator[Metric]:
    for widget in dashboard["widgets"]:
        for row in widget["properties"].get("metrics", []):
            if isinstance(row[0], str):
                namespace, name, dimension, *_ = row
                yield namespace, name, dimension


class TestAlarms:
    def test_there_is_one_for_each_way_to_go_wrong(self, resources: Resources) -> None:
        metrics = {name: set(watched(alarm)) for name, alarm in alarms(resources).items()}
        assert metrics == {
            "DeadLettersAlarm": {("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName")},
            "FailedJobsAlarm": {("artreel", "JobsFailed", "service")},
            "OldestMessageAlarm": {("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName")},
            "LostUploadsAlarm": {("AWS/Events", "InvocationsFailedToBeSentToDlq", "RuleName")},
            "FunctionErrorsAlarm": {("AWS/Lambda", "Errors", "FunctionName")},
            "ThrottlesAlarm": {("AWS/Lambda", "Throttles", "FunctionName")},
            "DurationAlarm": {("AWS/Lambda", "Duration", "FunctionName")},
            "SpendAlarm": {
                ("AWS/Lambda", "Duration", "FunctionName"),
                (NAMESPACE, "ContainersUSD", "service"),
            },
            "ExecutionsAlarm": {("AWS/States", "ExecutionsFailed", "StateMachineArn")},
        }

    def test_every_metric_exists(self, resources: Resources) -> None:
        for alarm in alarms(resources).values():
            assert set(watched(alarm)) <= KNOWN

    def test_silence_is_good_news(self, resources: Resources) -> None:
        for alarm in alarms(resources).values():
            assert alarm["TreatMissingData"] == "notBreaching"
            assert alarm["ComparisonOperator"] == "GreaterThanThreshold"

    def test_the_topic_hears_of_them_if_there_is_one(self, deployed: Deployed) -> None:
        for alarm in alarms(deployed(AlarmTopicArn=TOPIC)).values():
            assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopicArn"}]
        for alarm in alarms(deployed()).values():
            assert not {"AlarmActions", "OKActions"} & alarm.keys()

    def test_spend_is_counted_at_the_price_of_the_report(self, resources: Resources) -> None:
        """Functions of 10240 MB that run for some hours, and containers for five dollars."""
        hours = {"duration": 3600_000, "chunks": 7200_000, "joining": 1800_000}
        usd = _computed(resources["SpendAlarm"], **hours, MemoryMb=10240, containers=5)
        assert usd == pytest.approx(3.5 * 3600 * 10 * PRICES.lambda_gb_second["x86_64"] + 5)

    def test_spend_is_that_of_a_day_and_of_every_function_with_work(
        self, resources: Resources
    ) -> None:
        _, *metrics = resources["SpendAlarm"]["Properties"]["Metrics"]
        assert {metric["MetricStat"]["Period"] for metric in metrics} == {86400}
        counted = {
            dimension["Value"]["Ref"]
            for metric in metrics
            for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
        }
        assert counted == {"OnUpload", "PaintChunk", "Assemble", "AWS::StackName"}

    def test_a_day_without_chunks_or_containers_is_counted_as_well(
        self, resources: Resources
    ) -> None:
        judged, *metrics = resources["SpendAlarm"]["Properties"]["Metrics"]
        for metric in metrics:
            assert f"FILL({metric['Id']}, 0)" in judged["Expression"]["Fn::Sub"]

    def test_duration_is_judged_by_the_functions_own_limit(self, resources: Resources) -> None:
        per_cent = _computed(resources["DurationAlarm"], duration=810_000, TimeoutSeconds=900)
        assert per_cent == 90 == resources["DurationAlarm"]["Properties"]["Threshold"]


def _computed(alarm: dict[str, Any], **values: float) -> float:
    """What the metric math of an alarm gives for a duration in ms and some parameters."""
    expression = alarm["Properties"]["Metrics"][0]["Expression"]["Fn::Sub"]
    for name, value in values.items():
        expression = re.sub(rf"\$\{{{name}\}}|\b{name}\b", str(value), expression)
    expression = re.sub(r"FILL\((\d+), 0\)", r"\1", expression)
    assert re.fullmatch(r"[\d.()*/+ ]+", expression)
    result: float = eval(expression)  # noqa: S307 (numbers and operators, as just asserted)
    return result


class TestDashboard:
    def test_every_metric_exists(self, dashboard: dict[str, Any]) -> None:
        assert set(shown(dashboard)) <= KNOWN

    def test_every_metric_of_ours_is_shown(self, dashboard: dict[str, Any]) -> None:
        ours = {name for namespace, name, _ in shown(dashboard) if namespace == NAMESPACE}
        assert ours == OUR_METRICS

    def test_every_alarm_is_shown(self, dashboard: dict[str, Any], resources: Resources) -> None:
        listed = [
            arn for widget in dashboard["widgets"] for arn in widget["properties"].get("alarms", [])
        ]
        assert listed == [f"${{{name}.Arn}}" for name in alarms(resources)]

    def test_it_shows_this_stack(self, dashboard: dict[str, Any], resources: Resources) -> None:
        pseudo = {"AWS::Region", "AWS::StackName"}
        named = {found.split(".")[0] for found in re.findall(r"\$\{(.+?)\}", json.dumps(dashboard))}
        assert named - pseudo <= resources.keys()

    def test_no_widget_covers_another(self, dashboard: dict[str, Any]) -> None:
        cells = [
            (x, y)
            for widget in dashboard["widgets"]
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24


class TestRunbook:
    def test_every_alarm_has_its_paragraph(self, resources: Resources) -> None:
        for name in alarms(resources):
            found = re.search(rf"^### {name}\n\n(.+?)(?=\n#|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
            assert found, name
            assert len(found[1].split()) > 20

    def test_no_paragraph_is_about_an_alarm_that_is_gone(self, resources: Resources) -> None:
        assert set(re.findall(r"\b\w+Alarm\b", RUNBOOK)) == alarms(resources).keys()

    def test_every_parameter_that_it_names_exists(self, template: dict[str, Any]) -> None:
        named = set(re.findall(r"`(\w+)=", RUNBOOK))
        assert named
        assert named <= template["Parameters"].keys()


class TestLogs:
    def test_every_function_writes_to_a_group_that_forgets(self, resources: Resources) -> None:
        functions = {
            name: resource["Properties"]
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Lambda::Function"
        }
        assert functions
        for function in functions.values():
            group = resources[function["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
            assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
            assert function["LoggingConfig"]["LogFormat"] == "JSON"

    def test_metrics_and_log_lines_name_the_stack(self, resources: Resources) -> None:
        """The dimension that alarms and dashboard look for is the one that is sent."""
        variables = resources["OnUpload"]["Properties"]["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
        (dimension,) = resources["FailedJobsAlarm"]["Properties"]["Dimensions"]
        assert dimension == {"Name": "service", "Value": {"Ref": "AWS::StackName"}}

    def test_lambda_traces_every_function(self, resources: Resources) -> None:
        for resource in resources.values():
            if resource["Type"] == "AWS::Lambda::Function":
                assert resource["Properties"]["TracingConfig"] == {"Mode": "Active"}


def rules(resources: Resources, bucket: str) -> dict[str, dict[str, Any]]:
    found = resources[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    return {rule["Id"]: rule for rule in found}


class TestLifecycle:
    def test_uploads_go_after_a_while_and_results_stay(self, resources: Resources) -> None:
        videos = rules(resources, "InputBucket")["Videos"]
        assert videos["Prefix"] == "videos/"
        assert videos["ExpirationInDays"] == {"Ref": "VideoRetentionDays"}
        assert "Results" not in rules(resources, "OutputBucket")

    def test_either_may_be_decided_otherwise(self, deployed: Deployed) -> None:
        otherwise = deployed(VideoRetentionDays=0, ResultRetentionDays=30)
        assert "Videos" not in rules(otherwise, "InputBucket")
        results = rules(otherwise, "OutputBucket")["Results"]
        assert results["ExpirationInDays"] == {"Ref": "ResultRetentionDays"}

    def test_styles_stay(self, resources: Resources) -> None:
        for rule in rules(resources, "InputBucket").values():
            assert "ExpirationInDays" not in rule or rule["Prefix"] == "videos/"

    def test_old_versions_outlast_a_job_that_names_them(
        self, template: dict[str, Any], resources: Resources
    ) -> None:
        rule = rules(resources, "InputBucket")["OldVersions"]
        assert rule["NoncurrentVersionExpiration"] == {
            "NoncurrentDays": {"Ref": "OldVersionRetentionDays"}
        }
        seconds = resources["DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
        assert template["Parameters"]["OldVersionRetentionDays"]["MinValue"] > seconds / 86400

    @pytest.mark.parametrize("bucket", ["InputBucket", "OutputBucket"])
    def test_abandoned_uploads_are_forgotten(self, resources: Resources, bucket: str) -> None:
        rule = rules(resources, bucket)["AbandonedUploads"]
        assert rule["AbortIncompleteMultipartUpload"] == {
            "DaysAfterInitiation": {"Ref": "AbandonedUploadDays"}
        }
