package domain

import (
	"strings"
	"unicode/utf8"

	"crier/internal/fault"
	"crier/internal/shorten"
)

// DeskFolder is a folder of the Messages page. FolderArchived and FolderSnoozed have what is
// archived and what is snoozed; the others leave both out.
type DeskFolder string

// The folders.
const (
	FolderAll      DeskFolder = "all"
	FolderUnread   DeskFolder = "unread"   // by the staff member who asks
	FolderReceived DeskFolder = "received" // the candidate has written
	FolderSent     DeskFolder = "sent"     // staff have written
	FolderArchived DeskFolder = "archived"
	FolderSnoozed  DeskFolder = "snoozed"
)

// DeskSort is an order of the Messages page (product row V9).
type DeskSort string

// The orders.
const (
	SortNewest       DeskSort = "newest" // latest message either way
	SortOldest       DeskSort = "oldest" // the same, the other way round
	SortLastReceived DeskSort = "last_received"
	SortLastSent     DeskSort = "last_sent"
	SortLastName     DeskSort = "last_name"
	SortUnprocessed  DeskSort = "unprocessed" // what is to be processed first, each newest first
	SortWaiting      DeskSort = "waiting"     // longest waiting first, then the others, newest first
)

// Within narrows a conversation to what belongs to groups. The zero value: everything.
type Within struct {
	Group []GroupID   `json:"group,omitempty"`
	Kind  []GroupKind `json:"kind,omitempty"` // of groups of these kinds
}

// Empty reports whether nothing is narrowed.
func (w Within) Empty() bool { return len(w.Group)+len(w.Kind) == 0 }

// DeskFilter chooses conversations and their order: the parameters of GET
// /conversations. Conditions combine with AND, several values of one with OR. People.Group and Kind
// choose the people who are, or were, in those groups; People.Presence and People.Kind are not used.
type DeskFilter struct {
	People    PeopleFilter
	Folder    DeskFolder // "": all
	Kind      []GroupKind
	Written   bool       // only what was written in the groups of People.Group and Kind counts
	Processed *bool      // true: processed; false: something is to be processed
	Overdue   bool       // a message waits longer than its group's expected reply time
	Mine      bool       // assigned to the staff member who asks, or …
	Nobody    bool       // to nobody, or …
	Assigned  []PersonID // to one of these
	Sort      DeskSort   // "": newest, in FolderSent last_sent
}

// Within is what of a conversation the filter lets count.
func (f DeskFilter) Within() Within {
	if !f.Written {
		return Within{}
	}
	return Within{Group: f.People.Group, Kind: f.Kind}
}

// Order is the order that applies.
func (f DeskFilter) Order() DeskSort {
	switch {
	case f.Sort != "":
		return f.Sort
	case f.Folder == FolderSent:
		return SortLastSent
	}
	return SortNewest
}

// Validate refuses unknown folders, orders and kinds, and unusable texts. Errors:
// Invalid, TooLarge naming the parameter.
func (f DeskFilter) Validate() error {
	switch f.Folder {
	case "", FolderAll, FolderUnread, FolderReceived, FolderSent, FolderArchived, FolderSnoozed:
	default:
		return fault.Field("folder", "folder must be all, unread, received, sent, archived or snoozed, not %q", f.Folder)
	}
	switch f.Sort {
	case "", SortNewest, SortOldest, SortLastReceived, SortLastSent, SortLastName, SortUnprocessed, SortWaiting:
	default:
		return fault.Field("sort", "sort must be newest, oldest, last_received, last_sent, last_name, unprocessed or waiting, not %q", f.Sort)
	}
	for _, k := range f.Kind {
		if _, err := ParseGroupKind("kind", string(k)); err != nil {
			return err
		}
	}
	if err := checkValues("assigned", texts(f.Assigned), peopleValuesMost); err != nil {
		return err
	}
	return f.People.Validate("")
}

// DeskPlace is where a conversation stands in a sorted list: in which segment of it, and
// by which key there. A page begins after one.
type DeskPlace struct {
	Segment  int      `json:"s"`
	Key      int64    `json:"k"`           // an offset …
	Name     string   `json:"n,omitempty"` // … or a sort_name
	Language string   `json:"l,omitempty"` // by whose rules Name is made
	Person   PersonNo `json:"p"`
}

// DeskCounts are what is to be done, each at most DeskCountMost.
type DeskCounts struct {
	Unread      int `json:"unread"`      // conversations with something new for the one who asks
	Unprocessed int `json:"unprocessed"` // conversations with something for the team to process
	Mine        int `json:"mine"`        // assigned to the one who asks
	Mentions    int `json:"mentions"`    // notes that mention the one who asks, later than they read
	Unmatched   int `json:"unmatched"`   // what came in and waits to be placed by the one who asks; 0 if they may not
}

// DeskCountMost is where counting stops.
const DeskCountMost = 1000

// SearchFilter is what is searched for, in texts that the one who asks may see.
type SearchFilter struct {
	Q      string
	Person PersonNo // of this conversation alone; 0: of all
	Before int64    // only what is older than this offset; 0: from the newest
}

// Validate refuses what cannot be searched for. Errors: Invalid naming q.
func (f SearchFilter) Validate() error {
	if err := CheckText("q", f.Q, 200, false, false); err != nil {
		return err
	}
	if n := len(Words(Fold(f.Q))); n == 0 {
		return fault.Field("q", "a letter, a digit or a symbol is needed to search for")
	} else if n > searchQueryMost {
		return fault.Over("q", searchQueryMost, int64(n), "%d words; at most %d are possible", n, searchQueryMost)
	}
	return nil
}

// searchQueryMost is how many words one search may have.
const searchQueryMost = 16

// Run is a piece of an excerpt.
type Run struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit"` // it begins a word that was asked for
}

// Text before and after a hit in an excerpt, in characters.
const (
	excerptBefore = 40
	excerptMost   = 160
)

// Excerpt cuts out of a text what stands around the first place where a word of q
// begins a word of the text, and marks every such place in it. found is false if there
// is none: then the excerpt is the text's beginning. Words are compared folded.
func Excerpt(text, q string) (runs []Run, found bool) {
	marks := markWords(text, askedWords(q))
	runes := []rune(text)
	from := 0
	if len(marks) > 0 {
		before := string(runes[:marks[0][0]])
		from = marks[0][0] - utf8.RuneCountInString(shorten.Start(before, excerptBefore))
	}
	to := from + utf8.RuneCountInString(shorten.Clip(string(runes[from:]), excerptMost))
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	add := func(hit bool, part []rune) {
		if b.Len()+len(part) > 0 {
			b.WriteString(string(part))
			runs = append(runs, Run{Text: b.String(), Hit: hit})
			b.Reset()
		}
	}
	at := from
	for _, m := range marks {
		if m[0] >= to {
			break
		}
		if m[0] > at || b.Len() > 0 {
			add(false, runes[at:m[0]])
		}
		end := min(m[1], to)
		add(true, runes[m[0]:end])
		at = end
	}
	if to < len(runes) {
		add(false, append(append([]rune{}, runes[at:to]...), '…'))
	} else if at < to {
		add(false, runes[at:to])
	}
	return runs, len(marks) > 0
}
