#!/usr/bin/env bash
# go.sh [package...]: vets and tests Go code under the race detector, in random order. All packages unless named.
# SQLite, which is C made Go, is left out of the detector: it is not ours, and watched it takes three times as long.
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/tools.sh
(($#)) || set -- ./store ./internal/api ./internal/e2e ./... # the longest ones first, so that none is left over at the end
go vet "$@"
bin/tools/gotestsum --format standard-quiet -- -race '-gcflags=modernc.org/...=-race=false' -shuffle=on -timeout 20m "$@"
