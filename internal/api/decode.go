package api

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"crier/internal/fault"
	"crier/internal/strictjson"
)

// decode reads the request's body, at most limit bytes, into dst (a pointer to a
// struct). It is strict: one JSON object, valid UTF-8, no NUL, no unknown, repeated or
// mistyped field, at most depthLimit deep. Errors: malformed, too_large; each
// names the field where there is one.
func (x *exchange) decode(dst any, limit int64) error {
	if kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return malformed("Content-Type", "the body must be JSON, with Content-Type: application/json")
	}
	body, err := x.body(limit)
	if err != nil {
		return err
	}
	return decodeJSON(body, dst)
}

// body reads the request's body, at most limit bytes.
func (x *exchange) body(limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		e := fault.Over("", limit, 0, "the body is larger than %d bytes", limit)
		if x.r.ContentLength > limit {
			e.Actual = x.r.ContentLength
		}
		return nil, e
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed, "the body could not be read to its end")
	}
	return b, nil
}

func decodeJSON(body []byte, dst any) error { return strictjson.Decode(body, dst) }

func malformed(field, format string, args ...any) error {
	e := fault.New(fault.Malformed, format, args...)
	e.Field = field
	return e
}
