package main

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const loadRole = "load"

// turn is what a client does at a time: rendered requests, sent one after the other.
type turn [][]byte

// job says what the load process shall do. Rate 0 is a closed loop: each connection sends the next turn when it has the answer. Otherwise turns
// start at fixed times, however long the answers take, and their latency counts from the time when they should have started.
type job struct {
	Addr        string
	Connections int
	Duration    time.Duration
	Limit       int     // turns after which a closed loop ends before its time; 0 for none
	Rate        float64 // turns per second
	Turns       []turn
}

// outcome is what came of a job.
type outcome struct {
	Done           int
	Wall           time.Duration
	Degraded       int // answers that say that something could not help
	P50, P99, P999 time.Duration
	Problem        string
}

func (o *outcome) perSecond() float64 { return float64(o.Done) / o.Wall.Seconds() }

// serveLoad does the jobs that come from in until it ends.
func serveLoad(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(runtime.NumCPU() + 1) // one is for the thread that sleeps between the starts of turns
	decoder, encoder := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var j job
		if err := decoder.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a job: %w", err)
		}
		result, err := j.run()
		if err != nil {
			result.Problem = err.Error()
		}
		if err := encoder.Encode(result); err != nil {
			return fmt.Errorf("write an outcome: %w", err)
		}
	}
}

// run opens the connections and then sends turns for the time of the job.
func (j *job) run() (outcome, error) {
	workers := make([]*worker, j.Connections)
	for n := range workers {
		c, err := dial(j.Addr)
		if err != nil {
			return outcome{}, err
		}
		defer c.Close()
		workers[n] = &worker{connection: c}
	}
	var group errgroup.Group
	began := time.Now()
	next := j.closed(began)
	if j.Rate > 0 {
		next = j.open(began)
	}
	for _, w := range workers {
		group.Go(func() error { return w.work(j.Turns, next) })
	}
	err := group.Wait()
	result := outcome{Wall: time.Since(began)}
	var latencies []time.Duration
	for _, w := range workers {
		latencies = append(latencies, w.latencies...)
		result.Degraded += w.degraded
	}
	result.Done = len(latencies)
	if slices.Sort(latencies); len(latencies) > 0 {
		at := func(perMille int) time.Duration { return latencies[(len(latencies)-1)*perMille/1000] }
		result.P50, result.P99, result.P999 = at(500), at(990), at(999)
	}
	return result, err
}

// start is the number of a turn and the time from which its latency counts.
type start struct {
	number int
	at     time.Time
}

// closed gives out turns until the time is over.
func (j *job) closed(began time.Time) func() (start, bool) {
	var count atomic.Int64
	return func() (start, bool) {
		now, number := time.Now(), int(count.Add(1)-1)
		return start{number, now}, now.Sub(began) < j.Duration && (j.Limit == 0 || number < j.Limit)
	}
}

// open gives out turns at their times; what finds every connection busy waits, and the wait counts. nanosleep wakes more precisely than the
// timers of the runtime, which may be a millisecond late.
func (j *job) open(began time.Time) func() (start, bool) {
	starts := make(chan start, int(j.Rate*j.Duration.Seconds())+1) // never full, so that the schedule holds
	go func() {
		defer close(starts)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for n := range cap(starts) - 1 {
			at := began.Add(time.Duration(float64(n) / j.Rate * float64(time.Second)))
			if wait := time.Until(at); wait > 0 {
				spec := syscall.NsecToTimespec(int64(wait))
				_ = syscall.Nanosleep(&spec, nil) // woken early by a signal, a turn starts early and its latency is the longer for it
			}
			starts <- start{n, at}
		}
	}()
	return func() (start, bool) { s, ok := <-starts; return s, ok }
}

// worker is one connection with what it saw.
type worker struct {
	*connection
	latencies []time.Duration
	degraded  int
}

func (w *worker) work(turns []turn, next func() (start, bool)) error {
	for {
		s, ok := next()
		if !ok {
			return nil
		}
		for _, request := range turns[s.number%len(turns)] {
			if err := w.exchange(request); err != nil {
				return err
			}
		}
		w.latencies = append(w.latencies, time.Since(s.at))
		if bytes.Contains(w.body, []byte(`"degraded":[`)) {
			w.degraded++
		}
	}
}

// loader is the load process as its parent sees it.
type loader struct {
	child   *exec.Cmd
	stdin   io.Closer
	encoder *gob.Encoder
	decoder *gob.Decoder
}

// startRole runs this program again in another role.
func startRole(role string) (*exec.Cmd, io.WriteCloser, io.Reader, error) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"="+role)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("start the %s process: %w", role, err)
	}
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("start the %s process: %w", role, err)
	}
	return child, in, out, nil
}

func startLoader() (*loader, error) {
	child, in, out, err := startRole(loadRole)
	if err != nil {
		return nil, err
	}
	return &loader{child: child, stdin: in, encoder: gob.NewEncoder(in), decoder: gob.NewDecoder(out)}, nil
}

// do runs one job. A turn that failed is an error: what a failing server takes is no figure.
func (l *loader) do(j job) (outcome, error) {
	var result outcome
	if err := l.encoder.Encode(j); err != nil {
		return result, fmt.Errorf("send a job to the load process: %w", err)
	}
	if err := l.decoder.Decode(&result); err != nil {
		return result, fmt.Errorf("read from the load process: %w", err)
	}
	if result.Problem != "" {
		return result, fmt.Errorf("load on %s: %s", j.Addr, result.Problem)
	}
	return result, nil
}

func (l *loader) close() {
	_ = l.stdin.Close() // which ends the process
	_ = l.child.Wait()
}
