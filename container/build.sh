#!/bin/sh
# Builds the image artreel:latest; arguments are passed on to `build`.
#   CONTAINER_TOOL   docker (default) or podman
#   BASE_IMAGE       another base than the Dockerfile's own
set -eu
cd "$(dirname "$0")/.."
# Podman's own format has no ONBUILD; docker does not look at this variable.
export BUILDAH_FORMAT=docker
exec "${CONTAINER_TOOL:-docker}" build \
  --file container/Dockerfile \
  --tag artreel:latest \
  --build-arg "VERSION=$(git describe --always --dirty 2>/dev/null || echo unknown)" \
  ${BASE_IMAGE:+--build-arg "BASE_IMAGE=$BASE_IMAGE"} \
  "$@" .
