#!/usr/bin/env bash
# install-golangci-lint.sh FILE VERSION: builds golangci-lint of that version into FILE, unless it stands there already, built
# with the Go in use: one built with an older Go refuses newer code.
set -euo pipefail
file=$1 version=$2
if [ -x "$file" ] && "$file" version 2>/dev/null | grep -q "version $version built with $(go env GOVERSION) "; then
  exit 0
fi
echo "Building golangci-lint $version (a few minutes, once)"
mkdir -p "$(dirname "$file")"
GOBIN="$(cd "$(dirname "$file")" && pwd)" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$version"
