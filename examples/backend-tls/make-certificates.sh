#!/usr/bin/env bash
# Makes an authority, a certificate for shop.internal, and the ConfigMap that the policy names.
# Usage: make-certificates.sh [FOLDER], by default `certificates` beside the manifests.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here/certificates}
mkdir -p "$dir"
cd "$dir"

openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=Shop CA" -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj "/CN=shop" -keyout shop.key -out shop.csr
openssl x509 -req -in shop.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
  -extfile <(echo "subjectAltName=DNS:shop.internal") -out shop.crt

# The same as: kubectl create configmap shop-authority --from-file=ca.crt
cat >shop-authority.yaml <<YAML
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop-authority
data:
  ca.crt: |
$(sed 's/^/    /' ca.crt)
YAML
