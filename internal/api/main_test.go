package api_test

import (
	"testing"

	"crier/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
