package journal

import (
	"time"

	"crier/internal/domain"
)

// Scope is what of the record may be read. All means everything; else only
// the sendings of Exams, groups of any kind, each within its rooms (nil = every room), and
// those of no group that Own, an actor's id, has made.
type Scope struct {
	All   bool
	Exams map[domain.ExamID][]string
	Own   string
}

// Filter chooses entries of the journal. Zero values are no condition.
type Filter struct {
	Scope    Scope
	Exam     domain.ExamID
	Kind     Kind
	From, To time.Time // From ≤ at < To
	Before   int64     // only entries before this offset
}

// Chain is what verifying a journal found.
type Chain struct {
	Entries  int64  // how many fit
	OK       bool   // every hash fits, none is missing
	HeadHash []byte // the hash of the last entry that fits; what a copy kept elsewhere is compared with
	FirstBad int64  // offset of the first entry that does not fit or is missing, 0 if OK
}
