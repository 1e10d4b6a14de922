package domain

// TimelinePage is which part of a conversation is read: what stands before an offset,
// newest first, or after one, oldest first. Before 0 with After -1 is the newest.
type TimelinePage struct {
	Before int64 // of no meaning unless After is -1; 0: from the newest
	After  int64 // -1: not asked
	Limit  int
}

// AssignmentNow is what became of an assignment that a message is about.
type AssignmentNow struct {
	State    EnrolmentState // EnrolmentAssigned in a test as well
	Deletion int64          // offset of the deletion that can be undone, 0 if there is none
}
