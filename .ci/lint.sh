#!/usr/bin/env bash
# lint.sh: golangci-lint over all Go code, with .golangci.yml.
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/tools.sh
bin/tools/golangci-lint run ./...
