package domain

import "strconv"

// Topics are what live connections listen to within an organisation. What a topic
// brings, whoever listens to it may see.

// PersonTopic is heard by all pages of one person and by nobody else.
func PersonTopic(no PersonNo) string { return "person:" + strconv.FormatInt(int64(no), 10) }

// ConversationTopic is heard by the staff who have a candidate's conversation open: who
// looks, who types, whether the candidate is there. Nothing that was written.
func ConversationTopic(no PersonNo) string {
	return "conversation:" + strconv.FormatInt(int64(no), 10)
}

// TeamTopic is the back channel of a group's staff; "" is that of those who reach
// every group.
func TeamTopic(group GroupID) string {
	if group == "" {
		return "team"
	}
	return "team:" + string(group)
}

// TeamTopics are the back channels of a staff member.
func (s Seen) TeamTopics() []string {
	if s.All {
		return []string{TeamTopic("")}
	}
	out := make([]string, 0, len(s.Places))
	for _, p := range s.Places {
		out = appendNew(out, TeamTopic(p.Group))
	}
	return out
}

// StaffTopic is heard by everyone who may see conversations at all. What it brings
// names nobody.
const StaffTopic = "staff"

const inboxTopic = "inbox"

func inboxOf(group GroupID, room string) string {
	if room == "" {
		return inboxTopic + ":" + string(group)
	}
	return inboxTopic + ":" + string(group) + "/" + room // a group's id has no slash
}

// InboxTopics are what a staff member hears of conversations.
func (s Seen) InboxTopics() []string {
	if s.All {
		return []string{inboxTopic}
	}
	out := make([]string, 0, len(s.Places))
	for _, p := range s.Places {
		out = appendNew(out, inboxOf(p.Group, p.Room))
	}
	return out
}

// ReachTopics are where to tell of what belongs to a group ("" = to none) in the
// conversation of someone who is in the places of reach: they are heard by exactly those of
// whom Seen.Holds and Seen.HoldsGroup say that they see it.
func ReachTopics(group GroupID, reach []Place) []string {
	out := []string{inboxTopic}
	for _, p := range reach {
		if group != "" && p.Group != group {
			continue
		}
		out = appendNew(out, inboxOf(p.Group, ""))
		if p.Room != "" {
			out = appendNew(out, inboxOf(p.Group, p.Room))
		}
	}
	return out
}

func appendNew(list []string, one string) []string {
	for _, l := range list {
		if l == one {
			return list
		}
	}
	return append(list, one)
}
