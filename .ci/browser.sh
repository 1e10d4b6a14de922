#!/usr/bin/env bash
# browser.sh: the browser tests, with Debian's Chromium against the binary as built. CRIER_BIN and CRIER_CHROMIUM tell
# them where both are.
set -euo pipefail
cd "$(dirname "$0")/.."
CGO_ENABLED=0 go build -o bin/crier ./cmd/crier
CRIER_BIN=$PWD/bin/crier CRIER_CHROMIUM=$(command -v chromium) npm --prefix web run --silent test:browser
