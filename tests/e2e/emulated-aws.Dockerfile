# The emulated S3, DynamoDB, SQS and EventBridge that the image is tested against, in the versions of requirements.lock.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}
COPY requirements.lock /
RUN python3 -m venv /opt/venv \
 && grep -v -- --hash= /requirements.lock | tr -d '\\' > /constraints.txt \
 && /opt/venv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check \
      -c /constraints.txt "moto[dynamodb,events,s3,server,sqs]"
USER 10001:10001
ENTRYPOINT ["/opt/venv/bin/moto_server", "--host", "0.0.0.0", "--port", "5000"]
