#!/usr/bin/env bash
# Checks the Helm chart: lint, and the objects that it makes of several values, by Kubernetes' types and by its OpenAPI document. Helm and
# Kubernetes come from the Go module proxy, which takes some minutes the first time; Helm is kept in the cache of the user.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v3.16.4
tools="${XDG_CACHE_HOME:-$HOME/.cache}/aisle/helm-$version"
export CGO_ENABLED=0 GOFLAGS= GOWORK=off
[ -x "$tools/helm" ] || GOBIN=$tools go install "helm.sh/helm/v3/cmd/helm@$version"
cd deploy/helm/test
test -z "$(gofmt -l . | tee /dev/stderr)"
go vet ./...
types=$(go list -m -f '{{.Version}}' k8s.io/api)
KUBERNETES=$(go mod download -json "k8s.io/kubernetes@v1.${types#v0.}" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
HELM=$tools/helm KUBERNETES=$KUBERNETES go test -count=1 ./...
