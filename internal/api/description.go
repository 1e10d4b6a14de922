package api

import (
	"bytes"
	_ "embed" // openapi.yaml and the page made from it
	"encoding/json"
	"fmt"
	"html/template"
	"sort"
	"strings"

	"github.com/oasdiff/yaml"
)

//go:embed openapi.yaml
var openAPISource []byte

//go:embed docs.html
var docsSource string

//go:embed docs.css
var docsCSS []byte

// description is openapi.yaml in the forms it is served in.
type description struct {
	json  *file
	page  *file
	style *file
}

func readDescription() (*description, error) {
	b, err := yaml.YAMLToJSON(openAPISource)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	t, err := template.New("docs").Parse(docsSource)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := t.Execute(&page, summarise(doc)); err != nil {
		return nil, fmt.Errorf("write the readable page: %w", err)
	}
	return &description{
		json:  newFile("application/json", b),
		page:  newFile("text/html; charset=utf-8", page.Bytes()),
		style: newFile("text/css; charset=utf-8", docsCSS),
	}, nil
}

func (s *Server) openAPI(x *exchange) error   { return x.file(s.spec.json) }
func (s *Server) docs(x *exchange) error      { return x.file(s.spec.page) }
func (s *Server) docsStyle(x *exchange) error { return x.file(s.spec.style) }

// The readable page's parts.
type (
	pageDoc struct {
		Title, About string
		Groups       []pageGroup
	}
	pageGroup struct {
		Name, About string
		Operations  []pageOperation
	}
	pageOperation struct {
		ID, Method, Path, Summary, About string
		Open                             bool // needs no sign-in
		Parameters                       []pageField
		Body                             []pageField
		Answers                          []pageAnswer
	}
	pageAnswer struct {
		Status, About string
		Fields        []pageField
	}
	pageField struct {
		Name, Type, About string
		Needed            bool
	}
)

// object is a node of the description.
type object = map[string]any

func summarise(doc object) pageDoc {
	info := doc["info"].(object)
	out := pageDoc{Title: str(info["title"]), About: str(info["description"])}
	groups := map[string][]pageOperation{}
	for path, item := range doc["paths"].(object) {
		for method, raw := range item.(object) {
			op := raw.(object)
			p := pageOperation{ID: str(op["operationId"]), Method: strings.ToUpper(method), Path: path, Summary: str(op["summary"]), About: str(op["description"])}
			if s, ok := op["security"].([]any); ok && len(s) == 0 {
				p.Open = true
			}
			for _, raw := range list(op["parameters"]) {
				param := resolve(doc, raw)
				about := str(param["description"])
				p.Parameters = append(p.Parameters, pageField{Name: str(param["name"]), Type: str(param["in"]) + ", " + kind(doc, param["schema"]), About: about, Needed: param["required"] == true})
			}
			if body, ok := op["requestBody"]; ok {
				p.Body = content(doc, resolve(doc, body))
			}
			responses := op["responses"].(object)
			for _, status := range keys(responses) {
				if status == "default" {
					continue
				}
				r := resolve(doc, responses[status])
				p.Answers = append(p.Answers, pageAnswer{Status: status, About: str(r["description"]), Fields: content(doc, r)})
			}
			tag := str(list(op["tags"])[0])
			groups[tag] = append(groups[tag], p)
		}
	}
	for _, raw := range list(doc["tags"]) {
		tag := raw.(object)
		ops := groups[str(tag["name"])]
		sort.Slice(ops, func(i, j int) bool {
			if ops[i].Path != ops[j].Path {
				return ops[i].Path < ops[j].Path
			}
			return ops[i].Method < ops[j].Method
		})
		out.Groups = append(out.Groups, pageGroup{Name: str(tag["name"]), About: str(tag["description"]), Operations: ops})
	}
	return out
}

// content flattens the schema of the first media type into lines.
func content(doc, of object) []pageField {
	types, _ := of["content"].(object)
	names := keys(types)
	if len(names) == 0 {
		return nil
	}
	schema := resolve(doc, types[names[0]].(object)["schema"])
	if names[0] != "application/json" {
		return []pageField{{Name: names[0], Type: kind(doc, schema)}}
	}
	var out []pageField
	flatten(doc, schema, "", 0, &out)
	return out
}

func flatten(doc, schema object, prefix string, depth int, out *[]pageField) {
	needed := map[string]bool{}
	for _, n := range list(schema["required"]) {
		needed[str(n)] = true
	}
	props, _ := schema["properties"].(object)
	for _, name := range keys(props) {
		p := resolve(doc, props[name])
		full := prefix + name
		*out = append(*out, pageField{Name: full, Type: kind(doc, p), About: str(p["description"]), Needed: needed[name]})
		if depth > 5 {
			continue
		}
		if items, ok := p["items"]; ok {
			flatten(doc, resolve(doc, items), full+"[].", depth+1, out)
		} else {
			flatten(doc, p, full+".", depth+1, out)
		}
	}
}

// kind is a schema's type in words.
func kind(doc object, schema any) string {
	s := resolve(doc, schema)
	var name string
	switch t := s["type"].(type) {
	case string:
		name = t
	case []any:
		var parts []string
		for _, p := range t {
			parts = append(parts, str(p))
		}
		name = strings.Join(parts, " or ")
	}
	if strings.HasPrefix(name, "array") {
		return "list of " + kind(doc, s["items"]) + strings.TrimPrefix(name, "array")
	}
	if f := str(s["format"]); f == "date-time" {
		name = strings.Replace(name, "string", "time", 1)
	}
	if enum := list(s["enum"]); len(enum) > 0 {
		var parts []string
		for _, e := range enum {
			parts = append(parts, fmt.Sprint(e))
		}
		name = strings.Join(parts, " | ")
	}
	return name
}

func resolve(doc object, node any) object {
	o, _ := node.(object)
	ref := str(o["$ref"])
	if ref == "" {
		return o
	}
	at := any(doc)
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(object)[part]
	}
	return at.(object)
}

func keys(o object) []string {
	out := make([]string, 0, len(o))
	for k := range o {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func list(v any) []any { l, _ := v.([]any); return l }
func str(v any) string { s, _ := v.(string); return s }
