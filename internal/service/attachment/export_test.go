package attachment

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/internal/blob"
	"crier/internal/blob/blobtest"
	"crier/internal/domain"
	"crier/internal/fault"
	"crier/internal/journal"
)

// export asks for an export of these people and returns it.
func (h *office) export(who string, transcript bool, people ...string) Export {
	h.t.Helper()
	ids := make([]domain.PersonID, len(people))
	for i, p := range people {
		ids[i] = h.ids[p]
	}
	x, err := h.RequestExport(h.t.Context(), h.as(who), ExportRequest{People: ids, Transcript: transcript})
	h.must(err)
	return x
}

// work makes the exports that wait, as this node's worker does.
func (h *office) work() {
	h.t.Helper()
	for {
		more, err := h.exporter.one(h.t.Context())
		h.must(err)
		if !more {
			return
		}
	}
}

// unzip reads an export's .zip.
func (h *office) unzip(who, id string) map[string]string {
	h.t.Helper()
	f, err := h.ExportFile(h.t.Context(), h.as(who), id)
	h.must(err)
	defer f.Content.Close()
	b, err := io.ReadAll(f.Content)
	h.must(err)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	h.must(err)
	out := map[string]string{}
	for _, e := range z.File {
		r, err := e.Open()
		h.must(err)
		text, err := io.ReadAll(r)
		h.must(err)
		if _, double := out[e.Name]; double {
			h.t.Errorf("%s is in it twice", e.Name)
		}
		out[e.Name] = string(text)
	}
	return out
}

func TestExport(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "My papers.", h.upload("a", text("same.txt")).ID, h.upload("a", file("SAME.txt", []byte("other"))).ID)
		h.send("planner", "And mine.", h.upload("planner", file("transcript.txt", []byte("not the transcript"))).ID, h.upload("planner", file("p.png", pngOf(painted(4, 4)))).ID)
		all, err := h.Upload(t.Context(), h.as("planner"), Many, text("rules.txt"))
		h.must(err)
		h.sendMany("planner", map[string]string{"A": "a", "B": "b"}, all.ID)
		h.note("planner", "a", "SECRET-NOTE")
		h.upload("planner", text("unsent.txt"))
		h.kinds()

		x := h.export("planner", true, "a", "b", "a")
		if x.State != domain.ExportWaiting || x.ID == "" || x.ExpiresAt != nil {
			t.Errorf("%+v", x)
		}
		_, err = h.ExportFile(t.Context(), h.as("planner"), x.ID)
		want(t, "not ready", err, fault.Conflict, "")
		h.work()
		if got := h.kinds(); !slices.Equal(got, []journal.Kind{journal.KindExportRequested, journal.KindExportEnded}) {
			t.Errorf("entries %v", got)
		}
		ready, err := h.Service.Export(t.Context(), h.as("planner"), x.ID)
		h.must(err)
		if ready.State != domain.ExportReady || ready.Done != 7 || ready.Total != 7 || ready.Size == 0 || ready.ExpiresAt == nil || !ready.ExpiresAt.Equal(h.clock.Now().Add(exportTime)) {
			t.Errorf("%+v", ready)
		}
		got := h.unzip("planner", x.ID)
		names := slices.Sorted(maps.Keys(got))
		dir := "Sara Amin a (a)/"
		if want := []string{dir + "SAME (2).txt", dir + "p.png", dir + "same.txt", dir + "transcript (2).txt", dir + "transcript.html", dir + "transcript.txt",
			"Sara Amin b (b)/transcript.html", "Sara Amin b (b)/transcript.txt", "Sent to many/rules.txt", "index.csv"}; !slices.Equal(names, want) {
			t.Errorf("%q", names)
		}
		if got[dir+"SAME (2).txt"] != "other" || got[dir+"transcript (2).txt"] != "not the transcript" || !contains(got[dir+"transcript.txt"], "| My papers.", "File: same.txt", "rules.txt") {
			t.Errorf("%q", got)
		}
		harmless(t, got[dir+"transcript.html"])
		for name, text := range got {
			if strings.Contains(text, "SECRET-NOTE") {
				t.Errorf("%s holds a note", name)
			}
		}
		rows, err := csv.NewReader(strings.NewReader(got["index.csv"])).ReadAll()
		h.must(err)
		if len(rows) != 7 || !slices.Equal(rows[0], indexHeader) {
			t.Fatalf("%q", rows)
		}
		for _, r := range rows[1:] {
			sum := sha256.Sum256([]byte(got[r[6]]))
			if r[9] != hex.EncodeToString(sum[:]) || r[8] != fmt.Sprint(len(got[r[6]])) {
				t.Errorf("the index is wrong about %q", r)
			}
		}
		if r := rows[1]; !slices.Equal(r[:7], []string{"Sara Amin a", "a", "in", "Sara Amin a", "candidate", "2026-05-04T09:00:00Z", dir + "same.txt"}) {
			t.Errorf("%q", r)
		}
		if told := h.frames(); len(told) < 2 || told[0].Export.State != domain.ExportWaiting || told[len(told)-1].Export.State != domain.ExportReady || told[0].Type != "export" {
			t.Errorf("%+v", told)
		}
		entries, err := h.store.Entries(t.Context(), h.org, 0, 1000)
		h.must(err)
		var ended journal.ExportEnded
		h.must(json.Unmarshal(entries[len(entries)-1].Payload, &ended))
		f, err := h.ExportFile(t.Context(), h.as("planner"), x.ID)
		h.must(err)
		defer f.Content.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, f.Content); err != nil {
			t.Fatal(err)
		}
		if ended.Conversations != 2 || ended.Files != 5 || ended.Size != ready.Size || ended.SHA256 != hex.EncodeToString(sum.Sum(nil)) || ended.State != domain.ExportReady {
			t.Errorf("%+v", ended)
		}
		if f.Name != "Conversations 2026-05-04 0900.zip" || f.Type != "application/zip" {
			t.Errorf("%+v", f)
		}
	})
}

// TestIndexSaysVia: the index says by what each file came in.
func TestIndexSaysVia(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		for i, via := range []domain.Channel{"", domain.ChannelEmail, domain.ChannelSMS} {
			h.via = via
			h.send("a", "Papers.", h.upload("a", text(fmt.Sprintf("in-%d.txt", i))).ID)
		}
		h.send("planner", "Mine.", h.upload("planner", text("out.txt")).ID)
		x := h.export("planner", false, "a")
		h.work()
		rows, err := csv.NewReader(strings.NewReader(h.unzip("planner", x.ID)["index.csv"])).ReadAll()
		h.must(err)
		var got []string
		for _, r := range rows {
			got = append(got, r[2]+" "+r[10])
		}
		if !slices.Equal(got, []string{"direction via", "in app", "in email", "in sms", "out "}) {
			t.Errorf("%q", got)
		}
	})
}

func (h *office) frames() []ExportFrame {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told)
}

// TestWhoExports: only who may, only one's own, only what one sees when it is made.
func TestWhoExports(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		south := newOffice(t, h.dsn, "south")
		h.send("a", "Papers.", h.upload("a", text("of a.txt")).ID)
		h.sendTo("planner", "b", "Hello.")
		request := func(who string, in ExportRequest) error {
			_, err := h.RequestExport(t.Context(), h.as(who), in)
			return err
		}
		a := []domain.PersonID{h.ids["a"]}
		for _, who := range []string{"anna", "a"} {
			want(t, who, request(who, ExportRequest{People: a}), fault.Forbidden, "")
			_, err := h.Exports(t.Context(), h.as(who))
			want(t, who+" lists", err, fault.Forbidden, "")
		}
		f := want(t, "who is not among mine", request("coordinator", ExportRequest{People: []domain.PersonID{h.ids["a"], h.ids["z"], south.ids["a"]}}), fault.Invalid, "people")
		if len(f.Details) != 2 || f.Details[0].Field != "people[1]" || f.Details[1].Field != "people[2]" {
			t.Errorf("%+v", f.Details)
		}
		want(t, "nobody", request("planner", ExportRequest{}), fault.Invalid, "people")
		want(t, "501 people", request("planner", ExportRequest{People: slices.Repeat(a, 501)}), fault.TooLarge, "people")
		want(t, "both", request("planner", ExportRequest{People: a, Filter: &domain.DeskFilter{}}), fault.Invalid, "filter")
		want(t, "a filter for nobody", request("planner", ExportRequest{Filter: &domain.DeskFilter{Folder: domain.FolderArchived}}), fault.Invalid, "filter")
		want(t, "a wrong filter", request("planner", ExportRequest{Filter: &domain.DeskFilter{Folder: "x"}}), fault.Invalid, "folder")

		x, err := h.RequestExport(t.Context(), h.as("coordinator"), ExportRequest{Filter: &domain.DeskFilter{}})
		h.must(err)
		for _, who := range []string{"planner"} {
			_, err := h.Service.Export(t.Context(), h.as(who), x.ID)
			want(t, "another's", err, fault.NotFound, "")
			_, err = h.ExportFile(t.Context(), h.as(who), x.ID)
			want(t, "another's file", err, fault.NotFound, "")
			want(t, "another's end", h.CancelExport(t.Context(), h.as(who), x.ID), fault.NotFound, "")
			if list, err := h.Exports(t.Context(), h.as(who)); err != nil || len(list) != 0 {
				t.Errorf("%v, %v", list, err)
			}
		}
		_, err = south.Service.Export(t.Context(), south.as("planner"), x.ID)
		want(t, "another organisation's", err, fault.NotFound, "")
		// b leaves the coordinator's reach before the work begins.
		room, seat := "A", "1"
		_, _, err = h.store.UpsertEnrolments(t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{Where: at(0), Exam: "T2", Person: "b", Room: &room, Seat: &seat}})
		h.must(err)
		_, _, err = h.store.ReplaceScopes(t.Context(), domain.System(h.org), []domain.ScopeSpec{{Where: at(0), Exam: "T1", Person: "coordinator", Remove: true}})
		h.must(err)
		h.work()
		got, err := h.Service.Export(t.Context(), h.as("coordinator"), x.ID)
		h.must(err)
		if got.State != domain.ExportFailed || !strings.Contains(got.Error, "among yours") {
			t.Errorf("%+v", got)
		}
		_, err = h.ExportFile(t.Context(), h.as("coordinator"), x.ID)
		want(t, "a failed one's file", err, fault.Gone, "")
		if n := h.blobs(); n != 1 {
			t.Errorf("%d files, want a's alone", n)
		}
	})
}

// TestExportOutOfReach: an export is asked about anew with every download: whoever has lost a group that it was
// made within, or their role, does not get it any more, and does again once they have it back.
func TestExportOutOfReach(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "Papers.", h.upload("a", text("of a.txt")).ID)
		scope := func(exam string, remove bool) {
			t.Helper()
			_, _, err := h.store.ReplaceScopes(t.Context(), domain.System(h.org), []domain.ScopeSpec{{Where: at(0), Exam: exam, Person: "coordinator", Remove: remove}})
			h.must(err)
		}
		room, seat := "A", "1"
		_, _, err := h.store.UpsertEnrolments(t.Context(), domain.System(h.org), []domain.EnrolmentSpec{{Where: at(0), Exam: "T2", Person: "a", Room: &room, Seat: &seat}})
		h.must(err)
		scope("T1", false)
		scope("T2", false)
		now := func() domain.Actor {
			t.Helper()
			actor, err := h.staff(t.Context(), h.org, h.as("coordinator").No)
			h.must(err)
			return actor
		}
		x, err := h.RequestExport(t.Context(), now(), ExportRequest{People: []domain.PersonID{h.ids["a"]}})
		h.must(err)
		h.work()
		download := func() error {
			f, err := h.ExportFile(t.Context(), now(), x.ID)
			if err == nil {
				h.must(f.Content.Close())
			}
			return err
		}
		h.must(download())
		scope("T1", true) // a is still seen, in T2: not all of what is in the file
		want(t, "a group less", download(), fault.Forbidden, "")
		scope("T2", true)
		want(t, "no group", download(), fault.Forbidden, "")
		scope("T1", false)
		scope("T2", false)
		h.must(download())
		actor := now()
		actor.Role = domain.RoleInvigilator
		_, err = h.ExportFile(t.Context(), actor, x.ID)
		want(t, "another role", err, fault.Forbidden, "")
	})
}

func TestExportLimitsAndLife(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
		var ids []string
		for range exportsMost {
			ids = append(ids, h.export("planner", false, "a").ID)
		}
		_, err := h.RequestExport(t.Context(), h.as("planner"), ExportRequest{People: []domain.PersonID{h.ids["a"]}})
		if f := want(t, "the sixth", err, fault.RateLimited, ""); f.Limit != exportsMost {
			t.Errorf("%+v", f)
		}
		h.kinds()
		h.must(h.CancelExport(t.Context(), h.as("planner"), ids[0]))
		if got := h.kinds(); !slices.Equal(got, []journal.Kind{journal.KindExportEnded}) {
			t.Errorf("entries %v", got)
		}
		h.must(h.CancelExport(t.Context(), h.as("planner"), ids[0])) // again: no more to say
		if got := h.kinds(); len(got) != 0 {
			t.Errorf("entries %v", got)
		}
		_, err = h.ExportFile(t.Context(), h.as("planner"), ids[0])
		want(t, "cancelled", err, fault.Gone, "")
		h.clock.Advance(time.Second)
		h.work()
		list, err := h.Exports(t.Context(), h.as("planner"))
		if err != nil || len(list) != exportsMost {
			t.Fatalf("%v, %v", list, err)
		}
		h.unzip("planner", ids[1])
		h.must(h.CancelExport(t.Context(), h.as("planner"), ids[1]))
		_, err = h.ExportFile(t.Context(), h.as("planner"), ids[1])
		want(t, "removed", err, fault.Gone, "")
		h.clock.Advance(exportTime - time.Second)
		h.unzip("planner", ids[2])
		h.clock.Advance(time.Second)
		_, err = h.ExportFile(t.Context(), h.as("planner"), ids[2])
		want(t, "after a day", err, fault.Gone, "")
		h.must(h.Sweep(t.Context()))
		if n := h.blobs(); n != 1 {
			t.Errorf("%d files, want the attachment alone", n)
		}
		_, err = h.ExportFile(t.Context(), h.as("planner"), ids[2])
		want(t, "after the sweep", err, fault.Gone, "")
		h.clock.Advance(exportsKept)
		h.must(h.Sweep(t.Context()))
		if list, err := h.Exports(t.Context(), h.as("planner")); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// TestProgress: a page hears how far its export is, and a node that stops lets another
// begin at once.
func TestProgress(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
		node, files := h.stalled()
		node.Start(t.Context())
		defer node.Stop()
		x, err := node.RequestExport(t.Context(), h.as("planner"), ExportRequest{People: []domain.PersonID{h.ids["a"]}, Transcript: true})
		h.must(err)
		<-files.reached
		late := time.NewTimer(20 * time.Second)
		defer late.Stop()
		for told := h.frames(); told[len(told)-1].Export.State != domain.ExportRunning; told = h.frames() {
			select {
			case <-late.C:
				t.Fatalf("%+v", told)
			case <-time.After(5 * time.Millisecond):
			}
		}
		if told := h.frames(); told[len(told)-1].Export.Done != 1 || told[len(told)-1].Export.Total != 2 {
			t.Errorf("%+v", told)
		}
		if got, err := node.Export(t.Context(), h.as("planner"), x.ID); err != nil || got.Done != 1 || got.Total != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		node.Stop()
		h.work()
		if got := h.unzip("planner", x.ID); len(got) != 4 {
			t.Errorf("%q", got)
		}
	})
}

// TestOverS3: all of it works on a store that is asked over the network, though only a
// fake was tried.
func TestOverS3(t *testing.T) {
	h := one(t)
	fake := blobtest.NewS3(t)
	s3, err := blob.NewS3(blob.S3Options{Endpoint: fake.URL, Bucket: fake.Bucket, AccessKey: fake.Access, SecretKey: fake.Secret})
	h.must(err)
	defer s3.Close()
	o := h.options()
	o.Blobs = s3
	h.Service = New(o)
	a := h.upload("a", file("a.png", pngOf(painted(1000, 10))))
	f, err := h.Preview(t.Context(), h.as("a"), a.ID)
	if err != nil || f.Size == 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	_, err = h.try("a", Incoming{Name: "a.txt", Size: -1, Body: io.LimitReader(letters{}, DefaultLimit+1)})
	want(t, "over the limit", err, fault.TooLarge, "file")
	b := h.upload("a", Incoming{Name: "b.txt", Size: DefaultLimit, Body: io.LimitReader(letters{}, DefaultLimit)})
	h.send("a", "Papers.", a.ID, b.ID)
	whole, err := h.Open(t.Context(), h.as("planner"), b.ID)
	h.must(err)
	defer whole.Content.Close()
	if _, err := whole.Content.Seek(-5, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if end, err := io.ReadAll(whole.Content); err != nil || string(end) != "aaaaa" {
		t.Errorf("%q, %v", end, err)
	}
	x := h.export("planner", false, "a")
	h.work()
	if got := h.unzip("planner", x.ID); len(got) != 3 || len(got["Sara Amin a (a)/b.txt"]) != DefaultLimit {
		t.Errorf("%q", slices.Sorted(maps.Keys(got)))
	}
	fake.Down(true)
	_, err = h.try("a", text("c.txt"))
	want(t, "while it is away", err, fault.Unavailable, "")
	y := h.export("planner", false, "a")
	if more, err := h.exporter.one(t.Context()); more || !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v, %v", more, err)
	}
	fake.Down(false)
	h.clock.Advance(leaseTime + time.Second)
	h.work()
	h.unzip("planner", y.ID)
}

// TestExportWithout: a file whose bytes are lost is named, and the rest is there.
func TestExportWithout(t *testing.T) {
	h := one(t)
	lost := h.upload("a", text("lost.txt")).ID
	h.send("a", "Papers.", lost, h.upload("a", text("kept.txt")).ID)
	h.must(h.files.Delete(t.Context(), string(lost)))
	x := h.export("planner", false, "a")
	h.work()
	got := h.unzip("planner", x.ID)
	if !contains(got["missing.txt"], "Sara Amin a (a)/lost.txt") || got["Sara Amin a (a)/kept.txt"] == "" {
		t.Errorf("%q", got)
	}
	_, err := h.read("a", lost)
	if fault.CodeOf(err) != fault.Internal {
		t.Errorf("a lost file: %v", err)
	}
}

func TestFolders(t *testing.T) {
	people := []domain.PersonRef{{Name: "Sara Amin", ExternalID: "1"}, {Name: "SARA AMIN", ExternalID: "1"}, {Name: "../..", ExternalID: "../x"}, {Name: "Sent to many"}, {Name: ""}, {Name: "CON"}, {Name: "a/b\\c"}, {Name: "=cmd()"}, {Name: "x\u202ey"}}
	got := folders(people)
	want := []string{"Sara Amin (1)", "SARA AMIN (1) (2)", "_.. (.._x)", "Sent to many (2)", "conversation", "_CON", "a_b_c", "=cmd()", "xy"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestBackground: the service does all this by itself once it is started.
func TestBackground(t *testing.T) {
	h := one(t)
	h.Start(t.Context())
	h.Start(t.Context())
	defer h.Stop()
	h.send("a", "Papers.", h.upload("a", text("a.txt")).ID)
	x := h.export("planner", false, "a")
	done := time.NewTimer(20 * time.Second)
	defer done.Stop()
	for {
		got, err := h.Service.Export(t.Context(), h.as("planner"), x.ID)
		h.must(err)
		if got.State == domain.ExportReady {
			break
		}
		select {
		case <-done.C:
			t.Fatalf("%+v", got)
		case <-time.After(5 * time.Millisecond):
		}
	}
	h.Stop()
	h.Stop()
}
