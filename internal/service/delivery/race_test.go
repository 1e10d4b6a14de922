//go:build race

package delivery_test

// raced: the race detector is on, and SQLite, which is Go here, takes forty times as long.
const raced = true
