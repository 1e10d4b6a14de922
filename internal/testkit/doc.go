// Package testkit runs real servers for tests: PostgreSQL, Redis and any binary of ours, as direct children of the test
// process, on loopback ports, in temporary folders. Nothing is mocked and nothing is left behind: a child dies when the
// test process dies, however it dies, and its folder goes with it.
//
// [Postgres] and [Redis] hand out one server per test process, started on first use. [StartPostgres], [StartRedis] and
// [StartProcess] start one of the test's own, to stop, kill, freeze and start again. [Main] is the body of a TestMain.
//
// A server that is not installed fails the test with the name of the Debian package, unless CRIER_TEST_SHORT=1 is set:
// then the test is skipped and says why. The package needs Linux: it reads /proc and relies on parent-death signals.
package testkit
