# The image of the platform: one executable on a base without a shell. One image for every deployment: MODULES says which
# modules a container runs. What is in it, how it is built and checked: docs/release.md.
#
# A build by hand, and what a pipeline gives besides (each ends up in a label and in --version):
#   docker build --build-arg COMMIT="$(git rev-parse HEAD)" --build-arg CREATED="$(date -u +%FT%TZ)" -t genai-demo .

# Bun's own image, by the version that the checkout demands: the tag of a release is not moved. A mirror, or the same by
# digest, takes its place with --build-arg.
ARG BUN_IMAGE=docker.io/oven/bun:1.4.5-slim
# Debian's C library, time zones, CA certificates and a user, nothing to start but ours. Its tag moves: the digest pins it
# (an index of amd64 and arm64).
ARG BASE_IMAGE=gcr.io/distroless/base-nossl-debian12:nonroot@sha256:be40c00dfabd86576d92666e87e406714d5618342de1a0c213ad232de255172e

FROM ${BUN_IMAGE} AS build
WORKDIR /source
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile
COPY . .
ARG COMMIT=unknown
ARG CREATED=
# The label's time is the executable's: the same arguments make the same bytes.
RUN SOURCE_DATE_EPOCH="${CREATED:+$(date -u -d "${CREATED}" +%s)}" bun run build --out /out --commit "${COMMIT}" \
  && bun runtime/cli/release/rds-roots.ts > /out/rds-roots.pem \
  && chmod 0555 /out/genai-demo-server \
  && chmod 0444 /out/rds-roots.pem

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
ARG VERSION=0.1.0
ARG COMMIT=unknown
ARG CREATED=
ARG SOURCE=
LABEL org.opencontainers.image.title="genai-demo" \
      org.opencontainers.image.description="An order platform of six modules: all in one process, or each in its own" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
COPY --from=build /out/rds-roots.pem /etc/ssl/rds-roots.pem
COPY --from=build /out/genai-demo-server /genai-demo

# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /
# DATA_DIR: the signing key of the development issuer, where that is used; the root file system is read-only.
# NODE_ENV: with it the development issuer is refused.
# MIMALLOC_PURGE_DELAY: freed memory goes back to the system after ten seconds, not one. Under load it is needed again at
# once: giving it back costs 8 % of the application's CPU. Memory stays bounded, some 10 % higher at its peak.
ENV DATA_DIR=/tmp/genai-demo \
    NODE_ENV=production \
    MIMALLOC_PURGE_DELAY=10000
# Public; internal (rpc, metrics, health), never to be routed from outside.
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["/genai-demo", "healthcheck"]
ENTRYPOINT ["/genai-demo"]
CMD ["serve"]
