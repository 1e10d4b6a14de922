//go:build !race

package e2e

// crowd is a full hall: the most that one sending may reach.
const crowd = 1500
