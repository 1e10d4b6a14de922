#!/usr/bin/env bash
# bench.sh [argument...]: a broadcast to 1500 connected screens, on SQLite with the in-process broker, then on PostgreSQL
# and Redis servers of its own; then messages of conversations, one by one and by group commit, on both; then the Messages page and the search over 2,000,000 messages on PostgreSQL, as a table. JSON objects, one a
# line. Arguments go to `crier bench broadcast`, and leave the rest out.
set -euo pipefail
cd "$(dirname "$0")/.."
all=
(($#)) || { all=yes; set -- --recipients 1500 --publishes 30; }
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/crier ./cmd/crier
echo "== SQLite, in-process" >&2
bin/crier bench broadcast "$@" --json
echo "== PostgreSQL, Redis" >&2
# Making a new log segment in the middle of a run shows as a 50 ms spike; a server that has run for a while has them.
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench broadcast "$@" --json
[[ $all ]] || exit 0
echo "== Sendings every 100 ms, SQLite" >&2
bin/crier bench broadcast --pause 100ms --receipts none --json
echo "== Sendings every 100 ms, PostgreSQL, Redis" >&2
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench broadcast --pause 100ms --receipts none --json
echo "== messages, SQLite" >&2
bin/crier bench messages --json
echo "== messages, PostgreSQL" >&2
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench messages --json
echo "== Replies: SQLite, in-process" >&2
bin/crier bench replies --json
echo "== Replies: PostgreSQL, Redis, two nodes" >&2
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench replies --nodes 2 --json
echo "== The Messages page and the search: PostgreSQL, 50,000 conversations, 2,000,000 messages" >&2
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench desk
echo "== Mails, SQLite" >&2
bin/crier bench mails --json
echo "== Mails, PostgreSQL" >&2
go run ./internal/testkit/withservers -postgres min_wal_size=1GB -- bin/crier bench mails --json
echo "== Claims of 100 copies among 10,000 and 1,000,000 that wait" >&2
go test -run '^$' -bench BenchmarkClaim -benchtime 100x ./store >&2
