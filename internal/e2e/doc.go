// Package e2e holds tests that see Crier as its users do: real nodes as processes, a real
// PostgreSQL and Redis, REST and sockets. They kill, freeze and restart one of these, and
// then ask whether each acknowledged message is with each recipient exactly once.
package e2e
