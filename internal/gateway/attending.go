package gateway

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"crier/internal/domain"
	"crier/internal/protocol"
)

// attending is what this node has heard of who looks at which conversation and who types there, from
// its own pages and from other nodes, so that whoever opens one learns of it at once and not when it
// is said again. It is forgotten as pages forget it. Safe for concurrent use.
type attending struct {
	mu sync.Mutex
	of map[attended]map[string]said // by who
}

type attended struct {
	org   int64
	topic string // of a conversation
}

type said struct {
	frame []byte
	until time.Time
}

const (
	attentionLasts = 2 * attentionAgain // without being said again
	attendedMost   = 4096               // conversations; beyond that none is added until some are forgotten
)

// note takes in what is said to a topic.
func (a *attending) note(org int64, topic string, f protocol.TypingFrame, frame []byte, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := attended{org, topic}
	if f.State == idle {
		delete(a.of[k], f.Who.ID)
		if len(a.of[k]) == 0 {
			delete(a.of, k)
		}
		return
	}
	if a.of == nil {
		a.of = map[attended]map[string]said{}
	}
	if a.of[k] == nil {
		if len(a.of) >= attendedMost {
			a.forget(now)
		}
		if len(a.of) >= attendedMost {
			return
		}
		a.of[k] = map[string]said{}
	}
	a.of[k][f.Who.ID] = said{frame, now.Add(attentionLasts)}
}

// forget drops what was not said again. a.mu is held.
func (a *attending) forget(now time.Time) {
	for k, all := range a.of {
		for who, s := range all {
			if !now.Before(s.until) {
				delete(all, who)
			}
		}
		if len(all) == 0 {
			delete(a.of, k)
		}
	}
}

// here returns what others than who were last heard to do there.
func (a *attending) here(org int64, topic, who string, now time.Time) (frames [][]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, s := range a.of[attended{org, topic}] {
		if id != who && now.Before(s.until) {
			frames = append(frames, s.frame)
		}
	}
	return frames
}

// conversationTopics begins what domain.ConversationTopic makes.
var conversationTopics = strings.TrimSuffix(domain.ConversationTopic(0), "0")

// overhears takes in what another node signals.
func (g *Gateway) overhears(org int64, topics []string, frame []byte) {
	for _, topic := range topics {
		if !strings.HasPrefix(topic, conversationTopics) {
			continue
		}
		var f protocol.TypingFrame
		if json.Unmarshal(frame, &f) == nil && f.Type == "typing" && f.Who.ID != "" {
			g.attending.note(org, topic, f, frame, g.opt.Clock.Now())
		}
	}
}
