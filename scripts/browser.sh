#!/usr/bin/env bash
# browser.sh sqlite | postgres [PLAYWRIGHT ARGUMENTS…]: walks bin/caotang in Chromium. For postgres, CAOTANG_TEST_POSTGRES names
# the server, on which a database is made for the run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
engine=$1
shift
CHROMIUM_PATH=$(chromium_path) || {
  echo "No Chromium is installed: run scripts/install-test-deps.sh, or set CHROMIUM_PATH." >&2
  exit 1
}
export CHROMIUM_PATH
export PLAYWRIGHT_JSON_OUTPUT_FILE="$PWD/.tools/results/test-e2e-$engine.json"
mkdir -p .tools/results

if [ "$engine" = postgres ]; then
  database="e2e_$(date +%s)_$$"
  tools=$(postgres_bin)
  "$tools/createdb" --maintenance-db "$CAOTANG_TEST_POSTGRES" "$database"
  # Tests with a server of their own make theirs beside it (e2e/support/ownserver.ts), under names that begin with this one.
  export CAOTANG_E2E_POSTGRES_BIN=$tools
  trap '"$tools/psql" -Atc "SELECT datname FROM pg_database WHERE starts_with(datname, '"'$database'"')" "$CAOTANG_TEST_POSTGRES" |
    xargs -r -n 1 "$tools/dropdb" --force --if-exists --maintenance-db "$CAOTANG_TEST_POSTGRES"' EXIT
  # The same address with the name of this database.
  CAOTANG_E2E_DSN=$(sed -E "s#^(postgres(ql)?://[^/]+)/[^?]*#\1/$database#" <<<"$CAOTANG_TEST_POSTGRES")
  export CAOTANG_E2E_DSN
fi
cd e2e
npx --no-install playwright test "$@"
