#!/usr/bin/env bash
# Every check and test, one make target after the other. A failing step does not hide those after it. The last line is the
# counts: tests of Go, the user interface and the browser; a step that fails without a failed test counts as one failed.
set -uo pipefail
cd "$(dirname "$0")/.."
steps=(install test-deps check-generated lint test-ui budget build test-go test-e2e-sqlite test-e2e-postgres)

rm -rf .tools/results
mkdir -p .tools/results .tools/bin
summary=() failed=()
trap 'exit 130' INT
for step in "${steps[@]}"; do
  printf '\n━━ %s ━━\n' "$step"
  started=$SECONDS
  if make "$step"; then
    result=passed
  else
    result=FAILED
    failed+=("$step")
  fi
  summary+=("$(printf '%-20s %-7s %4d s' "$step" "$result" $((SECONDS - started)))")
done

printf '\n━━ summary ━━\n'
printf '%s\n' "${summary[@]}"
go run ./scripts/testlog sum .tools/results "${failed[@]}" | tee .tools/results/counts
exit $((${#failed[@]} > 0))
