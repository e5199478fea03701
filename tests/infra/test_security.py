"""Who may do what, what is encrypted, and what the security rules say; see infra/README.md."""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_all  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from infra.local.deploy import read_template, translated
from tests.infra.conftest import IMAGE, WITH_BATCH, Deployed, settled

Resources = dict[str, Any]

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / "build" / "checkov" / "bin" / "checkov"
CHECKOV_SECONDS = 300
KEY = "arn:aws:kms:eu-central-1:111122223333:key/0d3f2e5a-0000-4000-8000-000000000000"


def of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


# --- permissions -----------------------------------------------------------------------------

VIDEOS = "${InputBucket.Arn}/videos/*"
STYLES = "${InputBucket.Arn}/styles/*"
MASKS = "${InputBucket.Arn}/masks/*"
JOBS = "${InputBucket.Arn}/jobs/*"
RESULTS = "${OutputBucket.Arn}/*"
OWN_STACK = (
    "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:"
    "stack/${AWS::StackName}/*"
)
STATUSES = "${OutputBucket.Arn}/*.status.json"
WORK = "${WorkBucket.Arn}/*"
_STATES = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
MACHINE = f"{_STATES}:stateMachine:${{AWS::StackName}}-paint-job"
EXECUTIONS = f"{_STATES}:execution:${{AWS::StackName}}-paint-job"
VIA_SERVICES = {
    "StringEquals": {
        "kms:ViaService": [
            {"Fn::Sub": f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}"}
            for service in ("s3", "sqs", "dynamodb")
        ]
    }
}
VIA_S3 = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}}}

ALLOWED = {
    ("OnUploadRole", "s3:GetObject", VIDEOS),
    ("OnUploadRole", "s3:GetObject", MASKS),
    ("OnUploadRole", "s3:GetObject", STYLES),
    ("OnUploadRole", "s3:GetObject", JOBS),
    ("OnUploadRole", "s3:GetObjectVersion", VIDEOS),
    ("OnUploadRole", "s3:GetObjectVersion", MASKS),
    ("OnUploadRole", "s3:GetObjectVersion", STYLES),
    ("OnUploadRole", "s3:GetObjectVersion", JOBS),
    ("OnUploadRole", "s3:GetObject", RESULTS),
    ("OnUploadRole", "s3:GetObjectTagging", VIDEOS),
    ("OnUploadRole", "s3:GetObjectTagging", JOBS),
    ("OnUploadRole", "s3:GetObjectVersionTagging", VIDEOS),
    ("OnUploadRole", "s3:GetObjectVersionTagging", JOBS),
    ("OnUploadRole", "s3:ListBucket", "InputBucket.Arn"),
    ("OnUploadRole", "s3:ListBucket", "OutputBucket.Arn"),
    ("OnUploadRole", "s3:PutObject", RESULTS),
    ("OnUploadRole", "s3:AbortMultipartUpload", RESULTS),
    ("OnUploadRole", "dynamodb:GetItem", "JobTable.Arn"),
    ("OnUploadRole", "dynamodb:PutItem", "JobTable.Arn"),
    ("OnUploadRole", "dynamodb:UpdateItem", "JobTable.Arn"),
    ("OnUploadRole", "dynamodb:DeleteItem", "JobTable.Arn"),
    ("OnUploadRole", "sqs:ReceiveMessage", "JobQueue.Arn"),
    ("OnUploadRole", "sqs:DeleteMessage", "JobQueue.Arn"),
    ("OnUploadRole", "sqs:GetQueueAttributes", "JobQueue.Arn"),
    ("OnUploadRole", "sqs:ChangeMessageVisibility", "JobQueue.Arn"),
    ("OnUploadRole", "logs:CreateLogStream", "OnUploadLogs.Arn"),
    ("OnUploadRole", "logs:PutLogEvents", "OnUploadLogs.Arn"),
    # X-Ray's actions know no resources.
    ("OnUploadRole", "xray:PutTraceSegments", "*"),
    ("OnUploadRole", "xray:PutTelemetryRecords", "*"),
    ("OnUploadRole", "s3:GetObject", WORK),
    ("OnUploadRole", "s3:PutObject", WORK),
    ("OnUploadRole", "s3:AbortMultipartUpload", WORK),
    ("OnUploadRole", "s3:ListBucket", "WorkBucket.Arn"),
    ("OnUploadRole", "states:StartExecution", "PaintJob"),
    ("OnUploadRole", "states:DescribeExecution", f"{EXECUTIONS}:*"),
    ("OnDeadLetterRole", "s3:GetObject", VIDEOS),
    ("OnDeadLetterRole", "s3:GetObject", JOBS),
    ("OnDeadLetterRole", "s3:GetObject", RESULTS),
    ("OnDeadLetterRole", "s3:GetObjectVersion", VIDEOS),
    ("OnDeadLetterRole", "s3:GetObjectVersion", JOBS),
    ("OnDeadLetterRole", "s3:GetObjectTagging", VIDEOS),
    ("OnDeadLetterRole", "s3:GetObjectTagging", JOBS),
    ("OnDeadLetterRole", "s3:GetObjectVersionTagging", VIDEOS),
    ("OnDeadLetterRole", "s3:GetObjectVersionTagging", JOBS),
    ("OnDeadLetterRole", "s3:ListBucket", "InputBucket.Arn"),
    ("OnDeadLetterRole", "s3:ListBucket", "OutputBucket.Arn"),
    ("OnDeadLetterRole", "s3:PutObject", RESULTS),
    ("OnDeadLetterRole", "dynamodb:GetItem", "JobTable.Arn"),
    ("OnDeadLetterRole", "dynamodb:PutItem", "JobTable.Arn"),
    ("OnDeadLetterRole", "dynamodb:UpdateItem", "JobTable.Arn"),
    ("OnDeadLetterRole", "sqs:ReceiveMessage", "AbandonedQueue.Arn"),
    ("OnDeadLetterRole", "sqs:DeleteMessage", "AbandonedQueue.Arn"),
    ("OnDeadLetterRole", "sqs:GetQueueAttributes", "AbandonedQueue.Arn"),
    ("OnDeadLetterRole", "sqs:ChangeMessageVisibility", "AbandonedQueue.Arn"),
    ("OnDeadLetterRole", "sqs:SendMessage", "DeadLetterQueue.Arn"),
    ("OnDeadLetterRole", "logs:CreateLogStream", "OnDeadLetterLogs.Arn"),
    ("OnDeadLetterRole", "logs:PutLogEvents", "OnDeadLetterLogs.Arn"),
    ("OnDeadLetterRole", "xray:PutTraceSegments", "*"),
    ("OnDeadLetterRole", "xray:PutTelemetryRecords", "*"),
    ("SubmitterPolicy", "cloudformation:DescribeStacks", OWN_STACK),
    ("SubmitterPolicy", "s3:GetObject", VIDEOS),
    ("SubmitterPolicy", "s3:GetObject", STYLES),
    ("SubmitterPolicy", "s3:GetObject", JOBS),
    ("SubmitterPolicy", "s3:PutObject", VIDEOS),
    ("SubmitterPolicy", "s3:PutObject", STYLES),
    ("SubmitterPolicy", "s3:PutObject", JOBS),
    ("SubmitterPolicy", "s3:ListMultipartUploadParts", VIDEOS),
    ("SubmitterPolicy", "s3:ListBucket", "InputBucket.Arn"),
    ("SubmitterPolicy", "s3:ListBucketMultipartUploads", "InputBucket.Arn"),
    *(
        ("SubmitterPolicy", f"s3:{what}Object{version}Tagging", key)
        for what in ("Get", "Put")
        for version in ("", "Version")
        for key in (VIDEOS, JOBS)
    ),
    ("SubmitterPolicy", "s3:GetObject", RESULTS),
    ("SubmitterPolicy", "s3:ListBucket", "OutputBucket.Arn"),
    ("PaintChunkRole", "s3:GetObject", STYLES),
    ("PaintChunkRole", "s3:GetObjectVersion", STYLES),
    ("PaintChunkRole", "s3:PutObject", WORK),
    ("PaintChunkRole", "s3:AbortMultipartUpload", WORK),
    ("PaintChunkRole", "s3:GetObject", STATUSES),
    ("PaintChunkRole", "s3:PutObject", STATUSES),
    ("AssembleRole", "s3:AbortMultipartUpload", RESULTS),
    ("EndJobRole", "sqs:SendMessage", "DeadLetterQueue.Arn"),
    ("PaintJobRole", "lambda:InvokeFunction", "PaintChunk.Arn"),
    ("PaintJobRole", "lambda:InvokeFunction", "Assemble.Arn"),
    ("PaintJobRole", "lambda:InvokeFunction", "EndJob.Arn"),
    ("PaintJobRole", "s3:GetObject", WORK),
    ("PaintJobRole", "s3:PutObject", WORK),
    ("PaintJobRole", "s3:AbortMultipartUpload", WORK),
    ("PaintJobRole", "s3:ListMultipartUploadParts", WORK),
    ("PaintJobRole", "states:StartExecution", MACHINE),
    ("PaintJobRole", "states:DescribeExecution", f"{EXECUTIONS}*"),
    ("PaintJobRole", "states:StopExecution", f"{EXECUTIONS}*"),
    ("PaintJobRole", "xray:PutTraceSegments", "*"),
    ("PaintJobRole", "xray:PutTelemetryRecords", "*"),
    # Nor do deliveries of logs.
    ("PaintJobRole", "logs:CreateLogDelivery", "*"),
    ("PaintJobRole", "logs:GetLogDelivery", "*"),
    ("PaintJobRole", "logs:UpdateLogDelivery", "*"),
    ("PaintJobRole", "logs:DeleteLogDelivery", "*"),
    ("PaintJobRole", "logs:ListLogDeliveries", "*"),
    ("PaintJobRole", "logs:PutResourcePolicy", "*"),
    ("PaintJobRole", "logs:DescribeResourcePolicies", "*"),
    ("PaintJobRole", "logs:DescribeLogGroups", "*"),
}
for _name in ("PaintChunk", "Assemble", "EndJob"):
    ALLOWED |= {
        (f"{_name}Role", "s3:GetObject", VIDEOS),
        (f"{_name}Role", "s3:GetObject", JOBS),
        (f"{_name}Role", "s3:GetObjectVersion", VIDEOS),
        (f"{_name}Role", "s3:GetObjectVersion", JOBS),
        (f"{_name}Role", "s3:GetObject", WORK),
        *(
            (f"{_name}Role", f"s3:GetObject{version}Tagging", key)
            for version in ("", "Version")
            for key in (VIDEOS, JOBS)
        ),
        *((f"{_name}Role", "s3:ListBucket", f"{b}Bucket.Arn") for b in ("Input", "Output", "Work")),
        (f"{_name}Role", "logs:CreateLogStream", f"{_name}Logs.Arn"),
        (f"{_name}Role", "logs:PutLogEvents", f"{_name}Logs.Arn"),
        (f"{_name}Role", "xray:PutTraceSegments", "*"),
        (f"{_name}Role", "xray:PutTelemetryRecords", "*"),
    }
for _name in ("Assemble", "EndJob"):
    ALLOWED |= {
        (f"{_name}Role", "s3:GetObject", RESULTS),
        (f"{_name}Role", "s3:PutObject", RESULTS),
        (f"{_name}Role", "dynamodb:GetItem", "JobTable.Arn"),
        (f"{_name}Role", "dynamodb:PutItem", "JobTable.Arn"),
        (f"{_name}Role", "dynamodb:UpdateItem", "JobTable.Arn"),
    }
"""Role (or policy for people), action and resource of all that is allowed without a condition."""

ALLOWED_WITH_KEY = {
    (f"{name}Role", action, "KmsKeyArn")
    for name in ("OnUpload", "OnDeadLetter", "PaintChunk", "Assemble", "EndJob", "PaintJob")
    for action in ("kms:Decrypt", "kms:GenerateDataKey")
}
"""What is allowed besides where there is a key, and only through the services that use it."""

_OWN = "${AWS::Region}:${AWS::AccountId}"
ALLOWED_WITH_BATCH = {
    ("PaintJobRole", "batch:SubmitJob", "BatchQueue"),
    ("PaintJobRole", "batch:SubmitJob", "PaintChunkOnBatch"),
    ("PaintJobRole", "batch:SubmitJob", "AssembleOnBatch"),
    # It knows no resources.
    ("PaintJobRole", "batch:DescribeJobs", "*"),
    ("PaintJobRole", "batch:TerminateJob", f"arn:${{AWS::Partition}}:batch:{_OWN}:job/*"),
    *(
        (
            "PaintJobRole",
            f"events:{action}",
            f"arn:${{AWS::Partition}}:events:{_OWN}:rule/StepFunctionsGetEventsForBatchJobsRule",
        )
        for action in ("PutTargets", "PutRule", "DescribeRule")
    ),
    # Nor does this.
    ("BatchStartRole", "ecr:GetAuthorizationToken", "*"),
    *(
        (
            "BatchStartRole",
            f"ecr:{action}",
            f"arn:${{AWS::Partition}}:ecr:{_OWN}:repository/*",
        )
        for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    ),
    ("BatchStartRole", "logs:CreateLogStream", "BatchLogs.Arn"),
    ("BatchStartRole", "logs:PutLogEvents", "BatchLogs.Arn"),
}
"""What is allowed besides where there is AWS Batch."""

ALLOWED_WITH_KEY_VIA_S3 = {
    ("SubmitterPolicy", "kms:Decrypt", "KmsKeyArn"),
    ("SubmitterPolicy", "kms:GenerateDataKey", "KmsKeyArn"),
}

ALLOWED_FOR_EVENTS = {
    (role, "events:PutEvents", f"arn:${{AWS::Partition}}:events:{place}:event-bus/default")
    for role in ("OnUploadRole", "OnDeadLetterRole", "AssembleRole", "EndJobRole")
    for place in ("${AWS::Region}:${AWS::AccountId}",)
}
"""Only ends of jobs are announced."""

OWN_SOURCE = {"ForAllValues:StringEquals": {"events:source": "artreel"}}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def spelled(resource: Any) -> str:
    """A resource as the tables above spell it."""
    if isinstance(resource, str):
        return resource
    ((function, operand),) = resource.items()
    assert function in ("Ref", "Fn::Sub", "Fn::GetAtt")
    return ".".join(operand) if isinstance(operand, list) else str(operand)


def statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every role, wherever a template may put it, with the role's name, and of
    the policies for people."""
    policies = [
        *of_type(resources, "AWS::IAM::ManagedPolicy").items(),
        *(
            (name, policy)
            for name, role in of_type(resources, "AWS::IAM::Role").items()
            for policy in role.get("Policies", [])
        ),
    ]
    for name, policy in policies:
        for statement in as_list(policy["PolicyDocument"]["Statement"]):
            yield name, statement


def granted(resources: Resources) -> set[tuple[str, str, str, str]]:
    """Role, action, resource and condition (as JSON) of all that is allowed."""
    return {
        (role, action, spelled(resource), json.dumps(statement.get("Condition")))
        for role, statement in statements(resources)
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def _with(condition: Any, table: set[tuple[str, str, str]]) -> set[tuple[str, str, str, str]]:
    return {(*row, json.dumps(condition)) for row in table}


class TestPermissions:
    def test_every_allowed_action(self, deployed: Deployed) -> None:
        without_key = _with(None, ALLOWED) | _with(OWN_SOURCE, ALLOWED_FOR_EVENTS)
        assert granted(deployed()) == without_key
        with_key = without_key | _with(VIA_SERVICES, ALLOWED_WITH_KEY)
        with_key |= _with(VIA_S3, ALLOWED_WITH_KEY_VIA_S3)
        assert granted(deployed(KmsKeyArn=KEY)) == with_key
        with_batch = without_key | _with(None, ALLOWED_WITH_BATCH)
        assert granted(deployed(**WITH_BATCH)) == with_batch

    def test_no_policy_hides_elsewhere(self, resources: Resources) -> None:
        kinds = {resource["Type"] for resource in resources.values()}
        known = {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}
        assert {kind for kind in kinds if kind.startswith("AWS::IAM::")} == known
        for policy in of_type(resources, "AWS::IAM::ManagedPolicy").values():
            assert not {"Users", "Groups", "Roles"} & policy.keys()
        for role in of_type(resources, "AWS::IAM::Role").values():
            assert "ManagedPolicyArns" not in role
        for _, statement in statements(resources):
            assert not {"NotAction", "NotResource"} & statement.keys()

    def test_nothing_is_allowed_by_a_pattern_of_actions(self, resources: Resources) -> None:
        assert not [action for _, action, _, _ in granted(resources) if "*" in action]

    def test_only_functions_and_the_state_machine_take_the_roles(
        self, resources: Resources
    ) -> None:
        for name, role in of_type(resources, "AWS::IAM::Role").items():
            (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
            service = "states" if name == "PaintJobRole" else "lambda"
            assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
            assert trust["Action"] == "sts:AssumeRole"

    def test_containers_of_this_account_take_those_of_their_work_and_of_their_start(
        self, deployed: Deployed
    ) -> None:
        resources = deployed(**WITH_BATCH)
        taken = {
            name: trust
            for name, role in of_type(resources, "AWS::IAM::Role").items()
            for trust in role["AssumeRolePolicyDocument"]["Statement"]
            if trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        }
        assert taken.keys() == {"PaintChunkRole", "AssembleRole", "BatchStartRole"}
        for trust in taken.values():
            account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            assert trust["Condition"] == {"StringEquals": account}
        containers = {
            name: definition["ContainerProperties"]
            for name, definition in of_type(resources, "AWS::Batch::JobDefinition").items()
        }
        assert {name: found["JobRoleArn"] for name, found in containers.items()} == {
            "PaintChunkOnBatch": {"Fn::GetAtt": ["PaintChunkRole", "Arn"]},
            "AssembleOnBatch": {"Fn::GetAtt": ["AssembleRole", "Arn"]},
        }

    def test_every_function_has_a_role_of_its_own(self, resources: Resources) -> None:
        roles = [
            function["Role"]["Fn::GetAtt"][0]
            for function in of_type(resources, "AWS::Lambda::Function").values()
        ]
        roles += [
            machine["RoleArn"]["Fn::GetAtt"][0]
            for machine in of_type(resources, "AWS::StepFunctions::StateMachine").values()
        ]
        assert sorted(roles) == sorted(of_type(resources, "AWS::IAM::Role"))


# --- encryption and secrets ------------------------------------------------------------------


class TestEncryption:
    def test_a_customers_key_encrypts_all_that_is_stored(self, deployed: Deployed) -> None:
        resources = deployed(KmsKeyArn=KEY)
        key = {"Ref": "KmsKeyArn"}
        for bucket in of_type(resources, "AWS::S3::Bucket").values():
            assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
                {
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": key,
                    },
                    "BucketKeyEnabled": True,
                }
            ]
        for queue in of_type(resources, "AWS::SQS::Queue").values():
            assert (queue["KmsMasterKeyId"], queue["SqsManagedSseEnabled"]) == (key, False)
        for table in of_type(resources, "AWS::DynamoDB::Table").values():
            assert table["SSESpecification"]["KMSMasterKeyId"] == key
        for log in of_type(resources, "AWS::Logs::LogGroup").values():
            assert log["KmsKeyId"] == key

    def test_without_one_aws_own_keys_do(self, resources: Resources) -> None:
        for bucket in of_type(resources, "AWS::S3::Bucket").values():
            (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        for queue in of_type(resources, "AWS::SQS::Queue").values():
            assert queue["SqsManagedSseEnabled"] is True
            assert "KmsMasterKeyId" not in queue
        for table in of_type(resources, "AWS::DynamoDB::Table").values():
            assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}


SECRET = "SECRET|TOKEN|PASSWORD|CREDENTIAL|ACCESS_KEY"


def test_no_secret_is_in_the_environment(template: dict[str, Any], deployed: Deployed) -> None:
    """Variables are numbers, names and addresses of the stack; no parameter takes a secret."""
    resources = deployed(**WITH_BATCH)
    assert not [name for name, found in template["Parameters"].items() if "NoEcho" in found]
    for function in of_type(resources, "AWS::Lambda::Function").values():
        for name, value in function["Environment"]["Variables"].items():
            assert not re.search(SECRET, name)
            assert "resolve:" not in json.dumps(value)
    for definition in of_type(resources, "AWS::Batch::JobDefinition").values():
        assert not re.search(f"{SECRET}|resolve:|Secrets", json.dumps(definition))


# --- security rules --------------------------------------------------------------------------

NO_KEY = "AWS's own key encrypts it; KmsKeyArn replaces that by the customer's"
EXCEPTIONS = {
    ("CKV_AWS_18", "InputBucket"): "accesses are the account's CloudTrail data events to record; "
    "a bucket of access logs in each stack would itself have to be guarded",
    ("CKV_AWS_18", "OutputBucket"): "the same",
    ("CKV_AWS_21", "OutputBucket"): "a result can be painted again from its source",
    ("CKV_AWS_18", "WorkBucket"): "the same",
    ("CKV_AWS_21", "WorkBucket"): "what lies there is painted again where it is missing",
    ("CKV_AWS_116", "OnUpload"): "the queue that feeds it has the dead letters; this would be for "
    "asynchronous invocations, of which there are none",
    ("CKV_AWS_117", "OnUpload"): "it talks to S3, DynamoDB and SQS alone, through their public TLS "
    "addresses; a VPC would add gateways and a cold start and keep nothing out",
    ("CKV_AWS_115", "OnUpload"): "MaxConcurrency of the event source bounds it, without taking "
    "functions from the account's other stacks",
    ("CKV_AWS_173", "OnUpload"): "the variables are names and numbers, none is a secret",
    ("CKV_AWS_26", "JobMails"): "EventBridge may not use the key that SNS brings",
    ("CKV_AWS_116", "OnDeadLetter"): "the same as for OnUpload",
    ("CKV_AWS_117", "OnDeadLetter"): "the same as for OnUpload",
    ("CKV_AWS_115", "OnDeadLetter"): "the same as for OnUpload",
    ("CKV_AWS_173", "OnDeadLetter"): "the same as for OnUpload",
}
for _name in ("PaintChunk", "Assemble", "EndJob"):
    EXCEPTIONS |= {
        ("CKV_AWS_116", _name): "the state machine that calls it tries again, and tells of its end",
        ("CKV_AWS_117", _name): "the same as for OnUpload",
        ("CKV_AWS_115", _name): "the state machine starts no more workers than MaxWorkers",
        ("CKV_AWS_173", _name): "the same as for OnUpload",
    }
EXCEPTIONS_WITHOUT_KEY = {
    ("CKV_AWS_27", "JobQueue"): NO_KEY,
    ("CKV_AWS_27", "DeadLetterQueue"): NO_KEY,
    ("CKV_AWS_27", "AbandonedQueue"): NO_KEY,
    ("CKV_AWS_119", "JobTable"): NO_KEY,
    ("CKV_AWS_158", "OnUploadLogs"): NO_KEY,
    ("CKV_AWS_158", "OnDeadLetterLogs"): NO_KEY,
    ("CKV_AWS_158", "PaintChunkLogs"): NO_KEY,
    ("CKV_AWS_158", "AssembleLogs"): NO_KEY,
    ("CKV_AWS_158", "EndJobLogs"): NO_KEY,
    ("CKV_AWS_158", "PaintJobLogs"): NO_KEY,
    ("CKV_AWS_158", "BatchLogs"): NO_KEY,
}


def with_image(template: dict[str, Any]) -> dict[str, Any]:
    """The template as ``sam build`` leaves it: its images have addresses."""
    built = copy.deepcopy(template)
    for resource in built["Resources"].values():
        if resource.get("Properties", {}).get("PackageType") == "Image":
            resource["Properties"]["ImageUri"] = IMAGE
    return built


def violations(template: dict[str, Any], folder: Path) -> set[tuple[str, str]]:
    """What checkov finds in a translated template: rule and resource. It reaches no network."""
    assert CHECKOV.exists(), "`make check` installs checkov, in an environment of its own"
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    nowhere = "http://127.0.0.1:9"
    done = subprocess.run(
        [
            *(str(CHECKOV), "--framework", "cloudformation", "--skip-download"),
            *("--output", "json", "--file", str(path)),
        ],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "HTTPS_PROXY": nowhere},
        capture_output=True,
        text=True,
        timeout=CHECKOV_SECONDS,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 0
    assert report["summary"]["parsing_errors"] == 0
    return {
        (check["check_id"], check["resource"].rpartition(".")[2])
        for check in report["results"]["failed_checks"]
    }


class TestRules:
    @pytest.mark.parametrize("key", ["", KEY], ids=["without a key", "with a key"])
    def test_checkov_finds_what_is_known_and_nothing_else(self, key: str, tmp_path: Path) -> None:
        template = read_template()
        template["Parameters"]["KmsKeyArn"]["Default"] = key
        found = violations(settled(translated(with_image(template)), WITH_BATCH), tmp_path)
        known = EXCEPTIONS if key else EXCEPTIONS | EXCEPTIONS_WITHOUT_KEY
        assert found == known.keys()

    def test_checkov_sees_into_what_sam_makes(self, tmp_path: Path) -> None:
        template = read_template()
        template["Resources"]["Open"] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "PackageType": "Image",
                "Policies": [
                    {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
                ],
            },
        }
        found = violations(settled(translated(with_image(template)), {}), tmp_path)
        assert ("CKV_AWS_107", "OpenRole") in found  # it may read credentials


def lint(template: dict[str, Any]) -> list[str]:
    """What cfn-lint finds in a template that holds no SAM any more."""
    matches = lint_all(json.dumps(template, indent=1))
    return [str(match) for match in matches if match.rule.severity != "informational"]


def state_machines(template: dict[str, Any]) -> dict[str, Any]:
    """Name -> definition in Amazon's States Language, whether it lies in a file or in the template.

    SAM writes a definition as one joined string, into which no linter looks.
    """
    found = {}
    for name, machine in template["Resources"].items():
        if machine["Type"] == "AWS::Serverless::StateMachine":
            properties = machine["Properties"]
            found[name] = properties.get("Definition") or yaml_parse(
                (ROOT / properties["DefinitionUri"]).read_text(encoding="utf-8")
            )
    return found


def without_references(node: Any) -> Any:
    """A definition that names functions as they will be called, not as the template does."""
    if isinstance(node, dict):
        if "Fn::If" in node:
            return without_references(node["Fn::If"][1])
        if "Ref" in node:
            return "arn:aws:batch:eu-central-1:111122223333:any"
        if "Fn::GetAtt" in node:
            return "arn:aws:lambda:eu-central-1:111122223333:function:any"
        return {key: without_references(item) for key, item in node.items()}
    return [without_references(item) for item in node] if isinstance(node, list) else node


def lint_definition(definition: Any) -> list[str]:
    """What cfn-lint's rule for Amazon's States Language finds in a state machine."""
    role = "arn:aws:iam::111122223333:role/machine"
    properties = {"RoleArn": role, "Definition": without_references(definition)}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    return lint({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}})


class TestLint:
    def test_the_translated_template_is_clean(self) -> None:
        assert lint(translated(with_image(read_template()))) == []

    def test_every_state_machine_is_clean(self, template: dict[str, Any]) -> None:
        machines = state_machines(template)
        assert machines
        for name, definition in machines.items():
            assert lint_definition(definition) == [], name

    @pytest.mark.parametrize("place", ["in the template", "in a file"])
    def test_a_wrong_state_machine_is_found(self, place: str, tmp_path: Path) -> None:
        wrong = {"StartAt": "Paint", "States": {"Paint": {"Type": "Task", "Resorce": "arn"}}}
        path = tmp_path / "paint.asl.json"
        path.write_text(json.dumps(wrong))
        given = {"Definition": wrong} if place == "in the template" else {"DefinitionUri": path}
        machine = {"Type": "AWS::Serverless::StateMachine", "Properties": given}
        (definition,) = state_machines({"Resources": {"Machine": machine}}).values()
        findings = lint_definition(definition)
        assert any("Resorce" in finding for finding in findings)
        assert any("'Resource' is a required property" in finding for finding in findings)

    def test_a_right_state_machine_is_not(self) -> None:
        states = {
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        }
        assert lint_definition({"StartAt": "Wait", "States": states}) == []


# --- the threat model ------------------------------------------------------------------------


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+\.py)::(?:(\w+)::)?(test_\w+)`", text))
    assert len(named) > 20
    files = {path.name: path for path in (ROOT / "tests").rglob("test_*.py")}
    for file, group, name in named:
        tests = set(_tests_of(files[file]))
        assert (group, name) in tests, f"{file}::{group}::{name}"


def _tests_of(path: Path) -> Iterator[tuple[str, str]]:
    """Class, or "" for none, and name of every test in a file."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield "", node.name
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, m.name) for m in node.body if isinstance(m, ast.FunctionDef))
