package service_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// serveVariable makes this test program a profile-service that can be killed; its value is the database.
const serveVariable = "AISLE_TEST_SERVE"

func TestMain(m *testing.M) {
	if url := os.Getenv(serveVariable); url != "" {
		if err := serve(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// otter, which the rate limits use, keeps a goroutine until its cache is collected.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/maypok86/otter/v2.periodicCleanUp[...]"))
}

// serve runs the service on a free port, which it prints.
func serve(url string) error {
	authenticator, err := auth.NewAuthenticator(auth.Options{Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	svc, err := service.New(context.Background(), service.Config{DatabaseURL: url}, process.Deps{
		Auth: authenticator, Logger: logger, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return httpserver.Run(context.Background(), svc, httpserver.Ports{Public: listener}, logger)
}

// startChild starts this program as the service.
func startChild(t *testing.T, url string) (*exec.Cmd, *profileapi.Client) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the service did not start: %v", err)
	}
	return cmd, profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + strings.TrimSpace(addr)}))
}

// TestKilledServiceLosesNothing kills the service under load three times. Each sender repeats what was not acknowledged, as a storefront
// does.
func TestKilledServiceLosesNothing(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": testenv.SQLite, "postgres": testenv.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := url(t)
			prepare(t, database)
			const senders = 6
			acknowledged := make([]map[string]bool, senders)
			pending := make([][]profileapi.Event, senders)
			for n := range senders {
				acknowledged[n] = map[string]bool{}
			}
			for round := range 3 {
				cmd, client := startChild(t, database)
				acks := make(chan struct{}, 10_000)
				var wg sync.WaitGroup
				for n := range senders {
					wg.Go(func() { pending[n] = sendUntilKilled(client, round, n, pending[n], acknowledged[n], acks) })
				}
				for range 60 { // so many acknowledged requests, and then the end
					<-acks
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
				wg.Wait()
				_ = cmd.Wait() // it was killed
			}
			checkNothingLost(t, database, acknowledged, pending)
		})
	}
}

func prepare(t *testing.T, url string) {
	t.Helper()
	if database.IsPostgres(url) {
		if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
			t.Fatal(err)
		}
	}
}

// sendUntilKilled posts batches until the service is gone and returns the batch that was not acknowledged.
func sendUntilKilled(
	client *profileapi.Client, round, sender int, pending []profileapi.Event, acknowledged map[string]bool, acks chan<- struct{},
) []profileapi.Event {
	for n := 0; ; n++ {
		if pending == nil {
			for i := range 10 {
				pending = append(pending, profileapi.Event{
					EventID: fmt.Sprintf("%d-%d-%d-%d", round, sender, n, i), Type: "view_item", UserID: fmt.Sprint("u", i), ItemID: "i",
				})
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := client.PostEvents(ctx, pending)
		cancel()
		if err != nil {
			return pending
		}
		for _, e := range pending {
			acknowledged[e.EventID] = true
		}
		pending = nil
		select {
		case acks <- struct{}{}:
		default:
		}
	}
}

// checkNothingLost sends what is pending once more and counts the stored events.
func checkNothingLost(t *testing.T, url string, acknowledged []map[string]bool, pending [][]profileapi.Event) {
	t.Helper()
	cmd, client := startChild(t, url)
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	want := map[string]bool{}
	for n := range pending {
		if pending[n] != nil {
			post(t, client, pending[n]...)
			for _, e := range pending[n] {
				want[e.EventID] = true
			}
		}
		for id := range acknowledged[n] {
			want[id] = true
		}
	}
	stored, ofUser := map[string]int{}, map[string]int{}
	cursor := ""
	for {
		page, err := client.Events(t.Context(), profileapi.EventsQuery{Limit: 1000, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			stored[e.EventID]++
			ofUser[e.UserID]++
		}
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	for id := range want {
		if stored[id] != 1 {
			t.Errorf("event %s is stored %d times", id, stored[id])
		}
	}
	if len(stored) != len(want) {
		t.Errorf("%d events stored, %d were sent", len(stored), len(want))
	}
	for user, n := range ofUser { // the state has moved on with the events, not before and not behind them
		if p := profileOf(t, client, profileapi.ProfileQuery{UserID: user}); len(p.Recent) != 1 || p.Recent[0].Count != n {
			t.Errorf("the state of %s has not counted %d events: %+v", user, n, p.Recent)
		}
	}
}
