package delivery_test

import (
	"testing"

	"go.uber.org/goleak"

	"crier/internal/testkit"
	"crier/store/storetest"
)

func TestMain(m *testing.M) {
	testkit.Template(storetest.Template)
	testkit.Main(m, func() error { return goleak.Find() })
}
