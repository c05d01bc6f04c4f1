// Package program runs the built programs of Aisle as child processes, for benchmarks and drills: it starts them, waits until they are
// ready, and ends or kills them. It knows nothing of what is measured. The main type is Program.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
	pollInterval = 100 * time.Millisecond
	logTail      = 2000
)

// Program is one of the built programs, in a child process. It is not safe for concurrent use, but for Fetch.
type Program struct {
	Name        string // of the figures
	File        string
	Args, Env   []string
	Addr, Admin string // host:port of the API, and of health checks and metrics
	Log         string // file that holds what it says
	child       *exec.Cmd
	ended       chan error
}

// New prepares a program with two free ports, whose log is in folder; nothing runs yet.
func New(folder, name, file string) (p *Program, err error) {
	p = &Program{Name: name, File: file, Log: filepath.Join(folder, name+".log")}
	if p.Addr, err = freeAddress(); err == nil {
		p.Admin, err = freeAddress()
	}
	return p, err
}

// Start runs the program and returns when it is ready.
func (p *Program) Start(ctx context.Context) error {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.File, err)
	}
	defer log.Close() // the child has its own descriptor
	p.child = exec.Command(p.File, p.Args...)
	p.child.Env = append(os.Environ(), p.Env...)
	p.child.Stdout, p.child.Stderr = log, log
	if err := p.child.Start(); err != nil {
		p.child = nil
		return fmt.Errorf("start %s: %w; build it with \"make build\" or name its folder with -bin", p.File, err)
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.child.Wait() }()
	return p.Await(ctx, "readiness", func() error { _, err := p.Fetch(ctx, "/readyz"); return err })
}

// Await asks again and again until check is satisfied.
func (p *Program) Await(ctx context.Context, what string, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s of %s: %w; its log ends with:\n%s", what, p.File, err, p.Tail())
		case failure := <-p.ended:
			p.ended <- failure
			return fmt.Errorf("%s ended (%v); its log ends with:\n%s", p.File, failure, p.Tail())
		case <-ticker.C:
		}
	}
}

// Tail is the end of what the program has said.
func (p *Program) Tail() string {
	log, _ := os.ReadFile(p.Log)
	return string(log[max(0, len(log)-logTail):])
}

// Stop asks the program to end and waits until it has.
func (p *Program) Stop() {
	if p.child == nil {
		return
	}
	process := p.child.Process
	_ = process.Signal(syscall.SIGTERM) // fails only when it has ended
	late := time.AfterFunc(stopTimeout, func() { _ = process.Kill() })
	<-p.ended
	late.Stop()
	p.child = nil
}

// Kill ends the program at once, as kill -9 does, and waits until it has ended.
func (p *Program) Kill() {
	if p.child == nil {
		return
	}
	_ = p.child.Process.Kill() // fails only when it has ended
	<-p.ended
	p.child = nil
}

// PID is the number of the process, 0 while none runs.
func (p *Program) PID() int {
	if p.child == nil {
		return 0
	}
	return p.child.Process.Pid
}

// Fetch reads a page of the admin port.
func (p *Program) Fetch(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Admin+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return data, err
}

// freeAddress is a loopback port that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
