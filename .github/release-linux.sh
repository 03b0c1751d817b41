#!/bin/sh
# Builds and tests the package of this container's platform: Debian for glibc, Alpine for musl. Run by release.yml, or by hand with
#   docker run --rm --volume "$PWD:/src" --workdir /src node:24-bookworm sh .github/release-linux.sh
set -eu
if command -v apk > /dev/null; then
  apk add --no-cache bash binutils build-base cargo cmake linux-headers openssl openssl-dev openssl-libs-static pkgconf procps python3 \
    zlib-dev zlib-static zstd-dev zstd-static
else
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends build-essential cargo cmake libssl-dev libzstd-dev openssl \
    pkg-config procps python3 zlib1g-dev
fi
npm ci
npm run prebuild
RDKAFKA_RX_ADDON=$(ls "$PWD"/build/packages/@rdkafka-rx/*/rdkafka_rx.node)
export RDKAFKA_RX_ADDON
npm test
