# One image for every program of the repository: aisle, the three services and migrate.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY . .
ENV GOMODCACHE=/cache/modules GOCACHE=/cache/build
RUN --mount=type=cache,target=/cache make build

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/bin/ /usr/local/bin/
# Volumes mounted here belong to the image's user, which is not root.
COPY --from=build --chown=nonroot:nonroot /src/deploy/empty /var/lib/aisle
COPY --from=build --chown=nonroot:nonroot /src/deploy/empty /keys
USER nonroot
ENTRYPOINT ["/usr/local/bin/aisle"]
CMD ["serve"]
