#!/bin/sh
# Starts the image as what its first argument says:
#   batch WORK                 a container of AWS Batch, or of a shell: handler/entrypoints/batch_job.py
#   package.module.function    the Lambda function with this handler (the default)
set -eu
python=/opt/venv/bin/python
if [ "${1:-}" = batch ]; then
  shift
  exec "$python" -m handler.entrypoints.batch_job "$@"
fi
exec "$python" -m awslambdaric "$@"
