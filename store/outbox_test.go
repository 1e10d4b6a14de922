package store

import (
	"fmt"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

// TestOutbox: newest first, in pages, no more than asked for, and each organisation its own.
func TestOutbox(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		north, _ := hall(t, s, 2)
		south, _ := hall(t, s, 1)
		at := time.Now().Truncate(time.Microsecond)
		for i := range 7 {
			c := domain.Captured{Organisation: north, ID: fmt.Sprintf("n%d", i), Delivery: "d", Channel: domain.ChannelEmail, Person: 1, From: "f", To: "t",
				Subject: fmt.Sprint(i), Text: "text", HTML: "<p>text", Raw: "raw", At: at.Add(time.Duration(i/2) * time.Second)}
			if err := s.Capture(t.Context(), c, 5); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Capture(t.Context(), domain.Captured{Organisation: south, ID: "s", Channel: domain.ChannelSMS, Text: "south", At: at}, 5); err != nil {
			t.Fatal(err)
		}
		var all []string
		before := ""
		for range 4 {
			page, err := s.Captures(t.Context(), north, before, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				all, before = append(all, c.ID), c.ID
				if c.HTML != "" || c.Raw != "" || c.PersonName == "" || c.PersonID == "" {
					t.Errorf("%+v", c)
				}
			}
		}
		if fmt.Sprint(all) != "[n6 n5 n4 n3 n2]" {
			t.Errorf("%v", all)
		}
		one, err := s.Captured(t.Context(), north, "n6")
		if err != nil || one.HTML != "<p>text" || one.Raw != "raw" || one.Text != "text" || !one.At.Equal(at.Add(3*time.Second)) {
			t.Errorf("%+v, %v", one, err)
		}
		for _, id := range []string{"s", "n0", "none"} {
			if _, err := s.Captured(t.Context(), north, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
		if page, err := s.Captures(t.Context(), north, "s", 10); err != nil || len(page) != 0 {
			t.Errorf("another organisation's place: %v, %v", page, err)
		}
	})
}
