#!/usr/bin/env bash
# go.sh [package...]: tests Go code under the race detector, in random order. All packages unless named; lint.sh vets it.
# SQLite, which is C made Go, and the hashing of passwords are left out of the detector: they are not ours, and watched
# they take most of the time.
# Temporary files lie in memory, if the machine has room there: databases are still told to write durably.
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/tools.sh
(($#)) || set -- ./store ./internal/api ./internal/e2e ./... # the longest ones first, so that none is left over at the end
if [[ $(df --output=avail -BG /dev/shm 2>/dev/null | tail -1) =~ ^\ *([0-9]+)G && ${BASH_REMATCH[1]} -ge 8 ]]; then
	folder=$(mktemp -d /dev/shm/crier-test-XXXXXX)
	trap 'rm -rf "$folder"' EXIT
	chmod 755 "$folder" # PostgreSQL runs under an account of its own
	export GOTMPDIR=${TMPDIR:-/tmp} TMPDIR=$folder
fi
bin/tools/gotestsum --format standard-quiet -- -race '-gcflags=modernc.org/...=-race=false' '-gcflags=golang.org/x/crypto/...=-race=false' -shuffle=on -timeout 30m "$@"
