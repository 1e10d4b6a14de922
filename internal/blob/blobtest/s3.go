package blobtest

import (
	"bufio"
	"bytes"
	"crypto/md5" //nolint:gosec // what S3 calls an ETag
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// S3 is a fake of an S3 server on a loopback address: as much of the protocol as a
// real client needs to put, get and delete objects, whole or in parts. It keeps
// everything in memory and checks who asks by the access key alone, not the signature.
type S3 struct {
	URL    string
	Bucket string
	Access string
	Secret string

	mu      sync.Mutex
	objects map[string][]byte  // guarded by mu
	uploads map[string]*upload // guarded by mu; by upload id
	counts  map[string]int     // guarded by mu; requests by what they ask
	down    bool               // guarded by mu
}

// made is when everything in the fake was made, as it says.
var made = time.Unix(1_700_000_000, 0)

type upload struct {
	key   string
	began time.Time
	parts map[int][]byte
}

// NewS3 starts a fake that ends with the test.
func NewS3(t *testing.T) *S3 {
	s := &S3{Bucket: "crier", Access: "fake-access", Secret: "fake-secret-key", objects: map[string][]byte{}, uploads: map[string]*upload{}, counts: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Requests returns how often something was asked: "put", "part", "get" …
func (s *S3) Requests(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[what]
}

// Open returns how many uploads in parts are not complete.
func (s *S3) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

// Uploads returns the names of what uploads in parts that are not complete would make, sorted.
func (s *S3) Uploads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{}
	for _, u := range s.uploads {
		out = append(out, u.key)
	}
	slices.Sort(out)
	return out
}

// Objects returns the names of what is stored, sorted.
func (s *S3) Objects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

// Abandon makes an upload in parts that nobody completes, begun at a time.
func (s *S3) Abandon(key string, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads["abandoned-"+key] = &upload{key: key, began: began, parts: map[int][]byte{}}
}

// Down makes every answer 503, or no longer.
func (s *S3) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// ServeHTTP implements http.Handler.
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+s.Access+"/") {
		refuse(w, r, http.StatusForbidden, "InvalidAccessKeyId")
		return
	}
	body, err := payload(r)
	if err != nil {
		return // the client broke off: so does the fake
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown")
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != s.Bucket {
		refuse(w, r, http.StatusNotFound, "NoSuchBucket")
		return
	}
	q := r.URL.Query()
	switch {
	case q.Has("location"):
		s.answer(w, "location", `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`)
	case q.Has("uploads") && r.Method == http.MethodGet:
		s.listUploads(w, q.Get("prefix"))
	case q.Has("uploads"):
		id := fmt.Sprintf("upload-%d", len(s.counts)+s.counts["begin"]+1)
		s.uploads[id] = &upload{key: key, began: made, parts: map[int][]byte{}}
		s.answer(w, "begin", "<InitiateMultipartUploadResult><Bucket>"+bucket+"</Bucket><Key>"+key+"</Key><UploadId>"+id+"</UploadId></InitiateMultipartUploadResult>")
	case q.Has("uploadId"):
		s.multipart(w, r, key, body)
	default:
		s.object(w, r, key, body)
	}
}

func (s *S3) listUploads(w http.ResponseWriter, prefix string) {
	var list strings.Builder
	for id, u := range s.uploads {
		if !strings.HasPrefix(u.key, prefix) {
			continue
		}
		fmt.Fprintf(&list, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>", u.key, id, u.began.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	s.answer(w, "uploads", "<ListMultipartUploadsResult><Bucket>"+s.Bucket+"</Bucket><IsTruncated>false</IsTruncated>"+list.String()+"</ListMultipartUploadsResult>")
}

func (s *S3) multipart(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	id := r.URL.Query().Get("uploadId")
	u := s.uploads[id]
	if u == nil || u.key != key {
		refuse(w, r, http.StatusNotFound, "NoSuchUpload")
		return
	}
	switch r.Method {
	case http.MethodPut:
		n, err := strconv.Atoi(r.URL.Query().Get("partNumber"))
		if err != nil {
			refuse(w, r, http.StatusBadRequest, "InvalidArgument")
			return
		}
		u.parts[n] = body
		w.Header().Set("ETag", etag(body))
		s.answer(w, "part", "")
	case http.MethodDelete:
		delete(s.uploads, id)
		s.counts["abort"]++
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		var asked struct {
			Part []struct{ PartNumber int }
		}
		if err := xml.Unmarshal(body, &asked); err != nil {
			refuse(w, r, http.StatusBadRequest, "MalformedXML")
			return
		}
		var whole []byte
		for _, p := range asked.Part {
			whole = append(whole, u.parts[p.PartNumber]...)
		}
		delete(s.uploads, id)
		s.objects[key] = whole
		s.answer(w, "complete", "<CompleteMultipartUploadResult><Bucket>"+s.Bucket+"</Bucket><Key>"+key+"</Key><ETag>"+etag(whole)+"</ETag></CompleteMultipartUploadResult>")
	case http.MethodGet:
		s.answer(w, "parts", "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>")
	}
}

func (s *S3) object(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	switch r.Method {
	case http.MethodPut:
		s.objects[key] = body
		w.Header().Set("ETag", etag(body))
		s.answer(w, "put", "")
	case http.MethodDelete:
		delete(s.objects, key)
		s.counts["delete"]++
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet, http.MethodHead:
		b, ok := s.objects[key]
		if !ok {
			refuse(w, r, http.StatusNotFound, "NoSuchKey")
			return
		}
		s.counts[strings.ToLower(r.Method)]++
		w.Header().Set("ETag", etag(b))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", made, bytes.NewReader(b))
	default:
		refuse(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func (s *S3) answer(w http.ResponseWriter, what, body string) {
	s.counts[what]++
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, body)
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	}
}

func etag(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // what S3 calls an ETag
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// payload reads the body; what was signed in pieces is put together again.
func payload(r *http.Request) ([]byte, error) {
	whole, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return whole, nil
	}
	var out []byte
	in := bufio.NewReader(bytes.NewReader(whole))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(in, piece); err != nil {
			return nil, err
		}
		out = append(out, piece...)
		if _, err := in.Discard(2); err != nil {
			return nil, err
		}
	}
	if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(out)) {
		return nil, errors.New("not all of the body came")
	}
	return out, nil
}
