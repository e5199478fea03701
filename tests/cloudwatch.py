"""Names of metrics, so that alarms and dashboards can be checked against them."""

from __future__ import annotations

OF_CONTAINERS = {"ContainersUSD"}
OF_FUNCTIONS = {
    "ColdStarts",
    "CostUSD",
    "Frames",
    "FramesPainted",
    "JobsFailed",
    "JobsCancelled",
    "JobsRejected",
    "JobsRetried",
    "JobsSucceeded",
    "PaintSeconds",
}
OUR_METRICS = OF_FUNCTIONS | OF_CONTAINERS
"""What the handler sends, in the namespace ``artreel``; ``test_telemetry.py`` and
``test_batch_job.py`` hold it to that."""

AWS_METRICS = {
    # docs.aws.amazon.com: "Types of metrics for Lambda functions"
    "AWS/Lambda": (
        {"FunctionName"},
        {
            "ConcurrentExecutions",
            "DeadLetterErrors",
            "Duration",
            "Errors",
            "Invocations",
            "PostRuntimeExtensionsDuration",
            "Throttles",
        },
    ),
    # "Available CloudWatch metrics for Amazon SQS"
    "AWS/SQS": (
        {"QueueName"},
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfEmptyReceives",
            "NumberOfMessagesDeleted",
            "NumberOfMessagesReceived",
            "NumberOfMessagesSent",
            "SentMessageSize",
        },
    ),
    # "Monitoring Step Functions metrics using CloudWatch", metrics of executions
    "AWS/States": (
        {"StateMachineArn"},
        {
            "ExecutionThrottled",
            "ExecutionTime",
            "ExecutionsAborted",
            "ExecutionsFailed",
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsTimedOut",
        },
    ),
    # "Monitoring Amazon EventBridge", metrics of rules
    "AWS/Events": (
        {"RuleName"},
        {
            "FailedInvocations",
            "Invocations",
            "InvocationsFailedToBeSentToDlq",
            "InvocationsSentToDlq",
            "MatchedEvents",
            "RetryInvocationAttempts",
            "ThrottledRules",
            "TriggeredRules",
        },
    ),
}
"""Namespace -> the dimensions of its metrics, as used here, and their names. AWS publishes neither
as data; this is what its documentation lists."""
