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
export CHROMIUM_PATH CAOTANG_E2E_DATABASE="$engine"
export PLAYWRIGHT_JSON_OUTPUT_FILE="$PWD/.tools/results/test-e2e-$engine.json"
mkdir -p .tools/results
cd e2e
npx --no-install playwright test "$@"
