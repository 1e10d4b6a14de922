package fault

import (
	"encoding/json"
	"math"
)

// MarshalJSON writes the fault as REST and the socket show it. It never writes
// the cause. Call Public first for an error of unknown origin.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := struct {
		Code       Code     `json:"code"`
		Message    string   `json:"message"`
		Field      string   `json:"field,omitempty"`
		Limit      int64    `json:"limit,omitempty"`
		Actual     int64    `json:"actual,omitempty"`
		RetryAfter int64    `json:"retry_after,omitempty"`
		Outcome    string   `json:"outcome,omitempty"`
		Details    []Detail `json:"details,omitempty"`
	}{Code: e.Code, Message: e.Message, Field: e.Field, Limit: e.Limit, Actual: e.Actual, Details: e.Details}
	if e.RetryAfter > 0 {
		out.RetryAfter = int64(math.Ceil(e.RetryAfter.Seconds()))
	}
	if e.Unknown {
		out.Outcome = "unknown"
	}
	return json.Marshal(out)
}
