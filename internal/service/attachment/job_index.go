package attachment

import (
	"archive/zip"
	"cmp"
	"encoding/csv"
	"strconv"
	"time"

	"crier/internal/domain"
	"crier/internal/fault"
)

var indexHeader = []string{"conversation", "candidate_id", "direction", "from", "role", "sent_at", "file", "type", "bytes", "sha256", "via"}

// index writes index.csv: a row for each file of each conversation. It counts what there
// is to do on the way.
func (j *job) index(z *zip.Writer) error {
	to, err := z.CreateHeader(&zip.FileHeader{Name: "index.csv", Method: zip.Deflate, Modified: j.s.o.Clock.Now()})
	if err != nil {
		return err
	}
	w := csv.NewWriter(to)
	if err := w.Write(indexHeader); err != nil {
		return err
	}
	var total, bytes int64
	counted := map[domain.AttachmentID]bool{}
	for i, p := range j.people {
		if j.x.Request.Transcript {
			total++
		}
		err := j.each(i, func(f domain.SentFile, path string) error {
			if !f.Shared || !counted[f.ID] {
				total++
				bytes += f.Size
			}
			if f.Shared {
				counted[f.ID] = true
			}
			direction, via := "out", domain.Channel("")
			if f.Inbound {
				direction, via = "in", cmp.Or(f.Via, domain.ChannelApp)
			}
			row := []string{p.Name, p.ExternalID, direction, f.From, string(f.FromRole), f.At.UTC().Format(time.RFC3339), path, f.Type, strconv.FormatInt(f.Size, 10), f.SHA256, string(via)}
			for c := range row {
				row[c] = domain.Cell(row[c])
			}
			return w.Write(row)
		})
		if err != nil {
			return err
		}
	}
	if bytes > exportBytes {
		return fault.Over("", exportBytes, bytes, "the files are %s together; at most %s are possible: choose fewer conversations", megabytes(bytes), megabytes(exportBytes))
	}
	j.total.Store(total)
	w.Flush()
	return w.Error()
}
