package record

import (
	"fmt"
	"strings"
	"time"

	"crier/internal/domain"
	"crier/internal/journal"
)

// markWords are what staff say about conversations.
var markWords = map[domain.ConversationMark]string{
	domain.MarkProcessed: "marked as processed", domain.MarkNotProcessed: "marked as not processed",
	domain.MarkArchived: "put into the archive", domain.MarkUnarchived: "taken out of the archive",
	domain.MarkSnoozed: "snoozed", domain.MarkUnsnoozed: "back from a snooze",
}

// talk says in one sentence what an entry about conversations and what belongs to them
// records. The text of a note, and of what staff write to each other, is not in it.
func talk(e *journal.Entry) (string, error) {
	switch e.Kind {
	case journal.KindMessageSent:
		return say(e, messageWords)
	case journal.KindNoteAdded:
		return say(e, func(p journal.NoteAdded) string { return "A note about " + p.PersonName })
	case journal.KindConversationMarked:
		return say(e, func(p journal.ConversationMarked) string {
			return count(len(p.People), "conversation", "conversations") + " " + markWords[p.Mark] + until(p.Until)
		})
	case journal.KindConversationAssigned:
		return say(e, func(p journal.ConversationAssigned) string {
			switch {
			case p.To == 0:
				return "A conversation released"
			case p.Claim:
				return "A conversation claimed by " + p.ToName
			}
			return "A conversation assigned to " + p.ToName
		})
	case journal.KindGroupsUpserted:
		return say(e, func(p journal.GroupsUpserted) string {
			return count(len(p.Groups), "group", "groups") + " entered or changed"
		})
	case journal.KindAssignmentDeleted:
		return say(e, func(p journal.AssignmentChanged) string {
			words := "An assignment to " + p.GroupName + " deleted"
			if p.Unavailable != "" {
				words += ", the time slot noted as unavailable"
			}
			return words
		})
	case journal.KindAssignmentRestored:
		return say(e, func(p journal.AssignmentChanged) string { return "An assignment to " + p.GroupName + " restored" })
	case journal.KindUnavailabilityAdded:
		return say(e, func(p journal.UnavailabilityAdded) string {
			return "A candidate noted as unavailable from " + p.StartsAt.Format(time.RFC3339) + until(p.EndsAt)
		})
	case journal.KindUnavailabilityRemoved:
		return "A candidate made available again", nil
	case journal.KindCannedChanged:
		return say(e, func(p journal.CannedChanged) string {
			if p.Removed {
				return "The canned reply " + p.Title + " removed"
			}
			return "The canned reply " + p.Title + " changed"
		})
	case journal.KindTeamMessage:
		return say(e, func(p journal.TeamMessage) string {
			if strings.HasPrefix(p.Thread, "direct:") {
				return "Wrote to a colleague"
			}
			return "Wrote in a back channel"
		})
	case journal.KindExportRequested:
		return say(e, func(p journal.ExportRequested) string {
			return "An export of " + count(p.Conversations, "conversation", "conversations") + " asked for"
		})
	case journal.KindDeliveriesRecorded:
		return say(e, func(p journal.DeliveriesRecorded) string {
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
	case journal.KindInboundReceived:
		return say(e, func(p journal.InboundReceived) string {
			words := inboundWord(p.Channel) + " that matches nobody came in"
			if p.Trial != nil {
				words += ", as " + p.Trial.Name + " tried out on the Outbox page"
			}
			return words
		})
	case journal.KindInboundHandled:
		return say(e, func(p journal.InboundHandled) string {
			words := inboundWord(p.Channel) + " that matched nobody " + string(p.State)
			if p.Note != "" {
				words += ": " + p.Note
			}
			return words
		})
	case journal.KindConsentChanged:
		return say(e, func(p journal.ConsentChanged) string {
			words := "Agrees to SMS no longer: " + p.Words
			if p.State == domain.ConsentIn {
				words = "Agreed to SMS: " + p.Words
			}
			if p.Source == domain.ConsentByTrial {
				words += " (tried out on the Outbox page)"
			}
			return words
		})
	case journal.KindExportEnded:
		return say(e, func(p journal.ExportEnded) string { return "An export ended: " + string(p.State) })
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

func messageWords(p journal.MessageSent) string {
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
