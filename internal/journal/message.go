package journal

import (
	"cmp"
	"crier/internal/domain"
)

// MessageOf decodes the entry of a message, of a sending or of one alone, as its candidate
// has it; where they sat and receipts are left out of a sending's.
func MessageOf(e *Entry) (domain.Message, error) {
	m := domain.Message{Offset: e.Offset, Exam: e.Group, At: e.At}
	if e.Kind != KindMessageSent {
		p, err := As[BroadcastSent](e)
		if err != nil {
			return m, err
		}
		m.Text = domain.Text{GroupName: p.ExamName, Subject: p.Subject, Body: p.Body, Level: p.Level, SenderName: p.SenderName, SenderRole: p.SenderRole, Reminds: p.Reminds}
		m.Elsewhere = p.Elsewhere
		if m.Attachments, m.Kind = p.Attachments, p.GroupKind; m.Kind == "" && m.Exam != "" {
			m.Kind = domain.KindTest
		}
		return m, nil
	}
	p, err := As[MessageSent](e)
	if err != nil {
		return m, err
	}
	m.Text = domain.Text{GroupName: p.GroupName, Subject: p.Subject, Body: p.Body, Level: domain.LevelChat, SenderName: p.SenderName, SenderRole: p.SenderRole}
	m.Kind, m.Room, m.Inbound, m.Attachments, m.About, m.ReplyTo = p.GroupKind, p.Room, p.Inbound, p.Attachments, p.About, p.ReplyTo
	m.Elsewhere = p.Elsewhere
	if m.Inbound { // there is nothing left to tell them
		m.Via = cmp.Or(p.Via, domain.ChannelApp)
		m.Delivered, m.Displayed, m.Acknowledged = e.At, e.At, e.At
	}
	return m, nil
}
