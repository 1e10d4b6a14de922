package api

import (
	"bytes"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func document(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPISource)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDescriptionIsValid(t *testing.T) {
	if err := document(t).Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestDescriptionAndRouterAgree: every address of the router is described and
// every described address exists.
func TestDescriptionAndRouterAgree(t *testing.T) {
	var described, routed []string
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	for _, r := range (&Server{Options: Options{Roster: struct{ Roster }{}}}).routes() {
		routed = append(routed, r.method+" "+r.path)
	}
	sort.Strings(described)
	sort.Strings(routed)
	d, r := strings.Join(described, "\n"), strings.Join(routed, "\n")
	if d != r {
		t.Errorf("described:\n%s\n\nrouted:\n%s", d, r)
	}
}

func TestReadablePage(t *testing.T) {
	d, err := readDescription()
	if err != nil {
		t.Fatal(err)
	}
	page := d.page.plain
	for path, item := range document(t).Paths.Map() {
		for _, op := range item.Operations() {
			if !bytes.Contains(page, []byte("<code>"+path+"</code>")) || !bytes.Contains(page, []byte(`id="`+op.OperationID+`"`)) {
				t.Errorf("the page lacks %s %s", op.OperationID, path)
			}
		}
	}
	for _, never := range []string{"<script", "style=", "http://", "https://", "onclick"} {
		if bytes.Contains(page, []byte(never)) {
			t.Errorf("the page contains %q, which the Content-Security-Policy forbids or nobody asked for", never)
		}
	}
	for _, want := range []string{"extra_minutes", "recipients.filter.progress", "list of string"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
