package email

import (
	"testing"

	"go.uber.org/goleak"

	"crier/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, func() error { return goleak.Find() }) }
