package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

func TestUploadAndOpen(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		body := []byte("Name;Alter\nZoë;30\nAli;31\n")
		a := h.upload("planner", file("../Übersicht.csv", body))
		if a.Name != "Übersicht.csv" || a.Type != "text/csv" || a.Size != int64(len(body)) || a.Picture || a.ID == "" {
			t.Errorf("%+v", a)
		}
		if got, err := h.read("planner", a.ID); err != nil || got != string(body) {
			t.Errorf("%q, %v", got, err)
		}
		f, err := h.Open(t.Context(), h.as("planner"), a.ID)
		h.must(err)
		defer f.Content.Close()
		if _, err := f.Content.Seek(5, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 5)
		if _, err := io.ReadFull(f.Content, part); err != nil || string(part) != "Alter" {
			t.Errorf("%q, %v", part, err)
		}
		if _, err := f.Content.Seek(-3, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(f.Content); err != nil || string(rest) != "31\n" {
			t.Errorf("%q, %v", rest, err)
		}
		if f.Name != a.Name || f.Type != a.Type || f.Size != a.Size || len(f.ETag) != 64 {
			t.Errorf("%+v", f)
		}
		_, err = h.Preview(t.Context(), h.as("planner"), a.ID)
		want(t, "preview of no picture", err, fault.NotFound, "")
	})
}

// TestLimit: a file of exactly the limit is taken, one byte more is not, whether its
// size was announced or not, and whether that was true.
func TestLimit(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		for _, c := range []struct {
			size, announced int64
			code            fault.Code
		}{
			{DefaultLimit, DefaultLimit, ""}, {DefaultLimit, -1, ""}, {1, 1, ""}, {1, -1, ""},
			{DefaultLimit + 1, DefaultLimit + 1, fault.TooLarge}, {DefaultLimit + 1, -1, fault.TooLarge}, {DefaultLimit + 1, DefaultLimit, fault.TooLarge},
			{50 << 20, -1, fault.TooLarge}, {0, 0, fault.Invalid}, {0, -1, fault.Invalid},
		} {
			what := fmt.Sprintf("%d bytes announced as %d", c.size, c.announced)
			before := h.blobs()
			a, err := h.try("planner", Incoming{Name: "a.txt", Size: c.announced, Body: io.LimitReader(letters{}, c.size)})
			if c.code == "" {
				if err != nil || a.Size != c.size {
					t.Errorf("%s: %+v, %v", what, a, err)
				}
				continue
			}
			f := want(t, what, err, c.code, "file")
			if c.code == fault.TooLarge && (f.Limit != DefaultLimit || f.Actual <= DefaultLimit) {
				t.Errorf("%s: %+v", what, f)
			}
			if h.blobs() != before {
				t.Errorf("%s: something was left behind", what)
			}
		}
	})
}

// letters is text without an end.
type letters struct{}

// Read implements io.Reader.
func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestBrokenUpload(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		line := errors.New("connection reset")
		for name, in := range map[string]Incoming{
			"breaks in the first bytes": {Name: "a.txt", Size: 100, Body: io.MultiReader(strings.NewReader("abc"), failing{line})},
			"breaks later":              {Name: "a.txt", Size: -1, Body: io.MultiReader(io.LimitReader(letters{}, 1<<20), failing{line})},
			"ends too early":            {Name: "a.txt", Size: 200_000, Body: io.LimitReader(letters{}, 199_999)},
		} {
			_, err := h.try("planner", in)
			if !fault.Is(err, fault.Malformed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := h.Upload(ctx, h.as("planner"), h.ids["a"], Incoming{Name: "a.txt", Size: -1, Body: io.MultiReader(io.LimitReader(letters{}, 1<<20), ending{cancel})})
		if err == nil {
			t.Error("an upload outlived its request")
		}
		if n := h.blobs(); n != 0 {
			t.Errorf("%d files were left behind", n)
		}
	})
}

type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

// ending ends its context when it is read.
type ending struct{ cancel context.CancelFunc }

// Read implements io.Reader.
func (e ending) Read(p []byte) (int, error) {
	e.cancel()
	p[0] = 'a'
	return 1, nil
}

// TestUnsentMost: fifty files may wait; what was refused or removed does not count, and
// two at once do not get past it.
func TestUnsentMost(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		for range 5 {
			_, err := h.try("a", file("a.html", []byte("<html>")))
			want(t, "HTML", err, fault.Invalid, "file")
		}
		var ids []domain.AttachmentID
		for i := range unsentMost - 4 {
			ids = append(ids, h.upload("a", text(fmt.Sprintf("%d.txt", i))).ID)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		actor := h.as("a")
		for range 8 {
			wg.Go(func() {
				_, err := h.UploadOwn(t.Context(), actor, text("x.txt"))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken++
				} else if f := want(t, "over the limit", err, fault.TooLarge, "file"); f.Limit != unsentMost {
					t.Errorf("%+v", f)
				}
			})
		}
		wg.Wait()
		if taken != 4 {
			t.Errorf("%d of eight were taken, want 4", taken)
		}
		h.upload("planner", text("another's.txt"))
		h.must(h.Discard(t.Context(), actor, ids[0]))
		h.upload("a", text("instead.txt"))
		h.send("a", "One is sent.", ids[1])
		h.upload("a", text("instead.txt"))
		_, err := h.try("a", text("x.txt"))
		want(t, "again at the limit", err, fault.TooLarge, "file")
	})
}

func TestDiscard(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		a := h.upload("planner", file("a.png", pngOf(painted(4, 4))))
		want(t, "a colleague", h.Discard(t.Context(), h.as("coordinator"), a.ID), fault.NotFound, "")
		want(t, "nothing", h.Discard(t.Context(), h.as("planner"), "none"), fault.NotFound, "")
		h.must(h.Discard(t.Context(), h.as("planner"), a.ID))
		if n := h.blobs(); n != 0 {
			t.Errorf("%d files are left", n)
		}
		_, err := h.read("planner", a.ID)
		want(t, "discarded", err, fault.NotFound, "")
		want(t, "twice", h.Discard(t.Context(), h.as("planner"), a.ID), fault.NotFound, "")
		sent := h.upload("planner", text("b.txt"))
		h.send("planner", "Here.", sent.ID)
		want(t, "sent", h.Discard(t.Context(), h.as("planner"), sent.ID), fault.NotFound, "")
		if _, err := h.read("planner", sent.ID); err != nil {
			t.Errorf("sent: %v", err)
		}
	})
}

// TestSweepUnsent: after a day what was not sent goes, and nothing else.
func TestSweepUnsent(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		var old []domain.AttachmentID
		for i := range 3 {
			old = append(old, h.upload("planner", file(fmt.Sprintf("%d.png", i), pngOf(painted(4, 4)))).ID)
		}
		sent := h.upload("planner", text("sent.txt"))
		h.send("planner", "Here.", sent.ID)
		h.clock.Advance(unsentTime - time.Minute)
		fresh := h.upload("planner", text("fresh.txt"))
		h.must(h.Sweep(t.Context()))
		if n := h.blobs(); n != 8 {
			t.Errorf("%d files after less than a day, want 8", n)
		}
		h.clock.Advance(2 * time.Minute)
		h.must(h.Sweep(t.Context()))
		if n := h.blobs(); n != 2 {
			t.Errorf("%d files after a day, want 2", n)
		}
		for _, id := range old {
			_, err := h.read("planner", id)
			want(t, "swept", err, fault.NotFound, "")
		}
		for _, id := range []domain.AttachmentID{sent.ID, fresh.ID} {
			if _, err := h.read("planner", id); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestSweepGoesOn: a sweep that could not remove the bytes is finished by the next, and
// nobody can send the file in between.
func TestSweepGoesOn(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		a := h.upload("planner", text("a.txt"))
		h.clock.Advance(unsentTime + time.Minute)
		list, err := h.store.CondemnFiles(t.Context(), h.clock.Now().Add(-unsentTime), 10) // as a sweep that ends here
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		_, err = h.read("planner", a.ID)
		want(t, "being removed", err, fault.NotFound, "")
		h.must(h.Sweep(t.Context()))
		if n := h.blobs(); n != 0 {
			t.Errorf("%d files are left", n)
		}
		if list, err := h.store.CondemnFiles(t.Context(), h.clock.Now(), 10); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}

// TestPictures: a preview shows the same, small, without anything but pixels.
func TestPictures(t *testing.T) {
	h := one(t)
	long := painted(2000, 500)
	glass := image.NewNRGBA(image.Rect(0, 0, 100, 50))
	glass.SetNRGBA(0, 0, color.NRGBA{R: 255, A: 128})
	for name, c := range map[string]struct {
		body          []byte
		width, height int
		pw, ph        int
		kind          string
	}{
		"png":                      {pngOf(long), 2000, 500, 640, 160, "image/jpeg"},
		"png with clear parts":     {pngOf(glass), 100, 50, 100, 50, "image/png"},
		"jpeg":                     {jpegOf(painted(500, 2000)), 500, 2000, 160, 640, "image/jpeg"},
		"gif":                      {gifOf(painted(64, 64)), 64, 64, 64, 64, "image/jpeg"},
		"webp":                     {webpOf(), 1, 1, 1, 1, "image/png"},
		"a line":                   {pngOf(painted(8000, 1)), 8000, 1, 640, 1, "image/jpeg"},
		"turned by a quarter":      {turnedJPEG(long, 6), 500, 2000, 160, 640, "image/jpeg"},
		"turned by a quarter back": {turnedJPEG(long, 8), 500, 2000, 160, 640, "image/jpeg"},
		"upside down":              {turnedJPEG(long, 3), 2000, 500, 640, 160, "image/jpeg"},
		"a turn that is none":      {turnedJPEG(long, 99), 2000, 500, 640, 160, "image/jpeg"},
	} {
		a := h.upload("planner", file("a", c.body))
		if !a.Picture || a.Width != c.width || a.Height != c.height {
			t.Errorf("%s: %+v", name, a)
			continue
		}
		f, err := h.Preview(t.Context(), h.as("planner"), a.ID)
		h.must(err)
		b, err := io.ReadAll(f.Content)
		h.must(err)
		m, format, err := image.Decode(bytes.NewReader(b))
		if err != nil || m.Bounds().Dx() != c.pw || m.Bounds().Dy() != c.ph || f.Type != c.kind || "image/"+format != f.Type || f.Size != int64(len(b)) {
			t.Errorf("%s: %v %s %+v, %v", name, m.Bounds(), format, f, err)
		}
		if bytes.Contains(b, []byte("GPS")) || bytes.Contains(b, []byte("Exif")) {
			t.Errorf("%s: the preview tells more than its pixels", name)
		}
		got, err := h.read("planner", a.ID)
		if err != nil || strings.Contains(got, "GPS") || a.Size != int64(len(got)) {
			t.Errorf("%s: the file says where it was taken, or its size is not %d: %v", name, a.Size, err)
		}
		if !strings.Contains(string(c.body), "GPS") && got != string(c.body) {
			t.Errorf("%s: the file itself was changed", name)
		}
		h.must(h.Discard(t.Context(), h.as("planner"), a.ID))
	}
}

// TestHEIC checks that a HEIC is a file without its place, unless the organisation keeps that, from
// staff and from candidates, and that one which cannot be read is refused with the reason.
func TestHEIC(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		photo := heicOf()
		for _, keep := range []bool{true, false} {
			_, err := h.store.ChangeSettings(t.Context(), h.as("planner"), func(s *domain.Settings) { s.KeepLocation = keep })
			h.must(err)
			a := h.upload("a", file("IMG_1.HEIC", photo))
			got, err := h.read("a", a.ID)
			if err != nil || (got == string(photo)) != keep || strings.Contains(got, "GPS") != keep || !strings.Contains(got, "PIXELS") {
				t.Errorf("keep %v: %v", keep, err)
			}
			if a.Type != "image/heic" || a.Picture || a.Width != 0 || a.Name != "IMG_1.heic" {
				t.Errorf("%+v", a)
			}
		}
		broken := bytes.Replace(photo, []byte("iloc"), []byte("ilox"), 1)
		_, err := h.UploadOwn(t.Context(), h.as("a"), file("IMG_2.HEIC", broken))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err).Message, "save it as JPEG") {
			t.Errorf("%v", err)
		}
	})
}

// TestLocationKept checks that an organisation may keep what cameras write.
func TestLocationKept(t *testing.T) {
	both(t, func(t *testing.T, h *office) {
		photo := turnedJPEG(painted(40, 20), 6)
		for _, keep := range []bool{true, false} {
			_, err := h.store.ChangeSettings(t.Context(), h.as("planner"), func(s *domain.Settings) { s.KeepLocation = keep })
			h.must(err)
			a := h.upload("a", file("photo.jpg", photo))
			got, err := h.read("a", a.ID)
			if err != nil || (got == string(photo)) != keep || strings.Contains(got, "GPS") != keep || a.Width != 20 {
				t.Errorf("keep %v: %+v, %v", keep, a, err)
			}
			sum := sha256.Sum256([]byte(got))
			f, err := h.store.File(t.Context(), h.org, a.ID)
			if err != nil || f.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("keep %v: the hash is of other bytes, %v", keep, err)
			}
		}
	})
}
