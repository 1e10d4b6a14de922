package domain

import "time"

// RecordScope is what of the record may be read. All means everything; else only
// the sendings of Exams, groups of any kind, each within its rooms (nil = every room), and
// those of no group that Own, an actor's id, has made.
type RecordScope struct {
	All   bool
	Exams map[ExamID][]string
	Own   string
}

// RecordFilter chooses entries of the journal. Zero values are no condition.
type RecordFilter struct {
	Scope    RecordScope
	Exam     ExamID
	Kind     EntryKind
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
