package attachment

import (
	"fmt"
	"slices"
	"testing"

	"crier/internal/domain"
	"crier/internal/fault"
)

// TestWhoGetsAFile: per request, and 404 for everyone else.
func TestWhoGetsAFile(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		south := newOffice(t, h.dsn, "south")
		everyone := []string{"planner", "coordinator", "anna", "bert", "a", "b", "z"}
		id := map[string]domain.AttachmentID{}
		add := func(name, who string) domain.AttachmentID {
			id[name] = h.upload(who, file(name+".png", pngOf(painted(4, 4)))).ID
			return id[name]
		}
		add("unsent by staff", "coordinator")
		add("unsent by the candidate", "a")
		h.sendAs("coordinator", h.exam, add("sent in the test", "coordinator"))
		h.sendAs("planner", "", add("sent naming no group", "planner"))
		h.send("a", "A question.", add("from the candidate", "a"))
		many := func(name string, rooms map[string]string) {
			a, err := h.Upload(t.Context(), h.as("planner"), Many, file(name+".png", pngOf(painted(4, 4))))
			h.must(err)
			id[name] = a.ID
			h.sendMany("planner", rooms, a.ID)
		}
		many("to room A", map[string]string{"A": "a"})
		many("to both rooms", map[string]string{"A": "a", "B": "b"})
		for name, may := range map[string][]string{
			"unsent by staff":         {"coordinator"},
			"unsent by the candidate": {"a"},
			"sent in the test":        {"planner", "coordinator", "anna", "a"},
			"sent naming no group":    {"planner", "coordinator", "anna", "a"},
			"from the candidate":      {"planner", "coordinator", "anna", "a"},
			"to room A":               {"planner", "coordinator", "anna", "a"},
			"to both rooms":           {"planner", "coordinator", "anna", "bert", "a", "b"},
		} {
			for _, who := range everyone {
				_, err := h.read(who, id[name])
				_, err2 := h.Preview(t.Context(), h.as(who), id[name])
				if slices.Contains(may, who) {
					if err != nil || err2 != nil {
						t.Errorf("%s: %s may not: %v, %v", name, who, err, err2)
					}
					continue
				}
				want(t, name+" for "+who, err, fault.NotFound, "")
				want(t, name+" small for "+who, err2, fault.NotFound, "")
			}
			for _, who := range []string{"planner", "a"} {
				_, err := south.read(who, id[name])
				want(t, name+" for the south's "+who, err, fault.NotFound, "")
			}
			_, err := h.Open(t.Context(), domain.Actor{Organisation: h.org, ID: "x", Role: "nobody"}, id[name])
			want(t, name+" for an unknown role", err, fault.Forbidden, "")
		}
		// Who loses the test loses its files.
		_, _, err := h.store.ReplaceScopes(t.Context(), domain.System(h.org), []domain.ScopeSpec{{Where: at(0), Exam: "T1", Person: "anna", Remove: true}})
		h.must(err)
		_, err = h.read("anna", id["to room A"])
		want(t, "after losing the test", err, fault.NotFound, "")
	})
}

// TestFilesOfAnotherGroup: of a person one sees, what belongs to a group that one does not
// or that belongs to none, is not there: neither the file, nor its name in the documents, the transcript or the export.
func TestFilesOfAnotherGroup(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		room, seat := "A", "7"
		_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{Where: at(0), Exam: "T2", Person: "a", Room: &room, Seat: &seat}})
		h.must(err)
		exams, err := h.store.Exams(t.Context(), h.org, nil)
		h.must(err)
		other := exams[slices.IndexFunc(exams, func(e domain.Exam) bool { return e.ID != h.exam })].ID
		hidden, free, seen := h.upload("planner", text("hidden.txt")), h.upload("planner", text("free.txt")), h.upload("planner", text("seen.txt"))
		h.sendAs("planner", other, hidden.ID)
		h.sendAs("planner", "", free.ID)
		h.sendAs("planner", h.exam, seen.ID)
		for who, may := range map[string][]string{"planner": {"seen.txt", "free.txt", "hidden.txt"}, "a": {"seen.txt", "free.txt", "hidden.txt"}, "coordinator": {"seen.txt"}, "anna": {"seen.txt"}} {
			for name, id := range map[string]domain.AttachmentID{"hidden.txt": hidden.ID, "free.txt": free.ID, "seen.txt": seen.ID} {
				if _, err := h.read(who, id); slices.Contains(may, name) != (err == nil) {
					t.Errorf("%s reads %s: %v", who, name, err)
				}
			}
			if who == "a" {
				continue
			}
			page, err := h.Documents(t.Context(), h.as(who), h.ids["a"], "", 0, "")
			h.must(err)
			var listed []string
			for _, d := range page.Documents {
				listed = append(listed, d.Name)
			}
			if !slices.Equal(listed, may) {
				t.Errorf("%s is listed %q", who, listed)
			}
		}
		if got, _ := h.transcript("coordinator", "a", "text"); contains(got, "hidden.txt") || contains(got, "free.txt") || !contains(got, "seen.txt") {
			t.Error(got)
		}
		x := h.export("coordinator", false, "a")
		h.work()
		got := h.unzip("coordinator", x.ID)
		if len(got) != 2 || contains(got["index.csv"], "hidden") {
			t.Errorf("%q", got)
		}
	})
}

// TestFilesOfStoppedMessages: what was stopped before it reached a candidate does not reach
// them through its file either; staff still see it, and the transcript says so.
func TestFilesOfStoppedMessages(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		sent := h.upload("planner", text("late.txt"))
		h.sendAs("planner", h.exam, sent.ID)
		if _, err := h.read("a", sent.ID); err != nil {
			t.Fatal(err)
		}
		left := domain.EnrolmentLeft
		_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{Where: at(0), Exam: "T1", Person: "a", State: &left}})
		h.must(err)
		_, err = h.read("a", sent.ID)
		want(t, "stopped", err, fault.NotFound, "")
		if _, err := h.read("planner", sent.ID); err != nil {
			t.Errorf("staff: %v", err)
		}
		if got, _ := h.transcript("planner", "a", "text"); !contains(got, " - never delivered, Biology 1\n") {
			t.Error(got)
		}
	})
}

// sendAs sends in a's conversation as a message of a group.
func (h *office) sendAs(who string, group domain.GroupID, files ...domain.AttachmentID) {
	h.t.Helper()
	actor := h.as(who)
	h.keys++
	seen, err := actor.Seen(domain.ActConversationSend)
	h.must(err)
	sent, err := h.store.SendMessages(h.t.Context(), h.org, []domain.NewMessage{{Actor: actor.Ref(), ActorNo: actor.No, Seen: seen, Person: h.ids["a"], Body: "Here.", Group: group,
		Key: fmt.Sprintf("key-%05d", h.keys), Hash: []byte("x"), Attachments: files, TakeOver: true}})
	h.must(err)
	h.must(sent[0].Err)
}

// TestWhoUploads: where one may write, and for whom.
func TestWhoUploads(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		south := newOffice(t, h.dsn, "south")
		up := func(who string, person domain.PersonID) error {
			_, err := h.Upload(t.Context(), h.as(who), person, text("a.txt"))
			return err
		}
		for _, c := range []struct {
			who, person string
			code        fault.Code
		}{
			{"planner", "z", ""}, {"coordinator", "a", ""}, {"coordinator", "b", ""}, {"anna", "a", ""},
			{"anna", "b", fault.NotFound}, {"coordinator", "z", fault.NotFound}, {"planner", "anna", fault.NotFound}, {"a", "a", fault.Forbidden}, {"a", "b", fault.Forbidden},
		} {
			err := up(c.who, h.ids[c.person])
			if c.code == "" && err != nil || c.code != "" && !fault.Is(err, c.code) {
				t.Errorf("%s for %s: %v, want %q", c.who, c.person, err, c.code)
			}
		}
		want(t, "another organisation's", up("planner", south.ids["a"]), fault.NotFound, "")
		want(t, "nobody", up("planner", "nobody"), fault.NotFound, "")
		if err := up("coordinator", Many); err != nil {
			t.Error(err)
		}
		_, err := h.UploadOwn(t.Context(), h.as("planner"), text("a.txt"))
		want(t, "staff as a candidate", err, fault.Forbidden, "")
	})
}

func TestDocuments(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		names := []string{"Zeugnis März.pdf", "Foto.png", "zweites-Zeugnis.pdf", "Übersicht.csv", "notes.txt"}
		bodies := map[string][]byte{"Foto.png": pngOf(painted(4, 4)), "Übersicht.csv": []byte("a,b\n1,2\n"), "notes.txt": []byte("x")}
		for i, n := range names {
			b, ok := bodies[n]
			if !ok {
				b = []byte(pdf)
			}
			who := []string{"a", "planner"}[i%2]
			h.send(who, "See "+n, h.upload(who, file(n, b)).ID)
			h.clock.Advance(1)
		}
		two := []domain.AttachmentID{h.upload("planner", text("first.txt")).ID, h.upload("planner", text("second.txt")).ID}
		h.send("planner", "Two.", two...)
		all, err := h.Upload(t.Context(), h.as("planner"), Many, text("rules.txt"))
		h.must(err)
		h.sendMany("planner", map[string]string{"A": "a", "B": "b"}, all.ID)
		h.upload("planner", text("unsent.txt"))

		list := func(who, person, q string) (out []string) {
			for after := ""; ; {
				page, err := h.Documents(t.Context(), h.as(who), h.ids[person], q, 2, after)
				h.must(err)
				for _, d := range page.Documents {
					out = append(out, d.Name)
				}
				if after = page.Next; after == "" {
					return out
				}
			}
		}
		whole := []string{"rules.txt", "second.txt", "first.txt", "notes.txt", "Übersicht.csv", "zweites-Zeugnis.pdf", "Foto.png", "Zeugnis März.pdf"}
		for _, c := range []struct {
			who, person, q string
			want           []string
		}{
			{"planner", "a", "", whole}, {"coordinator", "a", "", whole}, {"anna", "a", " ", whole},
			{"planner", "b", "", []string{"rules.txt"}}, {"bert", "b", "", []string{"rules.txt"}}, {"planner", "z", "", nil},
			{"planner", "a", "zeugnis", []string{"zweites-Zeugnis.pdf", "Zeugnis März.pdf"}},
			{"planner", "a", "ZEUG MARZ", []string{"Zeugnis März.pdf"}}, {"planner", "a", "ubers", []string{"Übersicht.csv"}},
			{"planner", "a", "amin", []string{"notes.txt", "zweites-Zeugnis.pdf", "Zeugnis März.pdf"}}, // by who sent it
			{"planner", "a", "VOGEL foto", []string{"Foto.png"}}, {"planner", "a", "sara foto", nil},
			{"planner", "a", "pdf", []string{"zweites-Zeugnis.pdf", "Zeugnis März.pdf"}}, {"planner", "a", "eugnis", nil}, {"planner", "a", "%", nil}, {"planner", "a", "_", nil},
		} {
			if got := list(c.who, c.person, c.q); !slices.Equal(got, c.want) {
				t.Errorf("%s of %s matching %q: %q, want %q", c.who, c.person, c.q, got, c.want)
			}
		}
		page, err := h.Documents(t.Context(), h.as("planner"), h.ids["a"], "foto", 0, "")
		h.must(err)
		if d := page.Documents[0]; d.Direction != "out" || d.From.Name != "planner Vogel" || d.From.Role != domain.RolePlanner || !d.Picture || d.Message == "" || d.At.IsZero() {
			t.Errorf("%+v", d)
		}
		page, err = h.Documents(t.Context(), h.as("planner"), h.ids["a"], "marz", 0, "")
		h.must(err)
		if d := page.Documents[0]; d.Direction != "in" || d.From.Name != "Sara Amin a" {
			t.Errorf("%+v", d)
		}
		_, err = h.Documents(t.Context(), h.as("planner"), h.ids["a"], "", 0, "forged")
		want(t, "a forged place", err, fault.Invalid, "after")
		_, err = h.Documents(t.Context(), h.as("anna"), h.ids["b"], "", 0, "")
		want(t, "another room", err, fault.NotFound, "")
		_, err = h.Documents(t.Context(), h.as("a"), h.ids["a"], "", 0, "")
		want(t, "a candidate", err, fault.Forbidden, "")
	})
}
