package delivery_test

import (
	"testing"

	"go.uber.org/goleak"

	"crier/internal/testkit"
	"crier/internal/testkit/migrated"
)

func TestMain(m *testing.M) {
	testkit.Template(migrated.Postgres)
	testkit.Main(m, func() error { return goleak.Find() })
}
