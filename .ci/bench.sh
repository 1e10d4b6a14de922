#!/usr/bin/env bash
# bench.sh [argument...]: a broadcast to 1500 connected screens, on SQLite with the in-process broker, then on PostgreSQL
# and Redis servers of its own. Two JSON objects, one a line. Arguments go to `crier bench broadcast`.
set -euo pipefail
cd "$(dirname "$0")/.."
(($#)) || set -- --recipients 1500 --publishes 30
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/crier ./cmd/crier
echo "== SQLite, in-process" >&2
bin/crier bench broadcast "$@" --json
echo "== PostgreSQL, Redis" >&2
# Making a new log segment in the middle of a run shows as a 50 ms spike; a server that has run for a while has them.
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench broadcast "$@" --json
