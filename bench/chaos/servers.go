package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// server is a Postgres or Redis that is killed and started again with the command line that it
// had. check asks it anything; mine is nil while the one that somebody else started runs.
type server struct {
	name  string
	pid   int
	args  []string // with the program's path
	dir   string
	owner *syscall.Credential
	check func(ctx context.Context) error
	mine  *exec.Cmd // since it was started again
}

// serverOf finds out how a process was started, from /proc: program, folder, owner and
// arguments. args stand for a command line that the process has written over, as Redis does.
func serverOf(name string, pid int, args []string, check func(context.Context) error) (*server, error) {
	proc := "/proc/" + strconv.Itoa(pid)
	info, err := os.Stat(proc)
	if err != nil {
		return nil, fmt.Errorf("%s does not run on this machine, so it cannot be killed: use scripts/with-stores.sh (%w)", name, err)
	}
	file, err := os.Readlink(proc + "/exe")
	if err != nil {
		return nil, fmt.Errorf("find the program of %s: %w", name, err)
	}
	called, err := os.ReadFile(proc + "/comm") // a program can be a link to another and look at its name
	if err != nil {
		return nil, fmt.Errorf("find the program of %s: %w", name, err)
	}
	file = filepath.Join(filepath.Dir(file), strings.TrimSpace(string(called)))
	dir, err := os.Readlink(proc + "/cwd")
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", name, err)
	}
	if args == nil {
		line, err := os.ReadFile(proc + "/cmdline")
		if err != nil {
			return nil, fmt.Errorf("find the command line of %s: %w", name, err)
		}
		args = strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")[1:]
	}
	// As root the drill starts it as the user that it ran as: Postgres refuses to be root.
	s := &server{name: name, pid: pid, args: append([]string{file}, args...), dir: dir, check: check}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Getuid() == 0 {
		s.owner = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	return s, nil
}

// kill ends the server as kill -9 does and waits until the process is gone.
func (s *server) kill() {
	_ = syscall.Kill(s.pid, syscall.SIGKILL) // fails only when it has ended
	if s.mine != nil {
		_ = s.mine.Wait()
		return
	}
	for syscall.Kill(s.pid, 0) == nil { // what was not started here cannot be waited for
		if state, err := os.ReadFile("/proc/" + strconv.Itoa(s.pid) + "/stat"); err != nil || bytes.Contains(state, []byte(") Z ")) {
			return
		}
		time.Sleep(pollInterval)
	}
}

// start runs the server again until it answers. What still holds its memory or port makes it try once more.
func (s *server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, serverLimit)
	defer cancel()
	var last error
	for ctx.Err() == nil {
		s.mine = exec.Command(s.args[0], s.args[1:]...)
		s.mine.Dir = s.dir
		s.mine.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner, Setpgid: true}
		if err := s.mine.Start(); err != nil {
			return fmt.Errorf("start %s again: %w", s.name, err)
		}
		s.pid = s.mine.Process.Pid
		for ctx.Err() == nil && syscall.Kill(s.pid, 0) == nil {
			if last = s.check(ctx); last == nil {
				return nil
			}
			if state, err := os.ReadFile("/proc/" + strconv.Itoa(s.pid) + "/stat"); err != nil || bytes.Contains(state, []byte(") Z ")) {
				break
			}
			time.Sleep(pollInterval)
		}
		_ = s.mine.Process.Kill()
		_ = s.mine.Wait()
		time.Sleep(pollInterval)
	}
	return fmt.Errorf("%s does not start again: %w", s.name, errors.Join(last, ctx.Err()))
}

// findPostgres finds the server of a URL and has it speak TLS, so that a connection notices what alters it.
func findPostgres(ctx context.Context, address string) (*server, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("connect to TEST_DATABASE_URL: %w", err)
	}
	defer conn.Close(ctx)
	var folder string
	if err := conn.QueryRow(ctx, "show data_directory").Scan(&folder); err != nil {
		return nil, fmt.Errorf("find Postgres: %w", err)
	}
	first, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	if err != nil {
		return nil, fmt.Errorf("postgres does not run on this machine, so it cannot be killed: use scripts/with-stores.sh (%w)", err)
	}
	line, _, _ := strings.Cut(string(first), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return nil, fmt.Errorf("find Postgres: %w", err)
	}
	if err := speakTLS(ctx, conn); err != nil {
		return nil, err
	}
	return serverOf("Postgres", pid, nil, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, address)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// speakTLS gives Postgres a key and a certificate in its data folder, through itself: nobody else may write there.
func speakTLS(ctx context.Context, conn *pgx.Conn) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"drill.crt": {Type: "CERTIFICATE", Bytes: certificate}, "drill.key": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		text := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(block))
		if _, err := conn.Exec(ctx, "copy (select '"+text+"') to program 'umask 077; base64 -d > "+name+"'"); err != nil {
			return fmt.Errorf("give Postgres a certificate: %w", err)
		}
	}
	for _, statement := range []string{
		"alter system set ssl_cert_file = 'drill.crt'", "alter system set ssl_key_file = 'drill.key'", "alter system set ssl = on",
		"select pg_reload_conf()",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("have Postgres speak TLS: %w", err)
		}
	}
	return nil
}

// findRedis finds the server of a URL. It is started again with settings of the drill, which
// has it keep nothing.
func findRedis(ctx context.Context, address string) (*server, error) {
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("TEST_REDIS_URL: %w", err)
	}
	client := redis.NewClient(o)
	defer client.Close()
	info, err := client.Info(ctx, "server").Result()
	if err != nil {
		return nil, fmt.Errorf("find Redis: %w", err)
	}
	pid := 0
	for line := range strings.Lines(info) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "process_id:"); ok {
			pid, _ = strconv.Atoi(id)
		}
	}
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, fmt.Errorf("TEST_REDIS_URL: %w", err)
	}
	args := []string{"--port", port, "--bind", host, "--save", "", "--appendonly", "no", "--databases", "128"}
	return serverOf("Redis", pid, args, func(ctx context.Context) error {
		client := redis.NewClient(o)
		defer client.Close()
		return client.Ping(ctx).Err()
	})
}
