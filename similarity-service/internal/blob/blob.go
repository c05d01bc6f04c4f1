// Package blob keeps named files whole: in a folder, or in a bucket of anything that speaks S3. What it writes is there entirely or not at
// all. The main type is Bucket.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// ErrNotFound says that there is no file of a name.
var ErrNotFound = errors.New("no such file in the snapshot store")

// Bucket is a set of files whose names have parts separated by slashes. It is safe for concurrent use, also by several processes.
type Bucket interface {
	// Put writes what write writes, in place of what has the name. Nothing of it is seen under the name unless all of it was written, and
	// it stays when Put has returned.
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// Open reads a file, or returns an error that wraps ErrNotFound.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Delete removes a file; a missing one is no error.
	Delete(ctx context.Context, name string) error
	// List returns the names directly below a folder, in order and without what is above them; a folder below it is one name.
	List(ctx context.Context, folder string) ([]string, error)
	// Ready reports why files cannot be kept now.
	Ready(ctx context.Context) error
}

// instead says what to write for URLs that were understood before.
var instead = map[string]string{
	"gs": "Google Cloud Storage is read through its S3 interface: write s3://BUCKET?endpoint=storage.googleapis.com and give an HMAC key " +
		"of a service account in " +
		"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
	"azblob": "Azure Blob Storage does not speak S3: mount the container as a folder (blobfuse2) and write file:///PATH, or put an S3 " +
		"gateway in front of it and write " +
		"s3://BUCKET?endpoint=HOST",
}

// Open opens the bucket of a URL: file:///path or s3://bucket?endpoint=host. The folder is made when it is missing, a bucket is not.
func Open(ctx context.Context, rawURL string) (Bucket, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the URL of the snapshot store cannot be read; it has the form file:///path or s3://bucket?endpoint=host, " +
			"where %, ? and # in a path are written %25, %3F and %23")
	}
	switch u.Scheme {
	case "file":
		return openFolder(u)
	case "s3":
		return openS3(u)
	}
	if mend, ok := instead[u.Scheme]; ok {
		return nil, fmt.Errorf("the snapshot store cannot be at a %s:// URL: %s", u.Scheme, mend)
	}
	return nil, fmt.Errorf("the snapshot store cannot be at %q: write file:///path or s3://bucket?endpoint=host", u.Redacted())
}
