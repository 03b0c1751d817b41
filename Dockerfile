# rdkafka-rx in containers, on Debian 13. docs/docker.md tells more.
#
#   docker build -t rdkafka-rx .                                  Debian's librdkafka, linked dynamically
#   docker build -t rdkafka-rx:static --target runtime-static .   the newest librdkafka, inside the addon
#   docker build --target test .                                  compiles everything and runs the tests
#   docker run --rm rdkafka-rx                                    node dist-examples/start.js
#   docker run --rm rdkafka-rx node dist-examples/rx-consumer-demo.js --brokers kafka:9092
#
# --build-arg BASE=...            another base; Debian 13 or newer, whose librdkafka is not too old
# --secret id=npmrc,src=.npmrc    npm's settings, for a registry or proxy of your own; id=cargo those of Cargo (config.toml), for
#                                 runtime-static; id=ca a certificate bundle, which they name as /run/secrets/ca. None ends up in an image.
#
# What changes seldom comes first, and what does not need each other is in stages of its own: a change in lib/ compiles
# TypeScript only, one in native/ the addon only, and neither installs packages or compiles librdkafka again.
ARG BASE=debian:trixie-slim

# Changes with this file only.
FROM ${BASE} AS toolchain
# libnode-dev: Node's headers. openssl and procps: the tests make certificates and look at processes.
# libssl-dev and the like: what a static librdkafka takes in.
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends \
      ca-certificates g++ libnode-dev librdkafka-dev libssl-dev libzstd-dev make nodejs npm openssl pkg-config procps \
      python3 zlib1g-dev \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
WORKDIR /app

# Cargo and CMake, for curl: librdkafka asks for tokens with it (OIDC), and Rust's package of it has its source.
FROM toolchain AS toolchain-static
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends cargo cmake \
 && apt-get clean && rm -rf /var/lib/apt/lists/*

# For the dev container: what the commands of CONTRIBUTING.md need. Java's package links into the directory of the manual, which a
# slim image may lack.
FROM toolchain-static AS dev
RUN mkdir -p /usr/share/man/man1 && apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends git less maven openjdk-21-jre-headless sudo \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 --shell /bin/bash node \
 && echo 'node ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/node
USER node

FROM toolchain AS packages
COPY package.json package-lock.json ./
# No scripts: `prepare` would build, and there is nothing to build yet.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund

FROM packages AS javascript
COPY scripts/build-ts.mjs scripts/
COPY tsconfig*.json ./
COPY lib lib
COPY examples examples
RUN npm run build:ts

FROM packages AS addon
ENV RDKAFKA_RX_LIBRDKAFKA=system
COPY scripts/build-native.mjs scripts/librdkafka*.mjs scripts/dependencies.mjs scripts/toolchain.mjs scripts/
COPY binding.gyp ./
COPY native native
# Debugging information stays out of the image.
RUN npm run build:native && strip --strip-debug build/Release/rdkafka_rx.node

FROM toolchain-static AS librdkafka-static
ENV RDKAFKA_RX_CACHE=/opt/rdkafka-rx RDKAFKA_RX_CURL=static
COPY scripts/librdkafka*.mjs scripts/dependencies.mjs scripts/toolchain.mjs scripts/
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=secret,id=cargo,target=/root/.cargo/config.toml \
    --mount=type=cache,target=/root/.npm \
    node scripts/librdkafka.mjs

FROM packages AS addon-static
ENV RDKAFKA_RX_CACHE=/opt/rdkafka-rx RDKAFKA_RX_CURL=static
COPY --from=librdkafka-static /opt/rdkafka-rx /opt/rdkafka-rx
COPY scripts/build-native.mjs scripts/librdkafka*.mjs scripts/dependencies.mjs scripts/toolchain.mjs scripts/
COPY binding.gyp ./
COPY native native
RUN npm run build:native && strip --strip-debug build/Release/rdkafka_rx.node
# The licences of what is inside it, as in the published packages.
COPY scripts/third-party.txt scripts/
RUN cat scripts/third-party.txt "$RDKAFKA_RX_CACHE"/librdkafka-*/doc/LICENSES.txt > THIRD-PARTY.txt

FROM addon AS build
COPY --from=javascript /app/dist dist
COPY --from=javascript /app/dist-examples dist-examples
COPY . .

FROM build AS test
RUN npm test

# Measures at run time: docker run --rm rdkafka-rx:bench node bench/run.mjs --brokers kafka:9092
FROM build AS bench
CMD ["node", "bench/run.mjs"]

# What both images run, but for the addon.
FROM scratch AS app
WORKDIR /app
COPY --from=packages /app/node_modules/tslib node_modules/tslib
COPY --from=packages /app/node_modules/rxjs node_modules/rxjs
COPY package.json LICENSE ./
COPY scripts/healthcheck.cjs scripts/
COPY --from=javascript /app/dist dist
COPY --from=javascript /app/dist-examples dist-examples

FROM ${BASE} AS node
# ca-certificates: whom librdkafka trusts with TLS when no ssl.ca.location is given.
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends ca-certificates nodejs \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin kafka
ENV NODE_ENV=production
WORKDIR /app
# Kafka, as the process in this container sees it: see the script.
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 CMD ["node", "scripts/healthcheck.cjs"]
# Node itself is process 1 and gets the signal, no npm or shell between: it stops reading, commits and closes.
STOPSIGNAL SIGTERM
CMD ["node", "dist-examples/start.js"]

FROM node AS runtime-static
COPY --from=addon-static /app/build/Release/rdkafka_rx.node build/Release/
COPY --from=addon-static /app/THIRD-PARTY.txt ./
COPY --from=app /app ./
USER 10001

# The last stage is what a build without --target makes.
FROM node AS runtime
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends librdkafka1 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=addon /app/build/Release/rdkafka_rx.node build/Release/
COPY --from=app /app ./
USER 10001
