// Package fault is Crier's one vocabulary of errors: about ten codes, and one
// table that says what each means over HTTP, over a socket and in the log.
//
// A fault's text is written for the person who made the mistake and may be
// shown to them. Any error that is not a fault is "internal": its text stays in
// the server's log.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code says what kind of thing went wrong.
type Code string

// The codes. See table.go for what each becomes at the edges.
const (
	Invalid         Code = "invalid"         // understood, but breaks a rule; Field and Limit say which
	Malformed       Code = "malformed"       // not understood at all: broken JSON, wrong type, unknown field
	Unauthenticated Code = "unauthenticated" // nobody known is asking
	Forbidden       Code = "forbidden"       // known, but not allowed
	NotFound        Code = "not_found"       // does not exist, or not for this actor
	Conflict        Code = "conflict"        // contradicts what is already stored
	Gone            Code = "gone"            // was there once: a used ticket, a withdrawn message
	TooLarge        Code = "too_large"       // over a size limit; Limit and Actual say so
	RateLimited     Code = "rate_limited"    // too often; RetryAfter says when again
	Unavailable     Code = "unavailable"     // the store cannot be reached; RetryAfter says when again
	Internal        Code = "internal"        // ours; the text never leaves the server
)

// TooSlow is the message of Unavailable where the server ended the work because it took too long, and
// SlowRetry when to try again.
const (
	TooSlow   = "the answer takes too long; nothing was changed. Ask for less at a time, or try again later"
	SlowRetry = 10 * time.Second
)

// Error is a fault with everything the asker needs to mend it. The zero value of
// each optional field means "does not apply".
type Error struct {
	Code       Code
	Message    string        // one sentence, for the asker
	Field      string        // the field at fault, as the request names it: "subject", "items[3].seat"
	Limit      int64         // the limit that was passed
	Actual     int64         // what was given instead
	RetryAfter time.Duration // rate_limited, unavailable
	Unknown    bool          // unavailable: it may or may not have been done; retry with the same key finds out
	Details    []Detail      // all faults of a list, when there are several
	Err        error         // the cause; for logs alone
}

// Detail is one of several faults found in one request.
type Detail struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error implements error. It includes the cause, so it is for logs; the asker
// sees Message alone.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes a fault with a formatted message.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid fault that names the field at fault.
func Field(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Over makes a fault for a field that passes its limit: TooLarge with the limit
// and what was given.
func Over(field string, limit, actual int64, format string, args ...any) *Error {
	return &Error{Code: TooLarge, Field: field, Limit: limit, Actual: actual, Message: fmt.Sprintf(format, args...)}
}

// Many makes one fault of several details; code is that of the whole.
func Many(code Code, details []Detail, format string, args ...any) *Error {
	return &Error{Code: code, Details: details, Message: fmt.Sprintf(format, args...)}
}

// Wrap keeps err as the cause of a fault with its own code and message.
func Wrap(err error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// CodeOf returns the code of the first fault in err's chain, Unavailable for a deadline that passed,
// Internal for any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Unavailable
	}
	return Internal
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool { return CodeOf(err) == code }

// Public returns the fault as the asker may see it: never nil for a non-nil
// err, without the cause, and "internal" with a fixed text for anything unknown.
func Public(err error) *Error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok && CodeOf(err) == Unavailable {
		return &Error{Code: Unavailable, Message: TooSlow, RetryAfter: SlowRetry}
	}
	if !ok || e.Code == Internal {
		return &Error{Code: Internal, Message: "something went wrong on the server; it has been recorded"}
	}
	p := *e
	p.Err = nil
	return &p
}
