//go:build race

package e2e

// crowd is smaller under the race detector, which makes the test's own screens ten times
// as dear.
const crowd = 200
