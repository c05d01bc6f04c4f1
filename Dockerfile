# The image of every program: one static file with links by their names, and nothing else. Without a registry: make image.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY . .
ENV GOMODCACHE=/cache/modules GOCACHE=/cache/build
ARG COMMIT
RUN --mount=type=cache,target=/cache make bin/aisle COMMIT=$COMMIT && scripts/image.sh root /image

FROM scratch
COPY --from=build /image/ /
# Volumes mounted here belong to the image's user, which is not root.
COPY --from=build --chown=65532:65532 /image/var/lib/aisle /var/lib/aisle
COPY --from=build --chown=65532:65532 /image/keys /keys
USER 65532:65532
ENV PATH=/usr/local/bin
WORKDIR /var/lib/aisle
ENTRYPOINT ["/usr/local/bin/aisle"]
CMD ["serve"]
