# rdkafka-rx on Debian's prebuilt librdkafka, linked dynamically.
#
#   docker build --target test .               compiles everything and runs the tests
#   docker build -t rdkafka-rx . && docker run --rm rdkafka-rx
#   docker run --rm rdkafka-rx node dist-examples/rx-consumer-demo.js --brokers kafka:9092
#
# --build-arg BASE=...            another base; Debian 13 or newer, whose librdkafka is not too old
# --secret id=npmrc,src=.npmrc    npm's settings, for a registry or proxy of your own; --secret id=ca,src=... a certificate
#                                 bundle, which they name as cafile=/run/secrets/ca. Neither ends up in an image.
ARG BASE=debian:trixie-slim

# Changes with this file only.
FROM ${BASE} AS toolchain
# libnode-dev: Node's headers. openssl and procps: the tests make certificates and look at processes.
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends \
      ca-certificates g++ libnode-dev librdkafka-dev make nodejs npm openssl pkg-config procps python3 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
ENV RDKAFKA_RX_LIBRDKAFKA=system
WORKDIR /app

# A layer each, by how often they change: packages, the addon, the rest.
FROM toolchain AS build
COPY package.json package-lock.json ./
# No scripts: `prepare` would build, and there is nothing to build yet.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca,target=/run/secrets/ca \
    --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund
COPY binding.gyp ./
COPY scripts scripts
COPY native native
# Debugging information stays out of the image.
RUN npm run build:native && strip --strip-debug build/Release/rdkafka_rx.node
COPY . .
RUN npm run build:ts

FROM build AS test
RUN npm test

FROM ${BASE} AS runtime
# ca-certificates: whom librdkafka trusts with TLS when no ssl.ca.location is given.
RUN apt-get -qq update \
 && apt-get -qq install -y --no-install-recommends ca-certificates librdkafka1 nodejs \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin kafka
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules/tslib node_modules/tslib
COPY --from=build /app/node_modules/rxjs node_modules/rxjs
COPY --from=build /app/scripts/healthcheck.cjs scripts/
COPY --from=build /app/build/Release/rdkafka_rx.node build/Release/
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/dist dist
COPY --from=build /app/dist-examples dist-examples
USER 10001
# Kafka, as the process in this container sees it: see the script.
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s --retries=3 CMD ["node", "scripts/healthcheck.cjs"]
# Node itself is process 1 and gets the signal, no npm or shell between: it stops reading, commits and closes.
STOPSIGNAL SIGTERM
CMD ["node", "dist-examples/start.js"]
