package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/oasdiff/yaml"
	"github.com/redis/go-redis/v9"

	"crier/internal/testkit"
)

const redisPassword = "redispasswordcanary"

// composedRedis starts Redis with the settings of compose.yaml: what a node may not do there
// fails here.
func composedRedis(t *testing.T) *testkit.RedisServer {
	t.Helper()
	text, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services struct {
			Redis struct{ Command []string }
		}
	}
	if _, err := yaml.Unmarshal(text, &compose, yaml.DecodeOpts{}); err != nil {
		t.Fatal(err)
	}
	server := testkit.StartRedis(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close() //nolint:errcheck // it has done its work
	users := 0
	for words := compose.Services.Redis.Command; ; users++ {
		at := slices.Index(words, "--user")
		if at < 0 {
			break
		}
		words = words[at+1:]
		end := len(words)
		if next := slices.Index(words, "--user"); next >= 0 {
			end = next
		}
		if words[0] == "default" { // the test's harness is this one
			continue
		}
		set := []any{"ACL", "SETUSER"}
		for _, word := range words[:end] {
			set = append(set, strings.ReplaceAll(word, "${REDIS_PASSWORD:?set it in .env}", redisPassword))
		}
		if err := client.Do(t.Context(), set...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if users != 2 {
		t.Fatalf("compose.yaml has %d users", users)
	}
	return server
}

// TestRedisIsNotBelieved: somebody who may publish on the nodes' channels, and hears what nodes
// say there, puts nothing on any screen; the true sendings come, and their receipts count.
func TestRedisIsNotBelieved(t *testing.T) {
	redisServer := composedRedis(t)
	w := buildWith(t, testkit.Postgres(t), 20, redisServer, "crier:"+redisPassword+"@"+redisServer.Addr())
	screens := w.screens()
	w.degraded("0", limit)
	attacker := redis.NewClient(&redis.Options{Addr: redisServer.Addr(), Username: "crier", Password: redisPassword})
	defer attacker.Close() //nolint:errcheck // it only attacks
	every := redis.NewClient(&redis.Options{Addr: redisServer.Addr()})
	defer every.Close() //nolint:errcheck // it only looks
	channels, err := every.PubSubShardChannels(t.Context(), "*").Result()
	if err != nil || len(channels) == 0 {
		t.Fatal(channels, err)
	}
	heard := attacker.SSubscribe(t.Context(), channels...)
	defer heard.Close() //nolint:errcheck // it only listens
	tape := heard.Channel(redis.WithChannelSize(10_000))

	w.mustSend(w.nodes[0], "before-the-attack")
	w.reached(screens, limit)
	bell, signed := "", map[string]string{} // the last true bell, and every letter by its text
	testkit.Eventually(t, limit, "a bell with its entry", func() error {
		for {
			select {
			case m := <-tape:
				signed[m.Payload] = m.Channel
				if strings.Contains(m.Payload, `"k":"bell"`) && strings.Contains(m.Payload, `"e":{`) {
					bell = m.Payload
				}
			default:
				if bell == "" {
					return fmt.Errorf("heard %d letters", len(signed))
				}
				return nil
			}
		}
	})
	publish := func(channel, text string) {
		t.Helper()
		if err := attacker.SPublish(t.Context(), channel, text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	var letter map[string]any
	if err := json.Unmarshal([]byte(bell[strings.Index(bell, "{"):]), &letter); err != nil {
		t.Fatal(err)
	}
	letter["h"] = letter["h"].(float64) + 1
	letter["s"] = 1 << 40
	letter["e"].(map[string]any)["Offset"] = letter["h"]
	head := bell[:strings.Index(bell, "{")]
	for _, change := range []map[string]any{
		{},
		{"k": "signal", "q": 1, "f": item{"type": "message", "message": item{"subject": "forged"}}},
		{"k": "signal", "t": []string{"staff"}, "f": item{"type": "resync"}},
		{"k": "presence", "w": true, "p": []int{999}},
	} {
		for k, v := range change {
			letter[k] = v
		}
		text, err := json.Marshal(letter)
		if err != nil {
			t.Fatal(err)
		}
		for _, channel := range channels {
			publish(channel, string(text))
			publish(channel, head+string(text))
			publish(channel, head+strings.Replace(bell[len(head):], "before-the-attack", "forged-by-attack!", 1))
		}
	}
	for payload, channel := range signed {
		publish(channel, payload) // again
		publish(channels[0], payload)
	}
	for i := range 2000 {
		publish(channels[i%len(channels)], strings.Repeat("rubbish ", i%50))
	}
	before := make([]int, len(w.nodes))
	for i, n := range w.nodes {
		before[i] = strings.Count(n.Log(), "\n")
		testkit.Eventually(t, limit, "letters are refused", func() error {
			page, err := get(t.Context(), n.admin+"/metrics")
			if err != nil {
				return err
			}
			if strings.Contains(page, "crier_letters_refused_total 0\n") {
				return fmt.Errorf("none at %s", n.base)
			}
			return nil
		})
		if lines := strings.Count(n.Log(), "letter between nodes refused"); lines > 2 {
			t.Errorf("node %d wrote %d lines about refused letters", i, lines)
		}
	}
	for i := range 3 {
		w.mustSend(w.nodes[i%2], fmt.Sprint("after-the-attack-", i))
	}
	w.reached(screens, limit)
	for _, s := range screens {
		for _, subject := range s.subjects() {
			if strings.Contains(subject, "forged") {
				t.Errorf("%s shows %q", s.person, subject)
			}
		}
	}
	w.verify(screens)
	for _, s := range screens[:3] { // they acknowledge all four
		for n := range 4 {
			s.say(t, item{"type": "receipt", "state": "acknowledged", "cursors": []string{s.nth(t, n).ID}})
		}
	}
	var board struct {
		Broadcasts []struct {
			Subject string
			Counts  struct{ Recipients, Acknowledged int }
		}
	}
	testkit.Eventually(t, limit, "receipts count for the true sendings", func() error {
		w.call(w.nodes[0], w.key, http.MethodGet, "/tests/"+w.test+"/broadcasts?limit=10", nil, &board)
		for _, b := range board.Broadcasts {
			if b.Counts.Acknowledged != 3 {
				return fmt.Errorf("%s: %d, not 3", b.Subject, b.Counts.Acknowledged)
			}
		}
		return nil
	})
	if len(board.Broadcasts) != 4 {
		t.Errorf("the board shows %d sendings", len(board.Broadcasts))
	}
}
