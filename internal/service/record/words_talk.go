package record

import (
	"fmt"
	"strings"
	"time"

	"crier/internal/domain"
)

// markWords are what staff say about conversations.
var markWords = map[domain.ConversationMark]string{
	domain.MarkProcessed: "marked as processed", domain.MarkNotProcessed: "marked as not processed",
	domain.MarkArchived: "put into the archive", domain.MarkUnarchived: "taken out of the archive",
	domain.MarkSnoozed: "snoozed", domain.MarkUnsnoozed: "back from a snooze",
}

// talk says in one sentence what an entry about conversations and what belongs to them
// records. The text of a note, and of what staff write to each other, is not in it.
func talk(e *domain.Entry) (string, error) {
	switch e.Kind {
	case domain.EntryMessageSent:
		return say(e, messageWords)
	case domain.EntryNoteAdded:
		return say(e, func(p domain.NoteAdded) string { return "A note about " + p.PersonName })
	case domain.EntryConversationMarked:
		return say(e, func(p domain.ConversationMarked) string {
			return count(len(p.People), "conversation", "conversations") + " " + markWords[p.Mark] + until(p.Until)
		})
	case domain.EntryConversationAssigned:
		return say(e, func(p domain.ConversationAssigned) string {
			switch {
			case p.To == 0:
				return "A conversation released"
			case p.Claim:
				return "A conversation claimed by " + p.ToName
			}
			return "A conversation assigned to " + p.ToName
		})
	case domain.EntryGroupsUpserted:
		return say(e, func(p domain.GroupsUpserted) string {
			return count(len(p.Groups), "group", "groups") + " entered or changed"
		})
	case domain.EntryAssignmentDeleted:
		return say(e, func(p domain.AssignmentChanged) string {
			words := "An assignment to " + p.GroupName + " deleted"
			if p.Unavailable != "" {
				words += ", the time slot noted as unavailable"
			}
			return words
		})
	case domain.EntryAssignmentRestored:
		return say(e, func(p domain.AssignmentChanged) string { return "An assignment to " + p.GroupName + " restored" })
	case domain.EntryUnavailabilityAdded:
		return say(e, func(p domain.UnavailabilityAdded) string {
			return "A candidate noted as unavailable from " + p.StartsAt.Format(time.RFC3339) + until(p.EndsAt)
		})
	case domain.EntryUnavailabilityRemoved:
		return "A candidate made available again", nil
	case domain.EntryCannedChanged:
		return say(e, func(p domain.CannedChanged) string {
			if p.Removed {
				return "The canned reply " + p.Title + " removed"
			}
			return "The canned reply " + p.Title + " changed"
		})
	case domain.EntryTeamMessage:
		return say(e, func(p domain.TeamMessage) string {
			if strings.HasPrefix(p.Thread, "direct:") {
				return "Wrote to a colleague"
			}
			return "Wrote in a back channel"
		})
	case domain.EntryExportRequested:
		return say(e, func(p domain.ExportRequested) string {
			return "An export of " + count(p.Conversations, "conversation", "conversations") + " asked for"
		})
	case domain.EntryDeliveriesRecorded:
		return say(e, func(p domain.DeliveriesRecorded) string {
			by := map[domain.DeliveryState]int{}
			for _, i := range p.Items {
				by[i.State]++
			}
			var parts []string
			for _, st := range []domain.DeliveryState{domain.DeliveryWaiting, domain.DeliverySent, domain.DeliveryDelivered, domain.DeliveryFailed, domain.DeliverySuppressed, domain.DeliveryCancelled} {
				if by[st] > 0 {
					parts = append(parts, fmt.Sprintf("%d %s", by[st], st))
				}
			}
			return "Copies by email and SMS: " + strings.Join(parts, ", ")
		})
	case domain.EntryInboundReceived:
		return say(e, func(p domain.InboundReceived) string {
			words := inboundWord(p.Channel) + " that matches nobody came in"
			if p.Trial != nil {
				words += ", as " + p.Trial.Name + " tried out on the Outbox page"
			}
			return words
		})
	case domain.EntryInboundHandled:
		return say(e, func(p domain.InboundHandled) string {
			words := inboundWord(p.Channel) + " that matched nobody " + string(p.State)
			if p.Note != "" {
				words += ": " + p.Note
			}
			return words
		})
	case domain.EntryConsentChanged:
		return say(e, func(p domain.ConsentChanged) string {
			words := "Agrees to SMS no longer: " + p.Words
			if p.State == domain.ConsentIn {
				words = "Agreed to SMS: " + p.Words
			}
			if p.Source == domain.ConsentByTrial {
				words += " (tried out on the Outbox page)"
			}
			return words
		})
	case domain.EntryExportEnded:
		return say(e, func(p domain.ExportEnded) string { return "An export ended: " + string(p.State) })
	}
	return string(e.Kind), nil
}

// until says up to when; nothing of the zero time.
func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + t.Format(time.RFC3339)
}

func messageWords(p domain.MessageSent) string {
	words := "Wrote to " + p.PersonName
	switch {
	case p.About != nil && p.About.Kind == domain.AboutUnavailable:
		words = p.PersonName + " reported being unavailable"
	case p.About != nil:
		words = p.PersonName + " asked about an assignment"
	case p.Inbound:
		words = p.PersonName + " wrote" + viaWords[p.Via]
	}
	if p.Automatic {
		words += ", an automatic answer"
	}
	if p.Unverified {
		words += ", sender not verified"
	}
	if p.Trial != nil {
		words += ", as " + p.Trial.Name + " tried out on the Outbox page"
	}
	if n := len(p.Attachments); n > 0 {
		words += ", with " + count(n, "file", "files")
	}
	return words
}

// viaWords say what a candidate's message came by; those written in the pages say nothing.
var viaWords = map[domain.Channel]string{domain.ChannelEmail: " by email", domain.ChannelSMS: " by SMS"}

func inboundWord(c domain.Channel) string {
	if c == domain.ChannelSMS {
		return "An SMS"
	}
	return "A mail"
}
