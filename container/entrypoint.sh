#!/bin/sh
# Starts the image as what its first argument says:
#   batch JOB                  one job as JSON, painted to its end (AWS Batch, or a shell)
#   package.module.function    the Lambda function with this handler (the default)
set -eu
python=/opt/venv/bin/python
if [ "${1:-}" = batch ]; then
  shift
  exec "$python" -m handler.entrypoints.batch_job "$@"
fi
exec "$python" -m awslambdaric "$@"
