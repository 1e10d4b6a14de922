#!/usr/bin/env bash
# go.sh [package...]: vets and tests Go code under the race detector, in random order. All packages unless named.
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/tools.sh
(($#)) || set -- ./...
go vet "$@"
bin/tools/gotestsum --format standard-quiet -- -race -shuffle=on -timeout 20m "$@"
