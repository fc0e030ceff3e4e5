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
  # Beside the run's own, one for each worker's server with carriers (e2e/support/carriers.ts), and one for the server on which
  # accounts are closed soon (e2e/support/shortwait.ts).
  databases=("$database" "${database}_0" "${database}_1" "${database}_closing")
  for name in "${databases[@]}"; do "$tools/createdb" --maintenance-db "$CAOTANG_TEST_POSTGRES" "$name"; done
  trap 'for name in "${databases[@]}"; do "$tools/dropdb" --force --if-exists --maintenance-db "$CAOTANG_TEST_POSTGRES" "$name"; done' EXIT
  # The same address with the name of this database.
  CAOTANG_E2E_DSN=$(sed -E "s#^(postgres(ql)?://[^/]+)/[^?]*#\1/$database#" <<<"$CAOTANG_TEST_POSTGRES")
  export CAOTANG_E2E_DSN
fi
cd e2e
npx --no-install playwright test "$@"
