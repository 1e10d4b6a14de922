package broadcast_test

import (
	"testing"

	"crier/internal/testkit"
	"crier/store/storetest"
)

func TestMain(m *testing.M) {
	testkit.Template(storetest.Template)
	testkit.Main(m)
}
