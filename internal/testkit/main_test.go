package testkit

import (
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// victimEnv turns this test binary into the process that TestNothingSurvivesTheTestProcess kills.
const victimEnv = "CRIER_TESTKIT_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		if err := victim(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	redis.SetLogger(quiet{})
	Main(m, func() error { return goleak.Find() })
}
