#!/usr/bin/env bash
# The generated files: api/openapi.json from the Go code, ui/src/api/schema.d.ts from that.
#
#   generate.sh write   writes them anew
#   generate.sh check   makes them in a temporary folder, and fails with the difference when the committed ones are stale
set -euo pipefail
cd "$(dirname "$0")/.."

generate() { # FOLDER
  mkdir -p "$1/api" "$1/ui/src/api"
  go run ./cmd/caotang openapi >"$1/api/openapi.json.new"
  mv "$1/api/openapi.json.new" "$1/api/openapi.json"
  (cd ui && npx --no-install openapi-typescript "$1/api/openapi.json" --output "$1/ui/src/api/schema.d.ts")
}

case "${1:-}" in
write)
  generate "$PWD"
  ;;
check)
  fresh=$(mktemp -d)
  trap 'rm -rf "$fresh"' EXIT
  generate "$fresh"
  stale=0
  for file in api/openapi.json ui/src/api/schema.d.ts; do
    if ! diff -u --label "$file (committed)" --label "$file (from the code)" "$file" "$fresh/$file" | head -n 60; then
      stale=1
    fi
  done
  if [ $stale -ne 0 ]; then
    echo "Generated files are stale. Mend: make generate, and commit the result." >&2
    exit 1
  fi
  echo "Generated files are up to date."
  ;;
*)
  echo "usage: $0 write | check" >&2
  exit 2
  ;;
esac
