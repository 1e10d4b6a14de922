package domain

import (
	"fmt"
	"strings"
)

// TeamThread names a chat among staff: the back channel of a group, or the direct one
// of two people.
type TeamThread struct {
	Group  GroupID // "" in a direct chat
	People [2]PersonNo
}

// DirectThread is the chat of two people, whoever begins.
func DirectThread(a, b PersonNo) TeamThread {
	return TeamThread{People: [2]PersonNo{min(a, b), max(a, b)}}
}

// Key is the thread's name in the store.
func (t TeamThread) Key() string {
	if t.Group != "" {
		return "group:" + string(t.Group)
	}
	return fmt.Sprintf("direct:%d:%d", t.People[0], t.People[1])
}

// ParseTeamThread reads a Key.
func ParseTeamThread(key string) (TeamThread, bool) {
	if id, ok := strings.CutPrefix(key, "group:"); ok && id != "" {
		return TeamThread{Group: GroupID(id)}, true
	}
	var t TeamThread
	n, err := fmt.Sscanf(key, "direct:%d:%d", &t.People[0], &t.People[1])
	return t, err == nil && n == 2
}

// Other is the other one of a direct chat.
func (t TeamThread) Other(me PersonNo) PersonNo {
	if t.People[0] == me {
		return t.People[1]
	}
	return t.People[0]
}
