#!/usr/bin/env bash
# Installs the programs that the tests and benchmarks hold the project to and that npm does not have. What is there
# already stays. Debian and its kin; elsewhere it names what is missing.
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

PATH="$PATH:/usr/sbin:/sbin"
packages=()
# A pattern of files, or the name of a program; and the package that brings it.
need() {
  if [[ $1 == /* ]]; then compgen -G "$1" >/dev/null && return; else command -v "$1" >/dev/null && return; fi
  packages+=("$2")
}
need "/usr/lib/postgresql/*/bin/postgres" postgresql
need psql postgresql-client
need mariadbd mariadb-server-core
need mariadb mariadb-client-core
need redis-server redis-server
need redis-cli redis-tools
need dnsmasq dnsmasq-base
need dig bind9-dnsutils
need haproxy haproxy
need nginx nginx-light
need /usr/lib/nginx/modules/ngx_stream_module.so libnginx-mod-stream
need openssl openssl
need curl curl

if ((${#packages[@]})); then
  if ! command -v apt-get >/dev/null; then
    echo "please install what Debian has as: ${packages[*]}" >&2
    exit 1
  fi
  as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
fi
