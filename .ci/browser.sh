#!/usr/bin/env bash
# browser.sh: the browser tests, with Debian's Chromium against the binary as built. CRIER_BIN and CRIER_CHROMIUM tell
# them where both are, CRIER_PUSHNODE where the demo is whose pushes stay on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
CGO_ENABLED=0 go build -o bin/crier ./cmd/crier
CGO_ENABLED=0 go build -o bin/pushnode ./internal/demo/pushnode
CRIER_BIN=$PWD/bin/crier CRIER_PUSHNODE=$PWD/bin/pushnode CRIER_CHROMIUM=$(command -v chromium) npm --prefix web run --silent test:browser
