package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket is a Bucket in an object store.
type bucket struct {
	client *minio.Client
	name   string
	prefix string // before every name; "" or ending in a slash
}

const (
	defaultEndpoint = "s3.amazonaws.com"
	// partSize is what is sent at once, and again when it fails.
	partSize = 16 << 20
)

// openS3 opens the bucket of s3://bucket/prefix?endpoint=host:port&region=name. An endpoint that starts with http:// is spoken to in the
// clear.
func openS3(u *url.URL) (*bucket, error) {
	q := u.Query()
	for name := range q {
		if !slices.Contains([]string{"endpoint", "region", "prefix", "use_path_style"}, name) {
			return nil, fmt.Errorf("%q is no setting of an s3:// URL: it takes endpoint, region, prefix and use_path_style", name)
		}
	}
	if u.Host == "" {
		return nil, errors.New("the s3:// URL names no bucket: write s3://bucket?endpoint=host")
	}
	endpoint, secure := q.Get("endpoint"), true
	if plain, ok := strings.CutPrefix(endpoint, "http://"); ok {
		endpoint, secure = plain, false
	}
	endpoint = strings.TrimSuffix(strings.TrimPrefix(endpoint, "https://"), "/")
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	options := &minio.Options{
		// The first of these that has something: the variables of AWS, those of MinIO, ~/.aws/credentials, the role of the machine or pod.
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		}),
		Secure: secure, Region: q.Get("region"),
	}
	if q.Get("use_path_style") == "true" {
		options.BucketLookup = minio.BucketLookupPath
	}
	client, err := minio.New(endpoint, options)
	if err != nil {
		return nil, fmt.Errorf("open the snapshot store at %s: %w", endpoint, err)
	}
	prefix := strings.Trim(u.Path+"/"+q.Get("prefix"), "/")
	if prefix != "" {
		prefix += "/"
	}
	return &bucket{client, u.Host, prefix}, nil
}

// Put implements Bucket. The file goes to a local one first, so that its size is known: without it every part would be held in memory at
// the largest size of parts.
func (b *bucket) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	if err := b.put(ctx, name, write); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

func (b *bucket) put(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp("", "aisle-upload-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := os.Remove(file.Name()); err != nil { // it needs no name, and is gone when the process is
		return err
	}
	if err := write(file); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = b.client.PutObject(ctx, b.name, b.prefix+name, file, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize,
	})
	return err
}

// Open implements Bucket.
func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	if _, err := object.Stat(); err != nil { // the request is made by the first use
		_ = object.Close()
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			// it is the file that is missing, not the bucket: without this a wrong URL would look like lost models
			if err = b.Ready(ctx); err == nil {
				err = ErrNotFound
			}
		}
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return object, nil
}

// Delete implements Bucket.
func (b *bucket) Delete(ctx context.Context, name string) error {
	err := b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{})
	if err != nil && minio.ToErrorResponse(err).StatusCode != http.StatusNotFound {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}

// List implements Bucket.
func (b *bucket) List(ctx context.Context, folder string) ([]string, error) {
	above := b.prefix + folder + "/"
	var names []string
	for o := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: above}) {
		if o.Err != nil {
			return nil, fmt.Errorf("list %s: %w", folder, o.Err)
		}
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(o.Key, above), "/"))
	}
	slices.Sort(names)
	return names, nil
}

// Ready implements Bucket.
func (b *bucket) Ready(ctx context.Context) error {
	there, err := b.client.BucketExists(ctx, b.name)
	if err != nil {
		return fmt.Errorf("the object store does not answer: %w", err)
	}
	if !there {
		return fmt.Errorf("there is no bucket %q: make it, or name another in AISLE_BLOB_URL", b.name)
	}
	return nil
}
