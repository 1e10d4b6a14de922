package attachment

import (
	"strconv"
	"strings"

	"crier/internal/domain"
)

// sharedFolder holds what was sent to many, once each.
const sharedFolder = "Sent to many"

// folders names a folder for each conversation: "Name (candidate id)", no two alike, even
// where upper and lower case are the same.
func folders(people []domain.PersonRef) []string {
	used := map[string]bool{strings.ToLower(sharedFolder): true}
	out := make([]string, len(people))
	for i, p := range people {
		name := p.Name
		if p.ExternalID != "" {
			name += " (" + strings.NewReplacer("/", "_", `\`, "_").Replace(p.ExternalID) + ")"
		}
		out[i] = unused(used, folderName(strings.NewReplacer("/", "_", `\`, "_").Replace(name)))
	}
	return out
}

// unused is the name, or the name with the first number that makes it a new one.
func unused(used map[string]bool, name string) string {
	out := name
	for n := 2; used[strings.ToLower(out)]; n++ {
		out = numbered(name, strconv.Itoa(n))
	}
	used[strings.ToLower(out)] = true
	return out
}

// place is where a file of a conversation stands in the .zip; used are the names taken in
// the conversation's folder.
func (j *job) place(folder string, used map[string]bool, f domain.SentFile) string {
	if !f.Shared {
		return folder + "/" + unused(used, f.Name)
	}
	path, ok := j.shared[f.ID]
	if !ok {
		path = sharedFolder + "/" + unused(j.inside, f.Name)
		j.shared[f.ID] = path
	}
	return path
}
