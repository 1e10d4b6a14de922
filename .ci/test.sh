#!/usr/bin/env bash
# test.sh: everything, in the order in which it is cheapest to fail. Stops at the first failure.
set -euo pipefail
cd "$(dirname "$0")/.."
times=()
for step in setup lint web go browser; do
	printf '\n== %s\n' "$step"
	SECONDS=0
	if ! ".ci/$step.sh"; then
		printf '\n== %s failed after %d s\n' "$step" "$SECONDS" >&2
		exit 1
	fi
	times+=("$step $SECONDS s")
done
printf '\n== all passed:'
printf ' %s;' "${times[@]}"
echo
