package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// stores are the addresses that the services get.
type stores struct {
	profileURL, recommenderURL, redisURL, blobURL string

	ownRedis bool // the Redis runs inside this process
}

// openStores claims the data folder, starts what runs inside this process and brings the tables up to date.
func openStores(ctx context.Context, config Config, close *closers) (stores, error) {
	dir, err := filepath.Abs(config.DataDir)
	if err != nil {
		return stores{}, fmt.Errorf("data folder %s: %w", config.DataDir, err)
	}
	if err := claimDataDir(dir, close); err != nil {
		return stores{}, err
	}
	s := stores{
		profileURL:     "sqlite://" + filepath.Join(dir, "profile.db"),
		recommenderURL: "sqlite://" + filepath.Join(dir, "recommender.db"),
		redisURL:       config.RedisURL,
		blobURL:        config.BlobURL,
	}
	if config.DatabaseURL != "" {
		if s.profileURL, s.recommenderURL, err = openSchemas(ctx, config.DatabaseURL); err != nil {
			return stores{}, err
		}
	}
	for name, address := range map[string]string{migrations.Profile: s.profileURL, migrations.Recommender: s.recommenderURL} {
		if err := migrations.Up(ctx, name, address); err != nil {
			return stores{}, err
		}
	}
	if s.redisURL == "" {
		if s.redisURL, err = startRedis(close); err != nil {
			return stores{}, err
		}
		s.ownRedis = true
	}
	if s.blobURL == "" {
		s.blobURL = (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, "models"))}).String()
	}
	return s, nil
}

// claimDataDir makes the folder and locks it, so that no two processes write the same files.
func claimDataDir(dir string, close *closers) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder %s cannot be made: %w; choose another with --data", dir, rootCause(err))
	}
	path := filepath.Join(dir, "aisle.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written: %w; choose another with --data", dir, rootCause(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(path)
		f.Close()
		return fmt.Errorf("data folder %s is in use by another aisle process (%s): stop it or choose another with --data",
			dir, strings.TrimSpace("pid "+string(owner)))
	}
	// The pid is only there to be read in the message above.
	err = errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())))
	if err != nil {
		f.Close()
		return fmt.Errorf("data folder %s cannot be written: %w; choose another with --data", dir, rootCause(err))
	}
	close.add(f.Close) // which gives the lock back
	return nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

// startRedis runs a Redis inside this process, on a loopback port that only a random password opens. It holds the locks,
// claims and progress of jobs, a few dozen keys; neighbour lists stay in their snapshots.
func startRedis(close *closers) (string, error) {
	m := miniredis.NewMiniRedis()
	password := rand.Text()
	m.RequireAuth(password)
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return "", fmt.Errorf("start the in-process Redis: %w", err)
	}
	tick := time.NewTicker(expiryInterval)
	stop := make(chan struct{})
	go expireKeys(m, time.Now(), tick.C, stop)
	close.add(func() error { tick.Stop(); stop <- struct{}{}; m.Close(); return nil })
	return fmt.Sprintf("redis://:%s@%s/0", password, m.Addr()), nil
}

// expiryInterval is how late or early a key of the in-process Redis may go. It is short beside the 30 seconds of a job's lock, the shortest
// time that a key is given; looking for keys goes through all of them, which takes microseconds.
const expiryInterval = time.Second

// expireKeys lets the keys of m grow older at every tick, from a moment on. The clock that m has itself goes through all keys at every command.
func expireKeys(m *miniredis.Miniredis, last time.Time, ticks <-chan time.Time, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case now := <-ticks:
			m.FastForward(now.Sub(last))
			last = now
		}
	}
}

// openSchemas gives the two services a schema each in one Postgres database.
func openSchemas(ctx context.Context, rawURL string) (profileURL, recommenderURL string, err error) {
	if !database.IsPostgres(rawURL) {
		return "", "", errors.New("--database-url must have the form postgres://user:password@host:5432/database")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := migrations.CreateSchemas(ctx, rawURL, migrations.Profile, migrations.Recommender); err != nil {
		return "", "", err
	}
	if profileURL, err = database.WithSchema(rawURL, migrations.Profile); err != nil {
		return "", "", err
	}
	recommenderURL, err = database.WithSchema(rawURL, migrations.Recommender)
	return profileURL, recommenderURL, err
}

func rootCause(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}
