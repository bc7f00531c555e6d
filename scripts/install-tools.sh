#!/usr/bin/env bash
# Installs the programs that the tests hold the project to and that npm does not have. What is there already stays.
set -euo pipefail
cd "$(dirname "$0")/.."

helm_version=v4.3.1

bin="$PWD/.tools/bin"
mkdir -p "$bin"

if ! "$bin/helm" version --template '{{.Version}}' 2>/dev/null | grep -q "^${helm_version%.*}"; then
  echo "helm $helm_version: building it, which takes some minutes the first time" >&2
  GOBIN="$bin" GOFLAGS="-buildvcs=false -trimpath" go install "helm.sh/helm/v4/cmd/helm@$helm_version"
fi
echo "helm $("$bin/helm" version --template '{{.Version}}')"
