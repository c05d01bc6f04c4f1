package service_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// damaged makes a database with some items and overwrites the first page of a table.
func damaged(t *testing.T, table string) (url string) {
	t.Helper()
	url = testenv.SQLite(t)
	t.Run("fill", func(t *testing.T) { // closed at its end
		s := start(t, service.Config{DatabaseURL: url})
		if _, err := s.client.PutItems(t.Context(), []profileapi.Item{{ItemID: "a", Title: "A"}, {ItemID: "b"}}); err != nil {
			t.Fatal(err)
		}
		post(t, s.client, view("u", "", "a"))
	})
	path := database.SQLitePath(url)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	var page, size int64
	if err := db.QueryRow("select rootpage from sqlite_schema where name = ?", table).Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("pragma page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(strings.Repeat("\xa5", int(size))), (page-1)*size); err != nil {
		t.Fatal(err)
	}
	return url
}

func TestADamagedPageIsFoundByLookingForIt(t *testing.T) {
	t.Parallel()
	s := storetest.At(t, damaged(t, "event_stats"))
	if err := s.Sound(); err != nil {
		t.Fatalf("before anybody looked: %v", err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "event_stats") {
		t.Errorf("check: %v", err)
	}
	if err := s.Sound(); err == nil {
		t.Error("what was found is not told")
	}
	sound := storetest.At(t, testenv.SQLite(t))
	if err := sound.Check(t.Context()); err != nil || sound.Sound() != nil {
		t.Errorf("a sound file: %v, %v", err, sound.Sound())
	}
}

func TestADamagedPageThatIsMetMakesTheServiceUnready(t *testing.T) {
	t.Parallel()
	authenticator, err := auth.NewAuthenticator(auth.Options{Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	svc, err := service.New(t.Context(), service.Config{DatabaseURL: damaged(t, "items")}, process.Deps{
		Auth: authenticator, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Close()
	ask := func(handler http.Handler, method, path, body string) string {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), method, "http://127.0.0.1"+path, strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Content-Type", "application/json")
		handler.ServeHTTP(w, r)
		return fmt.Sprint(w.Code, " ", w.Body.String())
	}
	if answer := ask(svc.AdminHandler(), http.MethodGet, "/readyz", ""); !strings.HasPrefix(answer, "200 ") ||
		!strings.Contains(answer, "stored data: ok") {
		t.Errorf("before it is met: %s", answer)
	}
	if answer := ask(svc.Handler(), http.MethodPut, "/v1/items/a", "{}"); !strings.HasPrefix(answer, "500 ") ||
		!strings.Contains(answer, "database_damaged") {
		t.Errorf("a write: %s", answer)
	}
	if answer := ask(svc.AdminHandler(), http.MethodGet, "/readyz", ""); !strings.HasPrefix(answer, "503 ") ||
		!strings.Contains(answer, "\nstored data: what is read is not what was written") {
		t.Errorf("after it was met: %s", answer)
	}
}
