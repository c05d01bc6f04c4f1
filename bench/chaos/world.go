package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/bench/internal/program"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	pollInterval   = 50 * time.Millisecond
	serverLimit    = time.Minute // until Postgres or Redis must have started again
	recomputeLimit = time.Minute // for one that may have to wait for the job of a killed replica
	diskBytes      = "192m"      // of the disk that is filled
	redisNumber    = 125         // the numbered database of Redis that the drill empties and uses
)

// world is a running Aisle with what it stands on. Some parts are nil in the form "one": it has
// one node, which is all three services, and no proxies and servers.
type world struct {
	options *options
	folder  string
	models  stored
	disk    string // a small one that can be filled, "" where none may be mounted
	nodes   []*node

	profile       *node
	similarities  []*node
	recommenders  []*node
	proxies       *proxies
	postgres      *server
	redisServer   *server
	redis         *redis.Client
	admin         string // URL of the Postgres server
	databases     map[string]string
	healed        time.Time          // when the cause of the present fault was gone; zero: when the fault ended
	shift         atomic.Int64       // by which the clocks of the senders are wrong, as a time.Duration
	damaged       map[string]bool    // versions of models that were damaged on purpose
	profileClient *profileapi.Client // asks the profile-service itself
}

// newWorld starts Aisle in a folder and returns when every process is ready. When it fails,
// everything that it made is taken down again.
func newWorld(ctx context.Context, o *options, folder string) (w *world, err error) {
	w = &world{options: o, folder: folder, damaged: map[string]bool{}, databases: map[string]string{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	w.mount()
	if o.form == "one" {
		err = w.one()
	} else {
		err = w.three(ctx)
	}
	if err != nil {
		return w, err
	}
	for _, n := range w.nodes {
		if err := n.launch(ctx); err != nil {
			return w, err
		}
	}
	w.profileClient = profileapi.NewClient(clientOf(w.profile))
	return w, nil
}

// clientOf asks a process itself, not through a proxy: the drill's own questions must not
// suffer from faults.
func clientOf(n *node) *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: "http://" + n.Addr})
}

// mount makes the small disk, in memory. Where the system does not let it, an ordinary folder
// is in its place, and it cannot be filled.
func (w *world) mount() {
	disk := filepath.Join(w.folder, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		return
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size="+diskBytes); err == nil {
		w.disk = disk
	}
	w.models.folder = filepath.Join(disk, "models")
}

// stored says where models are: the folder of snapshots, and the URL of the database that says which of them is live.
type stored struct{ folder, url string }

// add prepares a program.
func (w *world) add(name, file string) (*node, error) {
	p, err := program.New(w.folder, name, filepath.Join(w.options.bin, file))
	if err != nil {
		return nil, err
	}
	n := &node{Program: p}
	w.nodes = append(w.nodes, n)
	return n, nil
}

// one prepares the one binary, with its data on the small disk.
func (w *world) one() error {
	n, err := w.add("aisle", "aisle")
	if err != nil {
		return err
	}
	data := filepath.Join(w.folder, "disk", "data")
	w.models = stored{filepath.Join(data, "models"), "sqlite://" + filepath.Join(data, "similarity.db")}
	n.Args = []string{
		"serve", "--listen", n.Addr, "--admin-listen", n.Admin, "--data", data, "--blob-url", "file://" + w.models.folder, "--log-level",
		"warn", "--recommender-cache-mb", "72",
	}
	w.profile, w.similarities, w.recommenders = n, []*node{n}, []*node{n}
	return nil
}

// three prepares the services: what each asks stands behind a proxy.
func (w *world) three(ctx context.Context) error {
	if err := w.openStores(ctx); err != nil {
		return err
	}
	var err error
	if w.profile, err = w.add("profile", "profile-service"); err != nil {
		return err
	}
	peer := func(name string, n *node) string {
		address, failed := w.proxies.add(name, n.Addr)
		err = errors.Join(err, failed)
		return "http://" + address
	}
	// Every process gets all settings; those of other services mean nothing to it.
	shared := append(w.storeSettings(&err), "AISLE_LOG_LEVEL=warn", "AISLE_SERVICE_KEY=a-key-that-only-the-services-know",
		"AISLE_RECOMMENDER_CACHE_MB=72",
		"AISLE_BLOB_URL=file://"+w.models.folder, "AISLE_PROFILE_URL="+peer("profile", w.profile))
	for n := range 2 {
		similarity, failed := w.add(fmt.Sprintf("similarity%d", n+1), "similarity-service")
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		w.similarities = append(w.similarities, similarity)
	}
	for n := range 2 {
		recommender, failed := w.add(fmt.Sprintf("recommender%d", n+1), "recommender-service")
		if err = errors.Join(err, failed); err != nil {
			return err
		}
		recommender.Env = []string{"AISLE_SIMILARITY_URL=" + peer(fmt.Sprintf("similarity%d", n+1), w.similarities[n])}
		w.recommenders = append(w.recommenders, recommender)
	}
	for _, n := range w.nodes {
		n.Env = append(n.Env, append(shared, "AISLE_LISTEN="+n.Addr, "AISLE_ADMIN_LISTEN="+n.Admin)...)
	}
	return err
}

// storeSettings are the settings that name the stores, each behind a proxy.
func (w *world) storeSettings(err *error) []string {
	behind := func(name, rawURL, path string) string {
		u, failed := url.Parse(rawURL)
		if failed == nil {
			var address string
			address, failed = w.proxies.add(name, u.Host)
			u.Host = address
			if path != "" {
				u.Path = path
			}
		}
		*err = errors.Join(*err, failed)
		return u.String()
	}
	return []string{
		"AISLE_PROFILE_DATABASE_URL=" + behind("profile-database", w.databases["profile"], ""),
		"AISLE_SIMILARITY_DATABASE_URL=" + behind("similarity-database", w.databases["similarity"], ""),
		"AISLE_RECOMMENDER_DATABASE_URL=" + behind("recommender-database", w.databases["recommender"], ""),
		"AISLE_REDIS_URL=" + behind("redis", os.Getenv("TEST_REDIS_URL"), "/"+strconv.Itoa(redisNumber)),
	}
}

// openStores makes databases of this drill, named after its process, and empties its Redis
// database. Servers are only looked for when a fault is to break them.
func (w *world) openStores(ctx context.Context) error {
	w.admin = os.Getenv("TEST_DATABASE_URL")
	if w.admin == "" || os.Getenv("TEST_REDIS_URL") == "" {
		return errors.New("TEST_DATABASE_URL and TEST_REDIS_URL are not set: run me with scripts/with-stores.sh")
	}
	w.proxies = newProxies()
	var err error
	if w.options.servers {
		if w.postgres, err = findPostgres(ctx, w.admin); err != nil {
			return err
		}
		if w.redisServer, err = findRedis(ctx, os.Getenv("TEST_REDIS_URL")); err != nil {
			return err
		}
	}
	o, err := redis.ParseURL(os.Getenv("TEST_REDIS_URL"))
	if err != nil {
		return fmt.Errorf("TEST_REDIS_URL: %w", err)
	}
	o.DB = redisNumber
	w.redis = redis.NewClient(o)
	if err := w.redis.FlushDB(ctx).Err(); err != nil {
		return fmt.Errorf("empty Redis database %d: %w", redisNumber, err)
	}
	for _, service := range []string{"profile", "similarity", "recommender"} {
		if w.databases[service], err = w.database(service); err != nil {
			return err
		}
	}
	w.models.url = w.databases["similarity"]
	out, err := exec.CommandContext(ctx, filepath.Join(w.options.bin, "migrate"), "up", "--admin-url", w.admin,
		"--profile-url", w.databases["profile"], "--similarity-url", w.databases["similarity"], "--recommender-url",
		w.databases["recommender"]).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the databases: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// database is the URL of a database of this drill that need not exist, with a user of the same name. Connections are encrypted where
// Postgres was told to.
func (w *world) database(service string) (string, error) {
	u, err := url.Parse(w.admin)
	if err != nil {
		return "", errors.New("TEST_DATABASE_URL cannot be read; it has the form postgres://user:password@host:5432/database")
	}
	// Named after the process, so that two drills on one server do not meet.
	name := fmt.Sprintf("aisle_chaos_%d_%s", os.Getpid(), service)
	u.User, u.Path = url.UserPassword(name, "secret"), "/"+name
	if w.postgres != nil {
		u.RawQuery = "sslmode=require"
	}
	return u.String(), nil
}

// close ends everything and drops what was made; what cannot be dropped is noted and left.
func (w *world) close() {
	for n := len(w.nodes) - 1; n >= 0; n-- {
		w.nodes[n].Stop()
	}
	if w.proxies != nil {
		w.proxies.close()
	}
	if w.disk != "" {
		if err := syscall.Unmount(w.disk, syscall.MNT_DETACH); err != nil {
			note("unmount the small disk: %v", err)
		}
	}
	if err := w.dropStores(context.Background()); err != nil {
		note("clean up the stores: %v", err)
	}
}

// dropStores drops databases and roles, and ends a Redis that the drill has started.
func (w *world) dropStores(ctx context.Context) error {
	var err error
	if len(w.databases) > 0 {
		conn, failed := pgx.Connect(ctx, w.admin)
		if failed != nil {
			return failed
		}
		for service := range w.databases {
			name := fmt.Sprintf("aisle_chaos_%d_%s", os.Getpid(), service)
			_, dropped := conn.Exec(ctx, "drop database if exists "+name+" with (force)")
			_, forgotten := conn.Exec(ctx, "drop role if exists "+name)
			err = errors.Join(err, dropped, forgotten)
		}
		err = errors.Join(err, conn.Close(ctx))
	}
	if w.redis != nil {
		err = errors.Join(err, w.redis.FlushDB(ctx).Err(), w.redis.Close())
		if w.redisServer != nil && w.redisServer.mine != nil {
			w.redisServer.kill() // whoever started the first one does not know this one
		}
	}
	return err
}

// heal notes that the cause of a fault is gone.
func (w *world) heal() { w.healed = time.Now() }

// recompute makes models and waits until they are live. A job that a killed replica left is
// waited for, which is why starting is tried again. It gives up after recomputeLimit.
func (w *world) recompute(ctx context.Context, at *node) error {
	c := similarityapi.NewClient(clientOf(at))
	ctx, cancel := context.WithTimeout(ctx, recomputeLimit)
	defer cancel()
	job, err := c.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: searchSeconds, Publish: "always", Reason: "drill"})
	for err != nil && ctx.Err() == nil {
		time.Sleep(pollInterval * 10)
		job, err = c.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: searchSeconds, Publish: "always", Reason: "drill"})
	}
	if err != nil {
		return fmt.Errorf("start a recompute: %w", err)
	}
	if _, err = c.WaitForJob(ctx, job.JobID, nil); err != nil {
		return fmt.Errorf("recompute: %w", err)
	}
	return nil
}
