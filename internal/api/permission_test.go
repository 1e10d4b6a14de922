package api_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"crier/internal/domain"
)

// who is one of each role, with the role that the permission table knows.
var who = map[string]domain.Role{
	"admin": domain.RoleAdmin, "planner": domain.RolePlanner, "chief": domain.RoleChiefInvigilator, "anna": domain.RoleInvigilator,
	"coordinator": domain.RoleCoordinator, "a1": domain.RoleCandidate, "key": domain.RoleIntegration,
}

// operation is one address with one method, and the action it is in the permission table.
type operation struct {
	method, path string // path as in openapi.yaml, with the ids of fixture.fill for its parameters
	action       domain.Action
	body         func(role string) any
	at           func(who string) string // the path for one who may, where each needs another; made just before
	kind         string                  // the body's media type, "" for JSON
	person       bool                    // of people alone: an API key may not, whatever the table says
	or           domain.Action           // another action that is enough
	everyone     bool                    // whoever has signed in
}

func (o operation) allowed(a domain.Actor) bool {
	if o.person && a.Role == domain.RoleIntegration {
		return false
	}
	return o.everyone || a.Reach(o.action) > domain.ReachNone || o.or != "" && a.Reach(o.or) > domain.ReachNone
}

// keyOf is who acts with a key that has one right alone.
func keyOf(right domain.Right) string { return "key-" + string(right) }

// asking are all who ask in the matrix: each role, and an API key with each right alone.
func asking() map[string]domain.Actor {
	out := map[string]domain.Actor{}
	for name, role := range who {
		out[name] = domain.Actor{Role: role}
		if role == domain.RoleIntegration {
			out[name] = domain.Actor{Role: role, Rights: domain.Rights}
		}
	}
	for _, right := range domain.Rights {
		out[keyOf(right)] = domain.Actor{Role: domain.RoleIntegration, Rights: []domain.Right{right}}
	}
	return out
}

// unasked are the addresses that the matrix does not hold: what is open to everyone, and
// what ends the session that asks.
var unasked = map[string]bool{
	"GET /livez": true, "GET /readyz": true, "GET /openapi.json": true, "GET /asyncapi.yaml": true, "GET /docs": true, "GET /docs.css": true,
	"POST /webhooks/twilio/{slug}/message": true, "POST /webhooks/twilio/{slug}/status": true, // they prove who calls by themselves: TestTwilio, TestKannel
	"GET /webhooks/kannel/{slug}/message": true, "POST /webhooks/kannel/{slug}/message": true, "GET /webhooks/kannel/{slug}/status": true, "POST /webhooks/kannel/{slug}/status": true,
	"GET /session/options": true, "POST /session": true, "GET /session": true, "DELETE /session": true, "GET /session/expiry": true, "POST /session/renewal": true,
	"GET /notifications/stop/{token}": true, "POST /notifications/stop/{token}": true,
	"GET /download/{token}": true, "POST /download/{token}": true, // TestDownloadLink
}

// fill puts ids of the north in the place of a path's parameters.
func (f *fixture) fill(path string) string {
	return strings.NewReplacer("{test}", f.ids["north/T1"], "{group}", f.ids["north/T1"], "{person}", f.ids["north/a1"], "{thread}", "group."+f.ids["north/T1"]).Replace(path)
}

// sameFor is a body that is the same for every role.
func sameFor(in any) func(string) any { return func(string) any { return in } }

// keyed is a body with a key of each role's own.
func keyed(name string, in item) func(string) any {
	return func(role string) any {
		out := item{"key": "matrix-" + name + "-" + role}
		for k, v := range in {
			out[k] = v
		}
		return out
	}
}

// operations is every address of the API.
func (f *fixture) operations(t *testing.T) []operation {
	t1, a1 := f.ids["north/T1"], f.ids["north/a1"]
	var made struct {
		Broadcast struct{ ID string }
		Entries   []struct{ ID string }
		Messages  []struct{ ID string }
	}
	f.must(t, "north/planner", "POST", "/tests/"+t1+"/broadcasts", item{"key": "matrix-first", "subject": "s", "body": "b", "recipients": item{"people": []string{a1}}}).into(t, &made)
	f.must(t, "north/planner", "GET", "/log?kind=broadcast.sent", nil).into(t, &made)
	f.must(t, "north/a1", "GET", "/inbox", nil).into(t, &made)
	broadcast, conversation := "/broadcasts/"+made.Broadcast.ID, "/conversations/"+a1
	// own makes something of the asking person's own and returns where it is.
	own := func(path, name string, in item) func(string) string {
		return func(who string) string {
			var out map[string]struct{ ID string }
			f.must(t, "north/"+who, "POST", path, in).into(t, &out)
			return path + "/" + out[name].ID
		}
	}
	export := own("/exports", "export", item{"people": []string{a1}})
	file := f.upload(t, "north/planner", "/conversations/"+a1)
	f.write(t, "north/planner", "a1", "with a file", item{"group": t1, "attachments": []string{file}})
	f.write(t, "north/planner", "a1", "with a copy", item{"group": t1, "channels": []string{"email"}})
	outbox := "/outbox/" + f.outbox(t, "north/planner", 1)[0].ID
	hers := f.tried(t, outbox, "a1", "by mail")
	waits, _ := f.forged(t, outbox, "evil")
	another := func(what string) string {
		path, _ := f.forged(t, outbox, what)
		return strings.TrimSuffix(path, "original") + what
	}
	push := sameFor(newBrowser(t).sub)
	return []operation{
		{method: "GET", path: "/outbox", action: domain.ActDeliveryAll},
		{method: "GET", path: outbox + "/html", action: domain.ActDeliveryAll},
		{method: "GET", path: outbox + "/raw", action: domain.ActDeliveryAll},
		{method: "POST", path: outbox + "/reply", action: domain.ActDeliveryAll, body: sameFor(item{"body": "as the recipient"})},
		{method: "POST", path: "/me/push", action: domain.ActSocketOpen, person: true, body: push},
		{method: "DELETE", path: "/me/push", action: domain.ActSocketOpen, person: true, body: push},
		{method: "GET", path: "/tests", action: domain.ActExamView},
		{method: "GET", path: "/tests/{test}", action: domain.ActExamView},
		{method: "GET", path: "/tests/{test}/candidates", action: domain.ActExamView},
		{method: "POST", path: "/tests/{test}/broadcasts/preview", action: domain.ActBroadcastSend, body: sameFor(item{"recipients": item{"filter": item{}}})},
		{method: "POST", path: "/tests/{test}/broadcasts", action: domain.ActBroadcastSend, body: keyed("send", item{"subject": "s", "body": "b", "recipients": item{"filter": item{}}})},
		{method: "GET", path: "/tests/{test}/broadcasts", action: domain.ActBroadcastView},
		{method: "POST", path: "/broadcasts/preview", action: domain.ActConversationSend, body: sameFor(item{"recipients": item{"people": []string{a1}}})},
		{method: "POST", path: "/broadcasts", action: domain.ActConversationSend, body: keyed("many", item{"subject": "s", "body": "b", "recipients": item{"people": []string{a1}}})},
		{method: "GET", path: broadcast + "/replies", action: domain.ActBroadcastView},
		{method: "GET", path: broadcast, action: domain.ActBroadcastView},
		{method: "GET", path: broadcast + "/recipients", action: domain.ActBroadcastView},
		{method: "POST", path: broadcast + "/remind", action: domain.ActBroadcastSend, body: keyed("remind", item{"missing": "displayed"})},
		{method: "GET", path: "/log", action: domain.ActRecordView},
		{method: "GET", path: "/log/" + made.Entries[0].ID, action: domain.ActRecordView},
		{method: "GET", path: "/log.csv", action: domain.ActRecordView},
		{method: "GET", path: "/log/verify", action: domain.ActRecordAll},
		{method: "GET", path: "/dashboard", action: domain.ActInboxRead},
		{method: "GET", path: "/inbox", action: domain.ActInboxRead},
		{method: "POST", path: "/receipts", action: domain.ActReceiptWrite, body: sameFor(item{"items": []item{{"id": made.Messages[0].ID, "state": "delivered"}}})},
		{method: "PUT", path: "/provisioning/people", action: domain.ActProvision, body: sameFor(item{"items": []item{{"external_id": "new", "kind": "candidate", "given_name": "New", "family_name": "Person"}}})},
		{method: "PUT", path: "/provisioning/people", action: domain.ActStaffManage, body: sameFor(item{"items": []item{{"external_id": "new-staff", "kind": "staff", "role": "planner", "given_name": "New", "family_name": "Staff"}}})},
		{method: "PUT", path: "/provisioning/tests", action: domain.ActProvision, body: sameFor(item{"items": []item{{"external_id": "T3", "name": "T3"}}})},
		{method: "PUT", path: "/provisioning/groups", action: domain.ActProvision, body: sameFor(item{"items": []item{{"external_id": "P2", "kind": "pool", "name": "P2"}}})},
		{method: "PUT", path: "/provisioning/enrolments", action: domain.ActProvision, body: sameFor(item{"items": []item{{"test": "T2", "person": "z1"}}})},
		{method: "PUT", path: "/provisioning/staff-scopes", action: domain.ActStaffManage, body: sameFor(item{"items": []item{{"person": "s-bert", "test": "T1", "rooms": []string{"B"}}}})},
		{method: "POST", path: "/provisioning/progress", action: domain.ActProvision, body: sameFor(item{"items": []item{{"test": "T1", "person": "b2", "progress": "in_progress"}}})},
		{method: "POST", path: "/provisioning/tickets", action: domain.ActTicketsMake, body: sameFor(item{"people": []string{"a1"}})},
		{method: "POST", path: "/provisioning/import", action: domain.ActProvision, kind: "text/csv", body: sameFor("test_id,test_name,candidate_id,given_name,family_name\nT2,T2,z1,z1,z1\n")},
		{method: "POST", path: "/tickets", action: domain.ActSocketOpen, person: true},
		{method: "GET", path: "/api-keys", action: domain.ActPeopleManage, person: true}, // a key makes no keys
		{method: "POST", path: "/api-keys", action: domain.ActPeopleManage, person: true, body: func(role string) any { return item{"name": "made by " + role, "rights": []string{"read"}} }},
		{method: "DELETE", path: "/api-keys/{key}", action: domain.ActPeopleManage, person: true, at: own("/api-keys", "key", item{"name": "for a moment", "rights": []string{"read"}})},
		{method: "DELETE", path: "/people/{person}/sessions", action: domain.ActPeopleManage, at: func(string) string { return "/people/" + f.ids["north/b2"] + "/sessions" }},
		{method: "POST", path: broadcast + "/told/undo", action: domain.ActBroadcastSend, body: sameFor(item{"people": []string{a1}})},
		{method: "POST", path: broadcast + "/told", action: domain.ActBroadcastSend, body: sameFor(item{"people": []string{a1}, "note": "at the desk"})},

		{method: "GET", path: "/conversations", action: domain.ActConversationView},
		{method: "GET", path: "/conversations/counts", action: domain.ActConversationView},
		{method: "GET", path: "/mentions", action: domain.ActConversationView},
		{method: "GET", path: "/search?q=canary", action: domain.ActConversationView},
		{method: "GET", path: "/conversations/{person}", action: domain.ActConversationView},
		{method: "POST", path: "/conversations/{person}/messages", action: domain.ActConversationSend, body: keyed("message", item{"body": "b", "group": t1, "take_over": true})},
		{method: "POST", path: "/conversations/{person}/notes", action: domain.ActConversationWork, body: keyed("note", item{"body": "b"})},
		{method: "POST", path: "/conversations/{person}/claim", action: domain.ActConversationWork, body: sameFor(item{"take_over": true})},
		{method: "POST", path: "/conversations/{person}/assign", action: domain.ActConversationWork, body: sameFor(item{"to": f.staffID(t, "north", "planner")})},
		{method: "POST", path: "/conversations/{person}/release", action: domain.ActConversationWork, at: func(who string) string {
			f.must(t, "north/"+who, "POST", conversation+"/claim", item{"take_over": true})
			return conversation + "/release"
		}},
		{method: "GET", path: "/channels", everyone: true},
		{method: "POST", path: "/conversations/{person}/plan", action: domain.ActConversationView, body: sameFor(item{"channels": []string{"email", "sms"}, "body": "b"})},
		{method: "GET", path: "/messages/" + made.Broadcast.ID + "/deliveries", action: domain.ActConversationView},
		{method: "GET", path: "/deliveries", action: domain.ActDeliveryManage},
		{method: "GET", path: "/unmatched", action: domain.ActDeliveryManage},
		{method: "GET", path: "/refusals", action: domain.ActDeliveryAll},
		{method: "GET", path: hers, action: domain.ActContactView},
		{method: "GET", path: hers + "/text", action: domain.ActContactView},
		{method: "GET", path: waits, action: domain.ActDeliveryManage},
		{method: "GET", path: waits + "/text", action: domain.ActDeliveryManage},
		{method: "POST", path: "/unmatched/none/assign", action: domain.ActDeliveryManage, body: sameFor(item{"person": a1}), at: func(string) string { return another("assign") }},
		{method: "POST", path: "/unmatched/discard", action: domain.ActDeliveryManage, body: sameFor(item{"ids": []string{strings.Split(waits, "/")[2]}, "note": "spam"})},
		{method: "POST", path: "/unmatched/none/discard", action: domain.ActDeliveryManage, body: sameFor(item{"note": "spam"}), at: func(string) string { return another("discard") }},
		{method: "POST", path: "/deliveries/retry", action: domain.ActDeliveryManage, body: sameFor(item{"ids": []string{"none"}})},
		{method: "GET", path: "/people/{person}/consents", action: domain.ActContactView},
		{method: "POST", path: "/people/{person}/consents", action: domain.ActConsentManage, body: sameFor(item{"channel": "sms", "state": "in", "words": "on the phone"})},
		{method: "GET", path: "/me/consents", action: domain.ActInboxRead},
		{method: "POST", path: "/me/consents", action: domain.ActInboxRead, body: sameFor(item{"channel": "sms", "state": "in"})},
		{method: "POST", path: "/conversations/actions", action: domain.ActConversationWork, body: sameFor(item{"action": "process", "people": []string{a1}})},

		{method: "POST", path: "/conversations/{person}/attachments?name=a.png", action: domain.ActConversationSend, kind: "application/octet-stream", body: sameFor(picture(t))},
		{method: "POST", path: "/inbox/attachments?name=a.png", action: domain.ActReplySend, kind: "application/octet-stream", body: sameFor(picture(t))},
		{method: "GET", path: "/attachments/" + file, action: domain.ActConversationView, or: domain.ActInboxRead},
		{method: "GET", path: "/attachments/" + file + "/preview", action: domain.ActConversationView, or: domain.ActInboxRead},
		{method: "DELETE", path: "/attachments/{attachment}", action: domain.ActConversationSend, or: domain.ActReplySend, at: func(who string) string {
			if who == "a1" {
				return "/attachments/" + f.upload(t, "north/a1", "/inbox")
			}
			return "/attachments/" + f.upload(t, "north/"+who, conversation)
		}},
		{method: "GET", path: "/conversations/{person}/documents", action: domain.ActConversationView},
		{method: "GET", path: "/conversations/{person}/transcript?format=text", action: domain.ActConversationExport},
		{method: "GET", path: "/exports", action: domain.ActConversationExport},
		{method: "POST", path: "/exports", action: domain.ActConversationExport, body: sameFor(item{"people": []string{a1}})},
		{method: "GET", path: "/exports/{export}", action: domain.ActConversationExport, at: export},
		{method: "DELETE", path: "/exports/{export}", action: domain.ActConversationExport, at: export},
		{method: "GET", path: "/exports/{export}/file", action: domain.ActConversationExport, at: func(who string) string { return f.exported(t, "north/"+who, export(who)) + "/file" }},
		{method: "GET", path: "/inbox/threads", action: domain.ActReplySend},
		{method: "POST", path: "/inbox/messages", action: domain.ActReplySend, body: keyed("reply", item{"body": "b"})},

		{method: "GET", path: "/groups", action: domain.ActPeopleView},
		{method: "GET", path: "/groups/{group}", action: domain.ActPeopleView},
		{method: "GET", path: "/people", action: domain.ActPeopleView},
		{method: "GET", path: "/people/facets", action: domain.ActPeopleView},
		{method: "GET", path: "/people/{person}", action: domain.ActPeopleView},

		{method: "GET", path: "/colleagues", action: domain.ActTeamChat},
		{method: "GET", path: "/team", action: domain.ActTeamChat},
		{method: "GET", path: "/team/{thread}", action: domain.ActTeamChat},
		{method: "POST", path: "/team/{thread}/messages", action: domain.ActTeamChat, body: keyed("team", item{"body": "b"})},
		{method: "POST", path: "/team/{thread}/read", action: domain.ActTeamChat},

		{method: "GET", path: "/settings", action: domain.ActSettingsManage},
		{method: "PATCH", path: "/settings", action: domain.ActSettingsManage, body: sameFor(item{"test_replies": true, "candidates_start": true})},
		{method: "GET", path: "/canned-replies", action: domain.ActConversationWork},
		{method: "POST", path: "/canned-replies", action: domain.ActConversationWork, body: sameFor(item{"title": "t", "body": "b", "shared": false})},
		{method: "POST", path: "/canned-replies", action: domain.ActCannedShare, body: sameFor(item{"title": "t", "body": "b", "shared": true})},
		{method: "PUT", path: "/canned-replies/{reply}", action: domain.ActConversationWork, body: sameFor(item{"title": "t", "body": "c", "shared": false}), at: own("/canned-replies", "canned_reply", item{"title": "t", "body": "b", "shared": false})},
		{method: "DELETE", path: "/canned-replies/{reply}", action: domain.ActConversationWork, at: own("/canned-replies", "canned_reply", item{"title": "t", "body": "b", "shared": false})},
		{method: "GET", path: "/views", action: domain.ActConversationView, person: true},
		{method: "POST", path: "/views", action: domain.ActConversationView, person: true, body: func(role string) any { return item{"name": "of " + role, "query": "folder=unread"} }},
		{method: "DELETE", path: "/views/{view}", action: domain.ActConversationView, person: true, at: own("/views", "view", item{"name": "for a moment", "query": "folder=unread"})},
		{method: "GET", path: "/me/preferences", action: domain.ActSocketOpen},
		{method: "PUT", path: "/me/preferences", action: domain.ActSocketOpen, body: sameFor(item{"enter_sends": true})},

		{method: "GET", path: "/schedule", action: domain.ActScheduleView},
		{method: "POST", path: "/schedule/{group}/question", action: domain.ActReplySend, body: keyed("question", item{"body": "b"})},
		{method: "POST", path: "/schedule/{group}/unavailable", action: domain.ActReplySend, body: keyed("unavailable", item{"body": "b"}), at: func(string) string { return "/schedule/" + f.ids["north/S1"] + "/unavailable" }},
		{method: "POST", path: "/groups/{group}/assignments/{person}/delete", action: domain.ActAssignmentManage, body: sameFor(item{}), at: func(string) string { return f.assignment(t) }},
		{method: "POST", path: "/deletions/{deletion}/undo", action: domain.ActAssignmentManage, at: func(string) string { return "/deletions/" + f.deletion(t).ID + "/undo" }},
		{method: "POST", path: "/people/{person}/unavailable", action: domain.ActAssignmentManage, body: sameFor(item{"starts_at": "2190-01-01T09:00:00Z", "ends_at": "2190-01-01T10:00:00Z"})},
		{method: "PUT", path: "/groups/" + t1 + "/reply-time", action: domain.ActGroupManage, body: sameFor(item{"reply_minutes": 60})},
		{method: "DELETE", path: "/people/{person}/unavailable/{id}", action: domain.ActAssignmentManage, at: func(string) string { return "/people/" + a1 + "/unavailable/" + f.deletion(t).Unavailable }},
	}
}

// picture is the smallest that has a preview.
func picture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// upload takes a picture in as who, below a path, and returns its id.
func (f *fixture) upload(t *testing.T, who, below string) string {
	t.Helper()
	a := f.send(t, f.token(t, who), "POST", below+"/attachments?name=a.png", "application/octet-stream", []byte(picture(t)))
	if a.status != 201 {
		t.Fatalf("upload as %s: %d %s", who, a.status, a.body)
	}
	var out struct{ Attachment struct{ ID string } }
	a.into(t, &out)
	return out.Attachment.ID
}

// exported returns the path once the export there is ready.
func (f *fixture) exported(t *testing.T, who, path string) string {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		var out struct{ Export struct{ State string } }
		if f.must(t, who, "GET", path, nil).into(t, &out); out.Export.State == "ready" {
			return path
		}
	}
	t.Fatal("the export does not get ready")
	return ""
}

// assignment assigns a1 to the shift S1, and returns where that is deleted.
func (f *fixture) assignment(t *testing.T) string {
	t.Helper()
	f.must(t, "north/key", "PUT", "/provisioning/enrolments", item{"items": []item{{"group": "S1", "kind": "activity", "person": "a1", "state": "assigned"}}})
	return "/groups/" + f.ids["north/S1"] + "/assignments/" + f.ids["north/a1"] + "/delete"
}

type deletion struct{ ID, Unavailable string }

// deletion deletes the assignment of a1 to S1.
func (f *fixture) deletion(t *testing.T) deletion {
	t.Helper()
	var out struct{ Deletion deletion }
	f.must(t, "north/planner", "POST", f.assignment(t), item{"set_unavailable": true}).into(t, &out)
	return out.Deletion
}

// TestPermissionMatrix asks every address as every role and with an API key of each right:
// the answer is 401 without a sign-in, 403 where the permission table says no, else success.
// No address is left out.
func TestPermissionMatrix(t *testing.T) { both(t, testMatrix) }

func testMatrix(t *testing.T, f *fixture) {
	f.openReplies(t, "north")
	for _, right := range domain.Rights {
		f.tokens["north/"+keyOf(right)] = f.key(t, "north/admin", item{"name": keyOf(right), "rights": []domain.Right{right}}).Secret
	}
	asked := map[string]bool{}
	for _, o := range f.operations(t) {
		path := f.fill(o.path)
		call := func(name, path string) answer {
			token := f.token(t, name)
			_, role, _ := strings.Cut(name, "/")
			if o.body == nil {
				return f.send(t, token, o.method, path, "", nil)
			}
			if text, ok := o.body(role).(string); ok {
				return f.send(t, token, o.method, path, o.kind, []byte(text))
			}
			return f.send(t, token, o.method, path, "application/json", toJSON(t, o.body(role)))
		}
		asked[f.described(t, o.method, path)] = true
		if a := call("", path); a.status != 401 {
			t.Errorf("%s %s without signing in: %d %s", o.method, path, a.status, a.body)
		}
		for name, actor := range asking() {
			at := path
			if o.allowed(actor) && o.at != nil {
				at = o.at(name)
			}
			a := call("north/"+name, at)
			switch {
			case o.allowed(actor) && a.status >= 300:
				t.Errorf("%s %s as %s: %d %s; the table allows it", o.method, at, name, a.status, a.body)
			case !o.allowed(actor) && a.status != 403:
				t.Errorf("%s %s as %s: %d %s; want 403", o.method, at, name, a.status, a.body)
			}
		}
	}
	for name := range f.addresses(t) {
		if !asked[name] && !unasked[name] {
			t.Errorf("%s stands in no row of the matrix: add it to operations", name)
		}
	}
}

// TestScopes: an invigilator reaches the own rooms of the own tests, a chief the whole
// of the own tests, and nobody learns that more exists.
func TestScopes(t *testing.T) {
	f := start(t, nil)
	t1, t2 := f.ids["north/T1"], f.ids["north/T2"]
	for _, c := range []struct {
		who, test string
		status    int
		total     int
	}{
		{"anna", t1, 200, 2}, {"bert", t1, 200, 2}, {"chief", t1, 200, 4}, {"planner", t1, 200, 4}, {"planner", t2, 200, 1},
		{"anna", t2, 404, 0}, {"chief", t2, 404, 0}, {"anna", "no-such-test", 404, 0},
	} {
		a := f.call(t, "north/"+c.who, "GET", "/tests/"+c.test+"/candidates", nil)
		var page struct{ Total int }
		a.into(t, &page)
		if a.status != c.status || page.Total != c.total {
			t.Errorf("%s sees %d candidates of %s (%d), want %d (%d)", c.who, page.Total, c.test, a.status, c.total, c.status)
		}
	}
	var list struct{ Tests []struct{ ID string } }
	f.must(t, "north/anna", "GET", "/tests", nil).into(t, &list)
	if len(list.Tests) != 1 || list.Tests[0].ID != t1 {
		t.Errorf("anna's tests: %+v", list.Tests)
	}

	// A sending of the chief to all rooms, seen by anna, is one to room A.
	var out struct{ Broadcast struct{ ID string } }
	f.must(t, "north/chief", "POST", "/tests/"+t1+"/broadcasts", item{"key": "scopes-chief", "subject": "s", "body": "b", "recipients": item{"filter": item{}}}).into(t, &out)
	a := f.must(t, "north/anna", "GET", "/broadcasts/"+out.Broadcast.ID+"/recipients", nil)
	if strings.Contains(string(a.body), canary("north", "b1")) || !strings.Contains(string(a.body), canary("north", "a1")) {
		t.Errorf("anna's board of it: %s", a.body)
	}
	// One to room B alone does not exist for her.
	f.must(t, "north/bert", "POST", "/tests/"+t1+"/broadcasts", item{"key": "scopes-bert", "subject": "for B", "body": "b", "recipients": item{"filter": item{}}}).into(t, &out)
	if a := f.call(t, "north/anna", "GET", "/broadcasts/"+out.Broadcast.ID, nil); a.status != 404 {
		t.Errorf("anna sees a sending to room B: %d %s", a.status, a.body)
	}
	if a := f.must(t, "north/anna", "GET", "/log", nil); strings.Contains(string(a.body), "for B") || strings.Contains(string(a.body), canary("north", "b1")) {
		t.Errorf("anna's log: %s", a.body)
	}
}

// TestOrganisationsAreSeparate: nothing of the south appears in any answer to anyone
// of the north, and the south's ids open nothing there.
func TestOrganisationsAreSeparate(t *testing.T) {
	f := start(t, nil)
	send := func(slug string) string {
		var out struct{ Broadcast struct{ ID string } }
		f.must(t, slug+"/planner", "POST", "/tests/"+f.ids[slug+"/T1"]+"/broadcasts", item{"key": "separate-1", "subject": canary(slug, "subject"), "body": canary(slug, "body"), "recipients": item{"filter": item{}}}).into(t, &out)
		return out.Broadcast.ID
	}
	north, south := send("north"), send("south")
	south1 := f.ids["south/T1"]
	var log struct{ Entries []struct{ ID string } }
	f.must(t, "south/planner", "GET", "/log", nil).into(t, &log)

	for name := range who {
		as := "north/" + name
		for _, path := range []string{
			"/session", "/tests", "/tests/" + f.ids["north/T1"], "/tests/" + f.ids["north/T1"] + "/candidates", "/tests/" + f.ids["north/T1"] + "/broadcasts",
			"/broadcasts/" + north, "/broadcasts/" + north + "/recipients", "/log", "/log.csv", "/dashboard", "/inbox", "/api-keys",
			"/tests/" + south1, "/tests/" + south1 + "/candidates", "/tests/" + south1 + "/broadcasts", "/broadcasts/" + south, "/broadcasts/" + south + "/recipients",
			"/log/" + log.Entries[0].ID, "/inbox?test=" + south1, "/log?test=" + south1,
		} {
			a := f.call(t, as, "GET", path, nil)
			if strings.Contains(string(a.body), "SOUTH") {
				t.Errorf("GET %s as %s tells of the south: %s", path, as, a.body)
			}
			if foreign := strings.Contains(path, "/"+south1) || strings.Contains(path, south) || strings.Contains(path, log.Entries[0].ID); foreign && a.status < 400 {
				t.Errorf("GET %s as %s: %d %s", path, as, a.status, a.body)
			}
		}
		a := f.call(t, as, "POST", "/tests/"+south1+"/broadcasts", item{"key": "separate-" + name, "subject": "s", "body": "b", "recipients": item{"filter": item{}}})
		if a.status != 404 && a.status != 403 {
			t.Errorf("%s sends to the south: %d %s", as, a.status, a.body)
		}
		a = f.call(t, as, "POST", "/tests/"+f.ids["north/T1"]+"/broadcasts", item{"key": "separate-p-" + name, "subject": "s", "body": "b", "recipients": item{"people": []string{f.ids["south/a1"]}}})
		if a.status < 400 {
			t.Errorf("%s sends to a candidate of the south: %d %s", as, a.status, a.body)
		}
	}
	// A candidate sees their own messages and no one else's name.
	a := f.must(t, "north/a1", "GET", "/inbox", nil)
	if !strings.Contains(string(a.body), canary("north", "body")) {
		t.Errorf("a1's inbox lacks the message: %s", a.body)
	}
	for id := range seats {
		if id != "a1" && strings.Contains(string(a.body), canary("north", id)) {
			t.Errorf("a1's inbox names %s: %s", id, a.body)
		}
	}
	// The log of the server holds no text, name, address or secret of anyone.
	logs := f.logs.String()
	for _, secret := range []string{canary("north", "body"), canary("south", "subject"), canary("north", "a1"), password, f.tokens["north/key"], f.token(t, "north/a1")} {
		if strings.Contains(logs, secret) {
			t.Errorf("the server's log holds %q", secret)
		}
	}
}

// TestForeignIDs: the ids of everything that the south has open nothing in the north, in
// any address, and change nothing in the south.
func TestForeignIDs(t *testing.T) {
	f := start(t, nil)
	f.openReplies(t, "south")
	a1, s1, t1 := f.ids["south/a1"], f.ids["south/S1"], f.ids["south/T1"]
	planner := f.staffID(t, "south", "planner")
	ids := map[string]bool{planner: true, f.staffID(t, "south", "anna"): true}
	for name, id := range f.ids {
		if strings.HasPrefix(name, "south/") {
			ids[id] = true
		}
	}
	keep := func(a answer) answer {
		for _, id := range quotedIDs(string(a.body)) {
			ids[id] = true
		}
		return a
	}
	var made struct {
		Note     struct{ ID string }
		Deletion deletion
		Reply    struct{ ID string } `json:"canned_reply"`
		View     struct{ ID string }
		Export   struct{ ID string }
	}
	as := "south/planner"
	file := f.upload(t, as, "/conversations/"+a1)
	ids[file] = true
	keep(f.must(t, as, "POST", "/conversations/"+a1+"/messages", item{"key": "south-message-1", "body": canary("south", "message"), "attachments": []string{file}}))
	keep(f.must(t, as, "POST", "/conversations/"+a1+"/notes", item{"key": "south-note-0001", "body": canary("south", "note")})).into(t, &made)
	keep(f.must(t, as, "POST", "/tests/"+t1+"/broadcasts", item{"key": "south-sending-1", "subject": canary("south", "s"), "body": "b", "recipients": item{"filter": item{}}}))
	keep(f.must(t, as, "POST", "/groups/"+s1+"/assignments/"+a1+"/delete", item{"set_unavailable": true})).into(t, &made)
	keep(f.must(t, as, "POST", "/canned-replies", item{"title": canary("south", "canned"), "body": "b", "shared": true})).into(t, &made)
	keep(f.must(t, as, "POST", "/views", item{"name": canary("south", "view"), "query": "folder=unread"})).into(t, &made)
	keep(f.must(t, as, "POST", "/exports", item{"people": []string{a1}})).into(t, &made)
	f.exported(t, as, "/exports/"+made.Export.ID)
	for _, path := range []string{"/conversations", "/conversations/" + a1, "/log", "/team", "/groups", "/people"} {
		keep(f.must(t, as, "GET", path, nil))
	}
	var before, after struct{ Entries int }
	f.must(t, as, "GET", "/log/verify", nil).into(t, &before)

	for name, parameters := range f.addresses(t) {
		path, get := strings.CutPrefix(name, "GET ")
		if !get || len(parameters) == 0 {
			continue
		}
		for _, filled := range fillAll(path, parameters, ids) {
			for _, who := range []string{"admin", "coordinator", "a1"} {
				if a := f.call(t, "north/"+who, "GET", filled, nil); a.status < 400 || strings.Contains(string(a.body), "SOUTH") {
					t.Errorf("GET %s as %s: %d %s", filled, who, a.status, a.body)
				}
			}
		}
	}
	own := f.ids["north/a1"]
	for _, who := range []string{"admin", "planner", "coordinator", "key", "a1"} {
		for _, c := range []struct {
			method, path string
			body         any
		}{
			{"POST", "/conversations/" + a1 + "/messages", item{"key": "foreign-0001", "body": "b"}},
			{"POST", "/conversations/" + own + "/messages", item{"key": "foreign-0002", "body": "b", "group": t1}},
			{"POST", "/conversations/" + own + "/messages", item{"key": "foreign-0003", "body": "b", "attachments": []string{file}}},
			{"POST", "/conversations/" + own + "/messages", item{"key": "foreign-0004", "body": "b", "seen": made.Note.ID}},
			{"POST", "/conversations/" + a1 + "/notes", item{"key": "foreign-0005", "body": "b"}},
			{"POST", "/conversations/" + own + "/notes", item{"key": "foreign-0006", "body": "b", "mentions": []string{planner}}},
			{"POST", "/conversations/" + a1 + "/claim", item{"take_over": true}},
			{"POST", "/conversations/" + a1 + "/release", nil},
			{"POST", "/conversations/" + own + "/assign", item{"to": planner}},
			{"POST", "/conversations/actions", item{"action": "archive", "people": []string{own, a1}}},
			{"POST", "/conversations/actions", item{"action": "read", "people": []string{a1}}},
			{"POST", "/exports", item{"people": []string{own, a1}}},
			{"DELETE", "/exports/" + made.Export.ID, nil},
			{"DELETE", "/attachments/" + file, nil},
			{"POST", "/groups/" + s1 + "/assignments/" + a1 + "/delete", item{}},
			{"POST", "/groups/" + f.ids["north/S1"] + "/assignments/" + a1 + "/delete", item{}},
			{"POST", "/groups/" + s1 + "/assignments/" + own + "/delete", item{}},
			{"POST", "/deletions/" + made.Deletion.ID + "/undo", nil},
			{"POST", "/people/" + a1 + "/unavailable", item{"starts_at": "2190-01-01T09:00:00Z", "ends_at": "2190-01-01T10:00:00Z"}},
			{"PUT", "/groups/" + s1 + "/reply-time", item{"reply_minutes": 60}},
			{"DELETE", "/people/" + a1 + "/unavailable/" + made.Deletion.Unavailable, nil},
			{"DELETE", "/people/" + own + "/unavailable/" + made.Deletion.Unavailable, nil},
			{"PUT", "/canned-replies/" + made.Reply.ID, item{"title": "t", "body": "b", "shared": true}},
			{"DELETE", "/canned-replies/" + made.Reply.ID, nil},
			{"DELETE", "/views/" + made.View.ID, nil},
			{"POST", "/team/direct." + planner + "/messages", item{"key": "foreign-0007", "body": "b"}},
			{"POST", "/team/group." + t1 + "/messages", item{"key": "foreign-0008", "body": "b"}},
			{"POST", "/team/group." + t1 + "/read", nil},
			{"POST", "/broadcasts", item{"key": "foreign-0009", "subject": "s", "body": "b", "group": t1, "recipients": item{"filter": item{}}}},
			{"POST", "/broadcasts", item{"key": "foreign-0010", "subject": "s", "body": "b", "recipients": item{"people": []string{a1}}}},
			{"POST", "/inbox/messages", item{"key": "foreign-0011", "body": "b", "group": t1}},
			{"POST", "/inbox/messages", item{"key": "foreign-0012", "body": "b", "attachments": []string{file}}},
			{"POST", "/schedule/" + s1 + "/question", item{"key": "foreign-0013", "body": "b"}},
			{"POST", "/schedule/" + s1 + "/unavailable", item{"key": "foreign-0014", "body": "b"}},
			{"DELETE", "/people/" + a1 + "/sessions", nil},
		} {
			if a := f.call(t, "north/"+who, c.method, c.path, c.body); a.status < 400 || strings.Contains(string(a.body), "SOUTH") {
				t.Errorf("%s %s %v as %s: %d %s", c.method, c.path, c.body, who, a.status, a.body)
			}
		}
	}
	if f.must(t, as, "GET", "/log/verify", nil).into(t, &after); after != before {
		t.Errorf("the south's journal had %d entries and has %d", before.Entries, after.Entries)
	}
	for _, path := range []string{"/conversations", "/people", "/groups", "/search?q=canary", "/colleagues", "/canned-replies", "/views", "/exports", "/team", "/settings", "/people/facets", "/conversations/counts", "/mentions"} {
		for _, who := range []string{"admin", "planner", "key"} {
			if a := f.call(t, "north/"+who, "GET", path, nil); strings.Contains(string(a.body), "SOUTH") {
				t.Errorf("GET %s as %s: %s", path, who, a.body)
			}
		}
	}
}
