package httpserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/auth"
)

// drainTime is how long running requests may take to finish when the server stops.
const drainTime = 10 * time.Second

// Service is what a process runs: a public handler, an admin handler, background work and an end.
type Service interface {
	Handler() http.Handler
	AdminHandler() http.Handler
	// Run does the background work until ctx ends.
	Run(ctx context.Context) error
	Close() error
}

// Listen opens a TCP address. Its error says what to do.
func Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is already in use: stop the program that listens there or choose another port", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("not allowed to listen on %s: choose a port above 1023", addr)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// Ports are what a process listens on, and who may use the admin port.
type Ports struct {
	Public   net.Listener
	Admin    net.Listener // nil for none
	Auth     *auth.Authenticator
	Profiles bool // the admin port shows profiles of the running program
	About    About
	// MaxConnections bounds the open connections of Public; DefaultMaxConnections when 0.
	MaxConnections int
}

// DefaultMaxConnections takes about 100 MB when every connection is in use.
const DefaultMaxConnections = 4096

// MinConnections is the least bound that leaves room for the other services and a page.
const MinConnections = 16

// adminConnections is enough for probes, a scraper and a few people.
const adminConnections = 64

// Run serves svc on its ports until ctx ends, then lets running requests finish and closes svc.
// The first failure of a port or of the background work ends all of it, and is returned; the
// end of ctx is no failure.
func Run(ctx context.Context, svc Service, ports Ports, logger *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return svc.Run(ctx) })
	group.Go(func() error {
		return Serve(ctx, ports.Public, cmp.Or(ports.MaxConnections, DefaultMaxConnections), svc.Handler(), logger)
	})
	if ports.Admin != nil {
		group.Go(func() error {
			return Serve(ctx, ports.Admin, adminConnections, adminPort(svc, ports), logger)
		})
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, svc.Close())
}

// Serve answers on l, on at most most connections, until ctx ends, and drains running requests for at most ten seconds. It closes l.
func Serve(ctx context.Context, l net.Listener, most int, handler http.Handler, logger *slog.Logger) error {
	return serve(ctx, l, most, handler, logger, defaultPatience())
}

func serve(ctx context.Context, l net.Listener, most int, handler http.Handler, logger *slog.Logger, p patience) error {
	base, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRequests()
	connections := newCrowd(most)
	requests := &receiving{patience: p, bodies: map[*arriving]struct{}{}}
	server := &http.Server{
		Handler:           requests.watch(handler),
		ReadHeaderTimeout: p.head,
		ReadTimeout:       p.request,
		WriteTimeout:      p.answer,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         connections.changed,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.drain)
		defer cancel()
		// A request that has not arrived by then is not waited for.
		time.AfterFunc(p.grace, func() { connections.dismiss(); requests.stop() })
		// Streams and long polls never end by themselves: after a moment for ordinary requests they are told to.
		time.AfterFunc(p.drain/4, cancelRequests)
		stopped <- server.Shutdown(drain)
	}()
	if err := server.Serve(netutil.LimitListener(l, most)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	if err := <-stopped; err != nil {
		logger.Warn("some requests did not finish in time", "error", err)
		return server.Close()
	}
	return nil
}
