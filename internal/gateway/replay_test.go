package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"crier/internal/protocol"
)

// patience is how long the replayer waits for what must come.
const patience = 20 * time.Second

// TestTranscripts plays the client's part of every golden transcript against a real
// node: the frames of the server must be those written, in their order, and no
// others. web/test/unit/replay.ts plays the server's part of the same files.
func TestTranscripts(t *testing.T) {
	played := 0
	for name, s := range readScripts(t) {
		if s.client {
			continue
		}
		played++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &replay{t: t, s: s, w: newWorld(t)}
			for r.at = 0; r.at < len(s.steps); r.at++ {
				at := s.steps[r.at]
				if err := r.step(t.Context()); err != nil {
					t.Fatalf("line %d: %s %s\n%v", at.line, at.verb, at.text, err)
				}
			}
			r.finish()
		})
	}
	if played < 20 {
		t.Fatalf("only %d transcripts are the server's", played)
	}
}

type replay struct {
	t *testing.T
	s script
	w *world

	at      int
	times   int   // how often the next line stands, 0 = once
	line    *line // the open connection
	refused error // why it did not open
}

// line is one connection.
type line struct {
	*websocket.Conn
	frames chan []byte // closed when the connection ends
	ended  error       // why; to be read once frames is closed

	typing map[any]string // by who: what was said last
}

func (r *replay) step(ctx context.Context) error {
	s := r.s.steps[r.at]
	times := max(1, r.times)
	r.times = 0
	for range times {
		if err := r.once(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) once(ctx context.Context, s step) error {
	switch s.verb {
	case "C":
		v, err := unmarshal([]byte(s.text))
		if err != nil {
			return err
		}
		if v, err = r.w.fill(ctx, r.s.as, v); err != nil {
			return err
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		err = r.line.Write(ctx, websocket.MessageText, b)
		if r.at+1 < len(r.s.steps) && r.s.steps[r.at+1].verb == "close" {
			return nil // the server may have been faster
		}
		return err
	case "S":
		return r.expect()
	case "open":
		return r.open(ctx, s.text)
	case "close":
		return r.expectClose(s.text)
	case "refused":
		if r.refused == nil || r.refused.Error() != "refused with "+s.text {
			return fmt.Errorf("got %v", r.refused)
		}
	case "cut":
		return r.line.CloseNow()
	case "raw":
		b, err := rawFrame(s.text)
		if err != nil {
			return err
		}
		return r.line.Write(ctx, websocket.MessageText, b)
	case "binary":
		return r.line.Write(ctx, websocket.MessageBinary, []byte(s.text))
	case "times":
		n, err := strconv.Atoi(s.text)
		r.times = n
		return err
	case "pass":
		n, err := strconv.Atoi(s.text)
		r.w.clock.Advance(time.Duration(n) * time.Millisecond)
		return err
	default:
		ok, err := r.w.act(ctx, r.t, s.verb, s.text)
		if !ok {
			return errors.New("this line is not understood")
		}
		return err
	}
	return nil
}

// rawFrame reads a frame that no sound client sends: JSON as it stands, a Go string in
// quotes, or a shape by name.
func rawFrame(text string) ([]byte, error) {
	var n int
	if _, err := fmt.Sscanf(text, "nested %d", &n); err == nil {
		return []byte(`{"type":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}"), nil
	}
	if _, err := fmt.Sscanf(text, "bytes %d", &n); err == nil {
		b := []byte(`{"type":"hello","client":""}`)
		return append(append(b[:len(b)-2:len(b)-2], strings.Repeat("x", n-len(b))...), `"}`...), nil
	}
	if _, err := fmt.Sscanf(text, "cursors %d", &n); err == nil {
		list := strings.TrimSuffix(strings.Repeat(`"AAAAAAAAAAAAAAAAAAAAAA",`, n), ",")
		return []byte(`{"type":"receipt","id":"many","state":"displayed","cursors":[` + list + `]}`), nil
	}
	if strings.HasPrefix(text, `"`) {
		s, err := strconv.Unquote(text)
		return []byte(s), err
	}
	return []byte(text), nil
}

func (r *replay) open(ctx context.Context, how string) error {
	subprotocol, origin := protocol.Subprotocol, "http://"+r.w.addr
	if r.s.ticket {
		origin = ""
	}
	if s, ok := strings.CutPrefix(how, "speaking "); ok {
		subprotocol = s
	}
	if o, ok := strings.CutPrefix(how, "from "); ok {
		origin = strings.TrimPrefix(o, "nowhere")
	}
	ws, err := r.w.dial(ctx, r.s.as, subprotocol, origin, !r.s.ticket)
	if _, ok := errors.AsType[refused](err); ok {
		r.refused = err
		return nil
	}
	if err != nil {
		return err
	}
	r.t.Cleanup(func() { _ = ws.CloseNow() })
	l := &line{Conn: ws, frames: make(chan []byte, 1024)}
	r.line = l
	go func() {
		defer close(l.frames)
		for {
			_, b, err := ws.Read(context.Background())
			if err != nil {
				l.ended = err
				return
			}
			l.frames <- b
		}
	}()
	return nil
}

// next returns the next frame; nil when the connection has ended. Beats and presence are
// passed over unless they are wanted.
func (r *replay) next(wanted map[string]bool) (any, error) {
	late := time.After(patience)
	again := time.NewTicker(1500 * time.Millisecond)
	defer again.Stop()
	for advances := 0; ; {
		select {
		case b, ok := <-r.line.frames:
			if !ok {
				return nil, nil
			}
			v, err := unmarshal(b)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", b, err)
			}
			if kind := typeOf(v); (kind == "beat" || kind == "presence") && !wanted[kind] {
				continue
			} else if kind == "typing" && r.line.again(v, b) {
				continue
			}
			return v, nil
		case <-again.C:
			// The first beat of a connection comes at a random moment within the first interval
			// after the hub has noticed it: that may be only now.
			if wanted["beat"] && advances < 2 {
				advances++
				r.w.clock.Advance(20 * time.Second)
			}
		case <-late:
			return nil, errors.New("nothing came")
		}
	}
}

// again reports whether a typing frame says what was said of somebody before: it is said
// every 5 s.
func (l *line) again(frame any, text []byte) bool {
	f := frame.(map[string]any)
	who, _ := f["who"].(map[string]any)
	before := l.typing[who["id"]]
	if l.typing == nil {
		l.typing = map[any]string{}
	}
	l.typing[who["id"]] = string(text)
	return before == string(text)
}

func typeOf(frame any) string {
	f, _ := frame.(map[string]any)
	kind, _ := f["type"].(string)
	return kind
}

// expect takes an S line and the & lines that follow it.
func (r *replay) expect() error {
	var wants []any
	wanted := map[string]bool{}
	for first := true; first || r.at+1 < len(r.s.steps) && r.s.steps[r.at+1].verb == "&"; first = false {
		if !first {
			r.at++
		}
		w, err := unmarshal([]byte(r.s.steps[r.at].text))
		if err != nil {
			return err
		}
		wants = append(wants, w)
		wanted[typeOf(w)] = true
	}
	for len(wants) > 0 {
		got, err := r.next(wanted)
		if err != nil {
			return err
		}
		if got == nil {
			return fmt.Errorf("the connection ended instead: %w", r.line.ended)
		}
		i, err := r.w.bound.matchAny(wants, got)
		if err != nil {
			return fmt.Errorf("%w\ngot %s", err, written(got))
		}
		wants = append(wants[:i], wants[i+1:]...)
	}
	return nil
}

func (r *replay) expectClose(code string) error {
	got, err := r.next(nil)
	if err != nil {
		return err
	}
	if got != nil {
		return fmt.Errorf("a frame came before the close: %s", written(got))
	}
	if is := strconv.Itoa(int(websocket.CloseStatus(r.line.ended))); is != code {
		return fmt.Errorf("closed with %s: %w", is, r.line.ended)
	}
	r.line = nil
	return nil
}

// finish makes sure that nothing came that is not written: a command that is always
// answered must be answered next.
func (r *replay) finish() {
	if r.line == nil {
		return
	}
	const fence = `{"type":"unwatch","id":"fence","test":"none"}`
	if err := r.line.Write(r.t.Context(), websocket.MessageText, []byte(fence)); err != nil {
		r.t.Fatalf("at the end: %v", err)
	}
	got, err := r.next(nil)
	f, _ := got.(map[string]any)
	if err != nil || f["id"] != "fence" {
		r.t.Errorf("at the end: %s (%v), which the transcript does not have", written(got), err)
	}
}

func written(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
