package app

import (
	"testing"

	"github.com/rs/zerolog"
)

// Each listener that the table of kinds names is tied to a function.
func TestNoListenerIsForgotten(t *testing.T) {
	n, err := Open(t.Context(), configured(t), zerolog.Nop(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	if silent := n.Store.Bus().Silent(); len(silent) > 0 {
		t.Errorf("nobody hears for %q", silent)
	}
}
