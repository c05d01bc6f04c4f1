# The image of every program: one static file with links by their names, and nothing else. Without a registry: make image.
ARG GO_IMAGE=golang:1.26.8-bookworm
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY . .
ENV GOMODCACHE=/cache/modules GOCACHE=/cache/build
ARG COMMIT
RUN --mount=type=cache,target=/cache make bin/aisle COMMIT=$COMMIT && scripts/image.sh root /image && \
    mkdir -p /owned/var/lib && mv /image/keys /owned/ && mv /image/var/lib/aisle /owned/var/lib/

FROM scratch
COPY --from=build /image/ /
# Volumes mounted here belong to the image's user, which is not root; --chown leaves folders that are there already as they are.
COPY --from=build --chown=65532:65532 /owned/ /
USER 65532:65532
ENV PATH=/usr/local/bin
WORKDIR /var/lib/aisle
ENTRYPOINT ["/usr/local/bin/aisle"]
CMD ["serve"]
