package main

import (
	"bytes"
	"strings"
	"testing"

	"crier/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestRun(t *testing.T) {
	testkit.Need(t)
	for _, c := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string // that it contains
	}{
		{"a command with its servers", []string{"--", "sh", "-c", "echo $CRIER_DATABASE $CRIER_REDIS"}, 0, "/crier?sslmode=disable redis://127.0.0.1:", ""},
		{"the command's exit code", []string{"--", "sh", "-c", "exit 7"}, 7, "", ""},
		{"a setting that PostgreSQL refuses", []string{"-postgres", "fsync=perhaps", "--", "true"}, 1, "", "fsync"},
		{"no command", nil, 2, "", "usage"},
		{"an unknown flag", []string{"-redis", "x"}, 2, "", "not defined"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), c.args, strings.NewReader(""), &stdout, &stderr)
			if code != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("code %d, stdout %q, stderr %q", code, &stdout, &stderr)
			}
		})
	}
}
