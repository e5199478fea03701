"""What ``template.yaml`` promises, read from its expanded resources."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest
from moto.events.models import EventPattern

from handler.domain.errors import Cancelled, ClaimLost, Rejected, Superseded, TooLong
from handler.domain.job import ResultKeys, SourceObject
from handler.domain.job_ended import EVENT_SOURCE, JobEnded
from handler.domain.status import Outcome, State
from handler.entrypoints.batch_job import EXIT_DEFECT, EXIT_REJECTED, EXIT_TRY_AGAIN
from handler.pipeline.long_job import LONGEST_RUN_SECONDS
from handler.settings import ENVIRONMENT_PREFIX, Settings
from tests.infra.conftest import WITH_BATCH, Deployed

Resources = dict[str, Any]

LAMBDA_VISIBILITY_FACTOR = 6
"""Lambda's documentation asks for it: time for the retries of a throttled poller."""


def variables(resources: Resources) -> dict[str, Any]:
    found: dict[str, Any] = resources["OnUpload"]["Properties"]["Environment"]["Variables"]
    return found


def statements(document: dict[str, Any], effect: str) -> list[dict[str, Any]]:
    return [found for found in document["Statement"] if found["Effect"] == effect]


def refers_to(node: Any, name: str) -> bool:
    """Whether a resource names another, by Ref, GetAtt or inside a Sub."""
    return re.search(rf"\b{name}\b", repr(node)) is not None


class TestSettings:
    def test_every_variable_is_a_setting(self, resources: Resources) -> None:
        ours = {name for name in variables(resources) if name.startswith(ENVIRONMENT_PREFIX)}
        assert ours <= {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields}

    def test_what_the_function_cannot_work_without_is_set(self, resources: Resources) -> None:
        given = variables(resources)
        assert given["ARTREEL_INPUT_BUCKET"] == {"Ref": "InputBucket"}
        assert given["ARTREEL_OUTPUT_BUCKET"] == {"Ref": "OutputBucket"}
        assert given["ARTREEL_JOB_TABLE"] == {"Ref": "JobTable"}

    def test_settings_take_every_value_that_a_parameter_can_have(
        self, template: dict[str, Any], resources: Resources
    ) -> None:
        for name, value in variables(resources).items():
            parameter = (
                template["Parameters"].get(value.get("Ref")) if isinstance(value, dict) else None
            )
            if parameter and name.startswith(ENVIRONMENT_PREFIX):
                for bound in {"Default", "MinValue", "MaxValue"} & parameter.keys():
                    Settings.from_environment({name: str(parameter[bound])})

    def test_a_stack_has_a_monthly_budget_unless_told_otherwise(
        self, template: dict[str, Any], resources: Resources
    ) -> None:
        assert variables(resources)["ARTREEL_MONTHLY_BUDGET_USD"] == {"Ref": "MonthlyBudgetUsd"}
        assert template["Parameters"]["MonthlyBudgetUsd"]["Default"] > 0

    def test_a_source_and_its_result_fit_on_the_disk(self, template: dict[str, Any]) -> None:
        limits = template["Mappings"]["Disk"]
        assert set(limits) == set(template["Parameters"]["TmpMb"]["AllowedValues"])
        for disk_mb, limit in limits.items():
            assert 0 < 2 * int(limit["MaxSourceBytes"]) <= 0.8 * int(disk_mb) * 1024**2

    def test_no_endpoint_is_set_unless_given(self, deployed: Deployed) -> None:
        assert "AWS_ENDPOINT_URL" not in variables(deployed())
        given = variables(deployed(EndpointUrl="https://emulated"))
        assert given["AWS_ENDPOINT_URL"] == {"Ref": "EndpointUrl"}


INPUT = "in-bucket"
OUTPUT = "out-bucket"


@pytest.fixture(scope="module")
def pattern(resources: Resources) -> EventPattern:
    """The rule's pattern as moto evaluates it, the input bucket's name filled in."""
    given = resources["VideoUploaded"]["Properties"]["EventPattern"]
    assert given["detail"]["bucket"]["name"] == [{"Ref": "InputBucket"}]
    return EventPattern(None, {**given, "detail": {**given["detail"], "bucket": {"name": [INPUT]}}})


class TestEvents:
    @staticmethod
    def event(bucket: str, key: str, detail_type: str = "Object Created") -> Any:
        return {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": detail_type,
            "source": "aws.s3",
            "account": "111122223333",
            "time": "2026-11-12T00:00:00Z",
            "region": "eu-central-1",
            "resources": [f"arn:aws:s3:::{bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket},
                "object": {"key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184"},
                "reason": "PutObject",
            },
        }

    @pytest.mark.parametrize(
        "key", ["videos/clip.mp4", "videos/monet/clip.mp4", "videos/monet/a b+c %20 ü 🎨.mov"]
    )
    def test_an_uploaded_video_starts_a_job(self, pattern: EventPattern, key: str) -> None:
        assert pattern.matches_event(self.event(INPUT, key))

    @pytest.mark.parametrize("key", ["jobs/night.json", "jobs/2026/a b+c ü.json", "jobs/notes.txt"])
    def test_so_does_a_job_file(self, pattern: EventPattern, key: str) -> None:
        assert pattern.matches_event(self.event(INPUT, key))

    @pytest.mark.parametrize(
        ("bucket", "key", "detail_type"),
        [
            (OUTPUT, "videos/clip.mp4", "Object Created"),
            (OUTPUT, "monet/clip.mp4", "Object Created"),
            (OUTPUT, "jobs/night.status.json", "Object Created"),
            (INPUT, "old/jobs/night.json", "Object Created"),
            (INPUT, "jobs/night.json", "Object Deleted"),
            (INPUT, "styles/monet.jpg", "Object Created"),
            (INPUT, "clip.mp4", "Object Created"),
            (INPUT, "old/videos/clip.mp4", "Object Created"),
            (INPUT, "videos/clip.mp4", "Object Deleted"),
            (INPUT, "videos/clip.mp4", "Object Tags Added"),
        ],
    )
    def test_nothing_else_does(
        self, pattern: EventPattern, bucket: str, key: str, detail_type: str
    ) -> None:
        assert not pattern.matches_event(self.event(bucket, key, detail_type))

    def test_the_output_bucket_is_no_source(self, resources: Resources) -> None:
        assert "NotificationConfiguration" not in resources["OutputBucket"]["Properties"]
        users = {
            name: resource["Type"]
            for name, resource in resources.items()
            if name != "OutputBucket" and refers_to(resource, "OutputBucket")
        }
        assert users == {
            "OutputBucketPolicy": "AWS::S3::BucketPolicy",
            "SubmitterPolicy": "AWS::IAM::ManagedPolicy",
            "OnUploadRole": "AWS::IAM::Role",
            "OnUpload": "AWS::Lambda::Function",
            "OnDeadLetterRole": "AWS::IAM::Role",
            "OnDeadLetter": "AWS::Lambda::Function",
            **{
                name: kind
                for function in ("PaintChunk", "Assemble", "EndJob")
                for name, kind in (
                    (function, "AWS::Lambda::Function"),
                    (f"{function}Role", "AWS::IAM::Role"),
                )
            },
        }

    def test_each_function_has_one_queue_and_no_other_source(self, resources: Resources) -> None:
        sources = {
            resource["Properties"]["FunctionName"]["Ref"]: resource["Properties"]
            for resource in resources.values()
            if resource["Type"] == "AWS::Lambda::EventSourceMapping"
        }
        (permission,) = (
            resource["Properties"]
            for resource in resources.values()
            if resource["Type"] == "AWS::Lambda::Permission"
        )
        assert permission["FunctionName"] == {"Ref": "EndJob"}
        assert permission["SourceArn"] == {"Fn::GetAtt": ["PaintJobStopped", "Arn"]}
        assert {name: source["EventSourceArn"] for name, source in sources.items()} == {
            "OnUpload": {"Fn::GetAtt": ["JobQueue", "Arn"]},
            "OnDeadLetter": {"Fn::GetAtt": ["AbandonedQueue", "Arn"]},
        }
        for source in sources.values():
            assert source["BatchSize"] == 1
            assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        concurrency = {"MaximumConcurrency": {"Ref": "MaxConcurrency"}}
        assert sources["OnUpload"]["ScalingConfig"] == concurrency


class TestQueues:
    def test_a_message_stays_hidden_while_its_video_is_painted(
        self, template: dict[str, Any], resources: Resources
    ) -> None:
        timeout = template["Parameters"]["TimeoutSeconds"]
        assert resources["OnUpload"]["Properties"]["Timeout"] == {"Ref": "TimeoutSeconds"}
        hidden = resources["JobQueue"]["Properties"]["VisibilityTimeout"]
        for seconds in (timeout["Default"], timeout["MaxValue"]):
            assert hidden >= LAMBDA_VISIBILITY_FACTOR * seconds

    def test_the_function_knows_its_last_try(self, resources: Resources) -> None:
        redrive = resources["JobQueue"]["Properties"]["RedrivePolicy"]
        settings = Settings.from_environment(
            {"ARTREEL_MAX_RECEIVE_COUNT": variables(resources)["ARTREEL_MAX_RECEIVE_COUNT"]}
        )
        assert settings.max_receive_count == redrive["maxReceiveCount"]

    def test_a_job_that_is_given_up_is_ended_and_then_kept(self, resources: Resources) -> None:
        for queue, following in (
            ("JobQueue", "AbandonedQueue"),
            ("AbandonedQueue", "DeadLetterQueue"),
        ):
            redrive = resources[queue]["Properties"]["RedrivePolicy"]
            assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [following, "Arn"]}
        waiting, ending, kept = (
            resources[name]["Properties"]["MessageRetentionPeriod"]
            for name in ("JobQueue", "AbandonedQueue", "DeadLetterQueue")
        )
        assert kept > ending > waiting

    def test_the_end_of_a_job_is_said_by_who_reads_the_same_settings(
        self, resources: Resources
    ) -> None:
        """What a job's id is made of, and where its results lie, must not differ."""
        painting, ending = (
            resources[name]["Properties"]["Environment"]["Variables"]
            for name in ("OnUpload", "OnDeadLetter")
        )
        own = {"ARTREEL_JOB_QUEUE_URL", "ARTREEL_DEAD_LETTER_QUEUE_URL"}
        assert {name: painting[name] for name in ending.keys() - own} == {
            name: ending[name] for name in ending.keys() - own
        }
        assert ending["ARTREEL_JOB_QUEUE_URL"] == {"Ref": "AbandonedQueue"}
        assert ending["ARTREEL_DEAD_LETTER_QUEUE_URL"] == {"Ref": "DeadLetterQueue"}
        assert painting.keys() - ending.keys() == {
            "ARTREEL_MAX_RECEIVE_COUNT",
            "ARTREEL_MAX_WORKERS",
            "ARTREEL_STATE_MACHINE_ARN",
            "ARTREEL_WORK_BUCKET",
            "ARTREEL_MONTHLY_BUDGET_USD",
            "ARTREEL_STATUS_INTERVAL_SECONDS",
        }

    def test_abandoned_jobs_stay_hidden_while_they_are_ended(self, resources: Resources) -> None:
        timeout = resources["OnDeadLetter"]["Properties"]["Timeout"]
        hidden = resources["AbandonedQueue"]["Properties"]["VisibilityTimeout"]
        assert hidden >= LAMBDA_VISIBILITY_FACTOR * timeout

    def test_an_event_that_cannot_be_delivered_is_kept(self, resources: Resources) -> None:
        (target,) = resources["VideoUploaded"]["Properties"]["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": ["JobQueue", "Arn"]}
        assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["AbandonedQueue", "Arn"]}

    @pytest.mark.parametrize("queue", ["JobQueue", "AbandonedQueue"])
    def test_only_the_rule_may_send(self, resources: Resources, queue: str) -> None:
        policy = resources[f"{queue}Policy"]["Properties"]
        assert policy["Queues"] == [{"Ref": queue}]
        (allowed,) = statements(policy["PolicyDocument"], "Allow")
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert allowed["Action"] == "sqs:SendMessage"
        assert allowed["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
        assert allowed["Condition"] == {
            "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["VideoUploaded", "Arn"]}}
        }

    def test_nobody_from_outside_may_send_dead_letters(self, resources: Resources) -> None:
        policy = resources["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]
        assert statements(policy, "Allow") == []


@pytest.mark.parametrize("bucket", ["InputBucket", "OutputBucket", "WorkBucket"])
class TestBuckets:
    def test_is_private(self, resources: Resources, bucket: str) -> None:
        properties = resources[bucket]["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["OwnershipControls"]["Rules"] == [
            {"ObjectOwnership": "BucketOwnerEnforced"}
        ]

    def test_outlives_the_stack(self, resources: Resources, bucket: str) -> None:
        assert resources[bucket]["DeletionPolicy"] == "Retain"
        assert resources[bucket]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("policy", "resource"),
    [
        ("InputBucketPolicy", "InputBucket"),
        ("OutputBucketPolicy", "OutputBucket"),
        ("WorkBucketPolicy", "WorkBucket"),
        ("JobQueuePolicy", "JobQueue"),
        ("AbandonedQueuePolicy", "AbandonedQueue"),
        ("DeadLetterQueuePolicy", "DeadLetterQueue"),
    ],
)
def test_only_tls_is_spoken(resources: Resources, policy: str, resource: str) -> None:
    (denied,) = statements(resources[policy]["Properties"]["PolicyDocument"], "Deny")
    assert denied["Principal"] == "*"
    assert denied["Action"] in ("s3:*", "sqs:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refers_to(denied["Resource"], resource)
    if denied["Action"] == "s3:*":
        assert {"Fn::Sub": f"${{{resource}.Arn}}/*"} in denied["Resource"]


def test_the_input_bucket_keeps_versions(resources: Resources) -> None:
    properties = resources["InputBucket"]["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_job_table_has_the_key_and_the_expiration_that_the_ledger_writes(
    resources: Resources,
) -> None:
    table = resources["JobTable"]["Properties"]
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


FUNCTIONS = ["OnUpload", "OnDeadLetter", "PaintChunk", "Assemble", "EndJob"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_the_log_group_that_expires(resources: Resources, function: str) -> None:
    logging = resources[function]["Properties"]["LoggingConfig"]
    assert logging["LogGroup"] == {"Ref": f"{function}Logs"}
    retention = resources[f"{function}Logs"]["Properties"]["RetentionInDays"]
    assert retention == {"Ref": "LogRetentionDays"}


class TestLongJobs:
    @pytest.fixture
    def definition(self, template: dict[str, Any]) -> Any:
        return template["Resources"]["PaintJob"]["Properties"]["Definition"]

    def test_everything_has_a_time_limit(self, definition: Any) -> None:
        """Beyond it, the claim is held for a while; a state can't outlive its function."""
        assert definition["TimeoutSeconds"] <= LONGEST_RUN_SECONDS - 3600
        for task in _functions(definition):
            assert 0 < task["TimeoutSeconds"] <= 900

    def test_nothing_is_tolerated_and_everything_caught(self, definition: Any) -> None:
        chunks = definition["States"]["PaintChunks"]
        assert chunks["ToleratedFailurePercentage"] == 0
        states = definition["States"]
        for state in (chunks, *(states[name] for name in CAUGHT)):
            caught = state["Catch"][-1]
            assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "EndJob")

    def test_what_a_function_can_not_put_together_is_left_to_a_container(
        self, definition: Any
    ) -> None:
        left, _ = definition["States"]["Assemble"]["Catch"]
        assert (left["ErrorEquals"], left["Next"]) == ([TooLong.__name__], "AssembleOnBatch")

    def test_what_nobody_can_paint_is_not_tried_again(self, definition: Any) -> None:
        """Step Functions knows errors by the names of their classes."""
        kinds = {
            kind.__name__: kind for kind in (Rejected, Superseded, Cancelled, TooLong, ClaimLost)
        }
        for task in _functions(definition):
            final, *others = task["Retry"]
            assert (set(final["ErrorEquals"]), final["MaxAttempts"]) == (set(kinds), 0)
            assert all(retry["JitterStrategy"] == "FULL" for retry in others)
            assert others[-1]["ErrorEquals"] == ["States.ALL"]

    def test_an_account_without_room_is_asked_as_long_as_an_execution_lasts(
        self, definition: Any
    ) -> None:
        """Full jitter: each pause is half of the longest, as a rule."""
        for task in _functions(definition):
            (refused,) = (
                retry
                for retry in task["Retry"]
                if "Lambda.TooManyRequestsException" in retry["ErrorEquals"]
            )
            pauses = [
                min(
                    refused["IntervalSeconds"] * refused["BackoffRate"] ** min(attempt, 100),
                    refused["MaxDelaySeconds"],
                )
                for attempt in range(refused["MaxAttempts"])
            ]
            assert sum(pauses) / 2 > 1.2 * definition["TimeoutSeconds"]
            assert 4 * len(pauses) < MOST_EVENTS

    def test_the_claim_stays_held_while_the_state_machine_works(self, resources: Resources) -> None:
        for function in ("Assemble", "EndJob"):
            given = resources[function]["Properties"]["Environment"]["Variables"]
            assert float(given["ARTREEL_LEASE_SECONDS"]) == LONGEST_RUN_SECONDS

    def test_an_execution_that_is_stopped_is_told_of(self, resources: Resources) -> None:
        pattern = resources["PaintJobStopped"]["Properties"]["EventPattern"]
        assert pattern["detail"]["stateMachineArn"] == [{"Ref": "PaintJob"}]
        assert set(pattern["detail"]["status"]) == {"FAILED", "TIMED_OUT", "ABORTED"}

    def test_work_is_kept_as_long_as_a_dead_letter(self, resources: Resources) -> None:
        rules = resources["WorkBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        (days,) = (rule["ExpirationInDays"] for rule in rules if rule["Id"] == "Work")
        kept = resources["DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
        assert days * 24 * 3600 > kept

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_every_variable_is_a_setting(self, resources: Resources, function: str) -> None:
        given = resources[function]["Properties"]["Environment"]["Variables"]
        ours = {name for name in given if name.startswith(ENVIRONMENT_PREFIX)}
        assert ours <= {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields}


MOST_EVENTS = 25_000
"""Of one execution; an attempt at a task takes four at most."""

CAUGHT = ("PaintChunksOnBatch", "Assemble", "AssembleOnBatch")


def _functions(definition: Any) -> list[dict[str, Any]]:
    return [task for task in _tasks(definition) if "FunctionName" in task["Parameters"]]


def _tasks(definition: Any) -> list[dict[str, Any]]:
    states = definition["States"]
    inner = states["PaintChunks"]["ItemProcessor"]["States"]
    return [state for state in (*states.values(), *inner.values()) if state["Type"] == "Task"]


class TestBatch:
    @pytest.fixture
    def resources(self, deployed: Deployed) -> Resources:
        return deployed(**WITH_BATCH)

    @pytest.fixture
    def definitions(self, resources: Resources) -> dict[str, Any]:
        return {
            name: resources[name]["Properties"] for name in ("PaintChunkOnBatch", "AssembleOnBatch")
        }

    def test_there_is_none_unless_there_are_subnets_for_it(
        self, deployed: Deployed, resources: Resources
    ) -> None:
        without = deployed()
        assert resources.keys() - without.keys() == {
            "AssembleOnBatch",
            "BatchEnvironment",
            "BatchLogs",
            "BatchQueue",
            "BatchSecurityGroup",
            "BatchStartRole",
            "PaintChunkOnBatch",
        }
        for function in FUNCTIONS:
            given = without[function]["Properties"]["Environment"]["Variables"]
            assert "ARTREEL_BATCH_DISK_MB" not in given

    def test_subnets_without_their_vpc_or_an_image_are_refused(
        self, template: dict[str, Any]
    ) -> None:
        rule = template["Rules"]["BatchIsComplete"]
        assert rule["RuleCondition"] == template["Conditions"]["HasBatch"]
        for needed in ("BatchVpc", "BatchImage"):
            assert any(refers_to(found["Assert"], needed) for found in rule["Assertions"])

    def test_nobody_may_connect_to_a_container(self, resources: Resources) -> None:
        group = resources["BatchSecurityGroup"]["Properties"]
        assert "SecurityGroupIngress" not in group
        (way_out,) = group["SecurityGroupEgress"]
        assert (way_out["IpProtocol"], way_out["FromPort"], way_out["ToPort"]) == ("tcp", 443, 443)

    def test_none_has_a_public_address_unless_told_so(
        self, template: dict[str, Any], definitions: dict[str, Any]
    ) -> None:
        assert template["Parameters"]["BatchPublicIp"]["Default"] == "DISABLED"
        for definition in definitions.values():
            network = definition["ContainerProperties"]["NetworkConfiguration"]
            assert network == {"AssignPublicIp": {"Ref": "BatchPublicIp"}}

    def test_the_settings_of_a_container_are_those_of_the_function_and_its_own(
        self, resources: Resources, definitions: dict[str, Any]
    ) -> None:
        sizes = {f"ARTREEL_BATCH_{name}" for name in ("VCPUS", "MEMORY_MB", "CAPACITY")}
        own = sizes | {"AWS_DEFAULT_REGION"}
        planned = resources["OnUpload"]["Properties"]["Environment"]["Variables"]
        assert sizes | {"ARTREEL_BATCH_MAX_VCPUS"} <= planned.keys()
        for name, function in (
            ("PaintChunkOnBatch", "PaintChunk"),
            ("AssembleOnBatch", "Assemble"),
        ):
            variables = definitions[name]["ContainerProperties"]["Environment"]
            given = {variable["Name"]: variable["Value"] for variable in variables}
            expected = resources[function]["Properties"]["Environment"]["Variables"]
            # A container is the last to whom a result is left.
            expected = {k: v for k, v in expected.items() if k != "ARTREEL_BATCH_DISK_MB"}
            assert {name: given[name] for name in given.keys() - own} == expected

    def test_what_puts_together_has_the_disk_that_planners_count_on(
        self, resources: Resources, definitions: dict[str, Any], template: dict[str, Any]
    ) -> None:
        disk = definitions["AssembleOnBatch"]["ContainerProperties"]["EphemeralStorage"]
        assert disk == {"SizeInGiB": {"Fn::FindInMap": ["Batch", "Assembling", "DiskGib"]}}
        (sizes,) = template["Mappings"]["Batch"].values()
        assert 0 < int(sizes["DiskMb"]) <= (int(sizes["DiskGib"]) - 10) * 1024
        for function in ("OnUpload", "Assemble"):
            given = resources[function]["Properties"]["Environment"]["Variables"]
            counted = {"Fn::FindInMap": ["Batch", "Assembling", "DiskMb"]}
            assert given["ARTREEL_BATCH_DISK_MB"] == counted

    def test_what_may_end_better_is_tried_again_and_nothing_else(
        self, definitions: dict[str, Any]
    ) -> None:
        """AWS Batch tries again what no condition matches, hence the last one."""
        for definition in definitions.values():
            *again, last = definition["RetryStrategy"]["EvaluateOnExit"]
            assert last == {"OnReason": "*", "Action": "EXIT"}
            assert len(again) < 5
            assert {found["Action"] for found in again} == {"RETRY"}
            codes = {found["OnExitCode"] for found in again if "OnExitCode" in found}
            assert codes == {str(EXIT_TRY_AGAIN), str(128 + signal.SIGKILL)}
            assert not {str(EXIT_REJECTED), str(EXIT_DEFECT)} & codes

    def test_everything_ends_before_the_state_machine_does(
        self, template: dict[str, Any], definitions: dict[str, Any]
    ) -> None:
        machine = template["Resources"]["PaintJob"]["Properties"]["Definition"]
        for name, definition in definitions.items():
            (task,) = (
                state
                for state in _tasks(machine)
                if refers_to(state["Parameters"].get("JobDefinition"), name)
            )
            attempt = definition["Timeout"]["AttemptDurationSeconds"]
            assert attempt <= task["TimeoutSeconds"] < machine["TimeoutSeconds"]

    def test_every_command_is_one_that_the_entry_knows(self, definitions: dict[str, Any]) -> None:
        for name, definition in definitions.items():
            first, kind, *given = definition["ContainerProperties"]["Command"]
            assert first == "batch"
            assert kind == {"PaintChunkOnBatch": "paint", "AssembleOnBatch": "assemble"}[name]
            assert given == [f"Ref::{parameter}" for parameter in definition["Parameters"]]


class TestMails:
    @pytest.fixture
    def resources(self, deployed: Deployed) -> Resources:
        return deployed(NotifyEmail="me@example.org")

    def test_are_sent_only_where_an_address_is_given(
        self, deployed: Deployed, resources: Resources
    ) -> None:
        mails = {"JobMails", "JobMailsPolicy", "JobEnded"}
        assert resources.keys() - deployed().keys() == mails

    def test_only_the_rule_may_send_them(self, resources: Resources) -> None:
        (allowed,) = statements(
            resources["JobMailsPolicy"]["Properties"]["PolicyDocument"], "Allow"
        )
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert allowed["Condition"] == {
            "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["JobEnded", "Arn"]}}
        }

    @pytest.mark.parametrize(
        "outcome",
        [
            Outcome("0f", State.SUCCEEDED, video="monet/clip.mp4"),
            Outcome("0f", State.REJECTED, "a reason"),
            Outcome("0f", State.FAILED, "a reason"),
        ],
    )
    def test_every_end_of_this_stack_is_mailed(
        self, resources: Resources, outcome: Outcome
    ) -> None:
        given = resources["JobEnded"]["Properties"]["EventPattern"]
        assert given["detail"] == {"results": {"bucket": [{"Ref": "OutputBucket"}]}}
        rule = EventPattern(None, {**given, "detail": {"results": {"bucket": [OUTPUT]}}})
        upload = SourceObject(INPUT, "videos/monet/clip.mp4", "v1")
        results = ResultKeys.for_upload(upload.key)
        for bucket, mailed in ((OUTPUT, True), ("of-another-stack", False)):
            ended = JobEnded(outcome, upload, bucket, results, "2026-01-01T12:00:00.000+00:00")
            event: Any = {
                "source": EVENT_SOURCE,
                "detail-type": ended.detail_type,
                "detail": ended.detail,
            }
            assert rule.matches_event(event) is mailed

    def test_their_text_is_in_the_event(self, resources: Resources) -> None:
        (target,) = resources["JobEnded"]["Properties"]["Targets"]
        assert target["InputTransformer"]["InputPathsMap"] == {"summary": "$.detail.summary"}
