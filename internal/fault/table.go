package fault

import "net/http"

// Outcome is what a code becomes at the edges.
type Outcome struct {
	Status int    // HTTP status
	Close  bool   // whether a socket that meets it is closed rather than answered
	Log    string // zerolog level of the line written at the edge
}

var table = map[Code]Outcome{
	Invalid:         {http.StatusUnprocessableEntity, false, "debug"},
	Malformed:       {http.StatusBadRequest, false, "debug"},
	Unauthenticated: {http.StatusUnauthorized, true, "info"},
	Forbidden:       {http.StatusForbidden, false, "info"},
	NotFound:        {http.StatusNotFound, false, "debug"},
	Conflict:        {http.StatusConflict, false, "info"},
	Gone:            {http.StatusGone, false, "debug"},
	TooLarge:        {http.StatusRequestEntityTooLarge, false, "info"},
	RateLimited:     {http.StatusTooManyRequests, false, "info"},
	Unavailable:     {http.StatusServiceUnavailable, false, "warn"},
	Internal:        {http.StatusInternalServerError, false, "error"},
}

// OutcomeOf returns what code becomes at the edges; an unknown code is Internal.
func OutcomeOf(code Code) Outcome {
	if o, ok := table[code]; ok {
		return o
	}
	return table[Internal]
}
