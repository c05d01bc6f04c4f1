package blob

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
)

// endpoint is that of an S3 server of this run of the tests: the program versitygw on a folder.
var endpoint string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "aisle-s3-")
	if err != nil {
		panic(err)
	}
	stop, err := startS3(folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start an S3 server:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// startS3 builds the server, which takes a minute the first time, and starts it.
func startS3(folder string) (stop func(), err error) {
	if os.Getenv(fullEnv) != "" { // a process of a test that needs none
		return func() {}, nil
	}
	program, data, attributes := filepath.Join(folder, "versitygw"), filepath.Join(folder, "data"), filepath.Join(folder, "attributes")
	build := exec.Command("go", "build", "-o", program, "github.com/versity/versitygw/cmd/versitygw")
	build.Dir, build.Env = filepath.Join("..", "..", "..", "tools"), append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build it: %w: %s", err, out)
	}
	for _, dir := range []string{data, attributes} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // for a free port
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	endpoint = "http://" + address
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "aisle-test", "AWS_SECRET_ACCESS_KEY": "aisle-test-secret"} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	server := exec.Command(program, "--port", address, "--quiet", "posix", "--sidecar", attributes, data)
	server.Env = append(os.Environ(), "ROOT_ACCESS_KEY=aisle-test", "ROOT_SECRET_KEY=aisle-test-secret")
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}
	// a process of another's making: there is nothing to wait on but its port
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return stop, conn.Close()
		}
		if time.Since(begun) > time.Minute {
			stop()
			return nil, err
		}
	}
}

// newS3 returns an empty bucket of the server, below a prefix.
func newS3(t *testing.T, prefix string) Bucket {
	t.Helper()
	name := "test-" + uuid.NewString()
	b, err := Open(t.Context(), "s3://"+name+prefix+"?region=us-east-1&endpoint="+url.QueryEscape(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.(*bucket).client.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnObjectStoreThatIsAway(t *testing.T) {
	t.Parallel()
	b, err := Open(t.Context(), "s3://bucket?region=us-east-1&endpoint=http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("ready: %v", err)
	}
}
