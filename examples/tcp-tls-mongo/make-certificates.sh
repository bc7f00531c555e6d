#!/usr/bin/env bash
# Makes an authority, a certificate for mongo.local and one for a client, and the Secret that the route names.
# Usage: make-certificates.sh [FOLDER], by default `certificates` beside the manifests.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here/certificates}
mkdir -p "$dir"
cd "$dir"

openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=MongoDB CA" -keyout ca.key -out ca.crt

# $1: the name of its files, $2: its common name, $3: what else is said of it.
issue() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile <(echo "$3") -out "$1.crt"
}
issue mongo-server mongo.local "subjectAltName=DNS:mongo.local"
issue mongo-client mongo-client "extendedKeyUsage=clientAuth"
cat mongo-client.crt mongo-client.key >mongo-client.pem

# The same as: kubectl create secret generic mongo-certs --from-file=tls.crt=... --from-file=tls.key=... --from-file=ca.crt=...
cat >mongo-certs.yaml <<YAML
apiVersion: v1
kind: Secret
metadata:
  name: mongo-certs
type: Opaque
data:
  tls.crt: $(openssl base64 -A -in mongo-server.crt)
  tls.key: $(openssl base64 -A -in mongo-server.key)
  ca.crt: $(openssl base64 -A -in ca.crt)
YAML
