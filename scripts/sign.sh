#!/usr/bin/env bash
# Writes SHA256SUMS over the files of a folder and, where AISLE_SIGNING_KEY names an SSH key, its signature SHA256SUMS.sig: scripts/sign.sh FOLDER.
# Neither needs a network. docs/releasing.md says how whoever gets the files checks both.
set -euo pipefail
folder=${1:?usage: scripts/sign.sh FOLDER}
rm -f "$folder/SHA256SUMS" "$folder/SHA256SUMS.sig"
sums=$(cd "$folder" && sha256sum -- *)
echo "$sums" >"$folder/SHA256SUMS"
if [ -z "${AISLE_SIGNING_KEY:-}" ]; then echo "sign: AISLE_SIGNING_KEY is not set, so SHA256SUMS is not signed" >&2; exit; fi
ssh-keygen -q -Y sign -n aisle-release -f "$AISLE_SIGNING_KEY" "$folder/SHA256SUMS"
