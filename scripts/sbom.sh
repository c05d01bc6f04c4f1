#!/usr/bin/env bash
# Prints what a program was built from as SPDX 2.3 in JSON: scripts/sbom.sh PROGRAM VERSION. It reads what the Go tool wrote into the program,
# so that it is about this file and no other.
set -euo pipefail
go version -m "$1" | VERSION=$2 SUM=$(sha256sum "$1" | cut -d' ' -f1) python3 -c '
import json, os, re, sys, time
version, created = os.environ["VERSION"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "0"))))
lines = sys.stdin.read().splitlines()
go = lines[0].rsplit(" ", 1)[1]
packages = [{"name": "aisle", "versionInfo": version, "checksums": [{"algorithm": "SHA256", "checksumValue": os.environ["SUM"]}], "license": "Apache-2.0"}]
packages.append({"name": "stdlib", "versionInfo": go[2:], "purl": "pkg:golang/stdlib@" + go[2:]})
for fields in (l.split("\t")[1:] for l in lines[1:]):
    if fields and fields[0] in ("dep", "=>") and fields[2] != "(devel)" and not fields[1].startswith("github.com/aisle-rec/"):
        packages.append({"name": fields[1], "versionInfo": fields[2], "purl": "pkg:golang/%s@%s" % (fields[1], fields[2])})
def spdx(n, p):
    out = {"SPDXID": "SPDXRef-Package-%d" % n, "name": p["name"], "versionInfo": p["versionInfo"], "downloadLocation": "NOASSERTION",
           "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": p.get("license", "NOASSERTION"), "copyrightText": "NOASSERTION"}
    if "checksums" in p: out["checksums"] = p["checksums"]
    if "purl" in p: out["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": p["purl"]}]
    return out
print(json.dumps({"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "aisle-" + version,
    "documentNamespace": "https://github.com/aisle-rec/aisle/spdx/" + os.environ["SUM"], "creationInfo": {"created": created, "creators": ["Tool: scripts/sbom.sh"]},
    "packages": [spdx(n, p) for n, p in enumerate(packages)],
    "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-Package-0"}] +
        [{"spdxElementId": "SPDXRef-Package-0", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-Package-%d" % n} for n in range(1, len(packages))]}, indent=1))
'
