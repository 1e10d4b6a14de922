package mailin

import (
	"mime"
	"strings"
)

// parameters reads a field like Content-Type (RFC 2045 section 5.1), leniently: values without
// quotes hold spaces and bytes beyond ASCII, a parameter comes twice (the first counts), the value
// itself is missing. value is in lower case, "" if there is none; keys are in lower case.
func parameters(field string) (value string, params map[string]string) {
	if strings.HasPrefix(strings.TrimSpace(field), "=?") {
		field = decodeWords(field)
	}
	field = mendUTF8([]byte(field))
	pieces := split(field)
	if len(pieces) > 0 && !strings.Contains(pieces[0], "=") {
		value = strings.ToLower(strings.TrimSpace(pieces[0]))
		pieces = pieces[1:]
	}
	plain := map[string]string{}
	strict := strings.Builder{} // what RFC 2231 has to put together again, in the form of the standard
	strict.WriteString("a/a")
	for _, piece := range pieces {
		key, v, ok := strings.Cut(piece, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if _, twice := plain[key]; !ok || twice || key == "" || len(plain) >= paramsMost {
			continue
		}
		v = unquote(strings.TrimSpace(v))
		plain[key] = v
		if strings.Contains(key, "*") {
			strict.WriteString("; " + key + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`)
		}
	}
	params = map[string]string{}
	for key, v := range plain {
		if !strings.Contains(key, "*") {
			params[key] = decodeWords(v)
		}
	}
	if _, long, err := mime.ParseMediaType(strict.String()); err == nil {
		for key, v := range long {
			params[key] = v
		}
	}
	for key, v := range plain { // one that is in another charset than UTF-8
		if name, ok := strings.CutSuffix(key, "*"); ok && !strings.Contains(name, "*") {
			if label, rest, ok := strings.Cut(v, "'"); ok && label != "" {
				if _, text, ok := strings.Cut(rest, "'"); ok {
					params[name] = decode(unpercent(text), label, false)
				}
			}
		}
	}
	return value, params
}

// paramsMost bounds the parameters of one field that are read.
const paramsMost = 100

// split cuts a field at its semicolons, but for those in quotes.
func split(field string) []string {
	var out []string
	quoted, escaped, begin := false, false, 0
	for i := range len(field) {
		switch c := field[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ';' && !quoted:
			out = append(out, field[begin:i])
			begin = i + 1
		}
	}
	return append(out, field[begin:])
}

func unquote(v string) string {
	if len(v) < 2 || v[0] != '"' {
		return v
	}
	var out strings.Builder
	for i := 1; i < len(v); i++ {
		switch {
		case v[i] == '"':
			return out.String()
		case v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\'):
			i++
		}
		out.WriteByte(v[i])
	}
	return out.String()
}

func unpercent(s string) []byte {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}
