#!/bin/sh
# Removes from an installed environment what painting on a CPU never loads.
#   trim.sh SITE_PACKAGES
set -eu
cd "$1"

# OpenVINO: other devices than the CPU, and readers of formats other than ONNX and its own.
for part in intel_gpu_plugin intel_npu_plugin auto_plugin auto_batch_plugin hetero_plugin \
  tensorflow_frontend tensorflow_lite_frontend pytorch_frontend paddle_frontend jax_frontend \
  gguf_frontend; do
  rm -f openvino/libs/libopenvino_"$part".so*
done
rm -rf openvino/libs/cache.json openvino/include openvino/cmake

# botocore: descriptions of services that artreel never calls.
for service in botocore/data/*/; do
  case $(basename "$service") in
    batch | dynamodb | events | s3 | sns | sqs | stepfunctions | sts) ;;
    *) rm -r "$service" ;;
  esac
done
