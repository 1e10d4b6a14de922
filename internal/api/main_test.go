package api_test

import (
	"testing"

	"crier/internal/testkit"
	"crier/internal/testkit/migrated"
)

func TestMain(m *testing.M) {
	testkit.Template(migrated.Postgres)
	testkit.Main(m)
}
