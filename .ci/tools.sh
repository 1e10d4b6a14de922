#!/usr/bin/env bash
# tools.sh: builds the tools pinned in internal/tools/go.mod into bin/tools. Quick when they are there already.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin/tools
CGO_ENABLED=0 go -C internal/tools build -o "$PWD/bin/tools/" tool
