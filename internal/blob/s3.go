package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"crier/internal/fault"
)

// partSize is how much of a file of unknown length is held in memory at a time. A
// store takes 10,000 parts, so no file is larger than 156 GiB.
const partSize = 16 << 20

// S3Options say where an S3-compatible store is.
type S3Options struct {
	Endpoint  string // https://host or http://host:port; http is without TLS
	Bucket    string // must be there
	Region    string // "" = what the store answers
	AccessKey string
	SecretKey string
}

// s3Prefix leads the names of all our objects: whatever else lies in the bucket is not ours to touch.
const s3Prefix = "crier/"

// S3 keeps files in a bucket of an S3-compatible store, one object per id, under s3Prefix.
type S3 struct {
	core      *minio.Client
	bucket    string
	transport *http.Transport
}

// NewS3 returns the store in a bucket. It asks the store nothing yet.
func NewS3(o S3Options) (*S3, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("the S3 endpoint must be https://HOST or http://HOST:PORT")
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("the connections to S3: %w", err)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: u.Scheme == "https", Region: o.Region,
		Transport: transport, BucketLookup: minio.BucketLookupAuto, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("the S3 settings: %w", err)
	}
	return &S3{core: client, bucket: o.Bucket, transport: transport}, nil
}

// Put implements Store. What is announced with its size, or is smaller than a part, is
// one request; the rest goes up in parts that are held in memory one at a time.
func (s *S3) Put(ctx context.Context, id string, r io.Reader, size int64) (int64, error) {
	if !valid(id) {
		return 0, fmt.Errorf("blob: %q is no id", id)
	}
	in := &fitting{r: interruptible{ctx, r}}
	var body io.Reader = in
	if size < 0 {
		head := new(bytes.Buffer)
		n, err := io.CopyN(head, in, partSize)
		switch {
		case err == io.EOF: //nolint:errorlint // CopyN returns EOF itself
			size = n
			body = head
		case err != nil:
			return in.n, err
		default:
			body = io.MultiReader(head, in)
		}
	}
	_, err := s.core.PutObject(ctx, s.bucket, s3Prefix+id, body, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize, NumThreads: 1,
	})
	if err == nil && size >= 0 {
		err = s.ended(in, size)
		if err != nil {
			err = errors.Join(err, s.Delete(context.WithoutCancel(ctx), id))
		}
	}
	switch {
	case err == nil:
		return in.n, nil
	case in.failed != nil:
		return in.n, in.failed
	case in.ended && in.n < size:
		return in.n, short(size, in.n)
	case fault.Is(err, fault.Malformed):
		return in.n, err
	}
	return in.n, s.translate(ctx, id, err)
}

// ended checks that nothing comes after size bytes.
func (s *S3) ended(in *fitting, size int64) error {
	var one [1]byte
	if n, err := io.ReadFull(in, one[:]); n > 0 {
		return short(size, in.n)
	} else if err != io.EOF { //nolint:errorlint // ReadFull returns EOF itself
		return err
	}
	return nil
}

// Get implements Store.
func (s *S3) Get(ctx context.Context, id string, from, n int64) (io.ReadCloser, error) {
	if !valid(id) {
		return nil, notFound(id)
	}
	if n == 0 {
		return io.NopCloser(new(bytes.Buffer)), nil
	}
	var o minio.GetObjectOptions
	var err error
	switch {
	case n > 0:
		err = o.SetRange(from, from+n-1)
	case from > 0:
		err = o.SetRange(from, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	// Core's GetObject is one request that is read as the caller reads; the client's
	// own would read it from a goroutine.
	body, _, _, err := (&minio.Core{Client: s.core}).GetObject(ctx, s.bucket, s3Prefix+id, o)
	if err != nil {
		if from > 0 && minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
			return io.NopCloser(new(bytes.Buffer)), nil
		}
		return nil, s.translate(ctx, id, err)
	}
	return body, nil
}

// Size implements Store.
func (s *S3) Size(ctx context.Context, id string) (int64, error) {
	if !valid(id) {
		return 0, notFound(id)
	}
	info, err := s.core.StatObject(ctx, s.bucket, s3Prefix+id, minio.StatObjectOptions{})
	if err != nil {
		return 0, s.translate(ctx, id, err)
	}
	return info.Size, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, id string) error {
	if !valid(id) {
		return nil
	}
	err := s.core.RemoveObject(ctx, s.bucket, s3Prefix+id, minio.RemoveObjectOptions{})
	if err == nil || minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return nil
	}
	return s.translate(ctx, id, err)
}

// Sweep implements Store: parts of uploads of ours that were never completed.
func (s *S3) Sweep(ctx context.Context, before int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing
	for u := range s.core.ListIncompleteUploads(ctx, s.bucket, s3Prefix, true) {
		if u.Err != nil {
			return s.translate(ctx, "", u.Err)
		}
		if !strings.HasPrefix(u.Key, s3Prefix) { // a store that does not know prefixes
			continue
		}
		if u.Initiated.Before(time.UnixMicro(before)) {
			if err := s.core.RemoveIncompleteUpload(ctx, s.bucket, u.Key); err != nil {
				return s.translate(ctx, u.Key, err)
			}
		}
	}
	return nil
}

func (s *S3) translate(ctx context.Context, id string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r := minio.ToErrorResponse(err); r.Code == "NoSuchKey" || r.StatusCode == http.StatusNotFound && r.Code != "NoSuchBucket" {
		return notFound(id)
	}
	return unavailable(err)
}

// Close implements Store: it closes the connections that nobody uses.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}
