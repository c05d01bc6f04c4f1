package doctor

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// adminOf answers as an admin port does, with a status.
func adminOf(t *testing.T, s httpserver.Status) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/status" {
			return
		}
		if s.Now.IsZero() {
			s.Now = time.Now()
		}
		if err := json.NewEncoder(w).Encode(s); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// of examines processes of which only the admin port is there.
func of(t *testing.T, statuses ...httpserver.Status) Report {
	t.Helper()
	o := Options{Server: "http://127.0.0.1:1", Version: "1.2.0", Now: time.Now}
	for _, s := range statuses {
		o.Admin = append(o.Admin, adminOf(t, s))
	}
	x, err := Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return x.Report
}

func verdict(r Report, name string) Check {
	for _, c := range r.Checks {
		if strings.HasPrefix(c.Name, name) {
			return c
		}
	}
	return Check{}
}

func TestWhatAProcessSaysIsJudged(t *testing.T) {
	t.Parallel()
	about := func(version string) httpserver.About {
		return httpserver.About{Program: "profile-service", Version: version}
	}
	const gb = 1 << 30
	for what, c := range map[string]struct {
		status httpserver.Status
		check  string
		want   Verdict
	}{
		"another version":         {httpserver.Status{About: about("1.1.0")}, "versions", Warn},
		"the same version":        {httpserver.Status{About: about("1.2.0")}, "versions", OK},
		"a clock that is 5 s off": {httpserver.Status{Now: time.Now().Add(5 * time.Second)}, "clock", Warn},
		"a clock of tomorrow":     {httpserver.Status{Now: time.Now().Add(24 * time.Hour)}, "clock", Fail},
		"a clock of yesterday":    {httpserver.Status{Now: time.Now().Add(-24 * time.Hour)}, "clock", Fail},
		"a disk that is full": {
			httpserver.Status{Folders: []httpserver.Room{{Folder: "/d", Free: 100 << 20, Total: 100 * gb}}}, "disk", Fail,
		},
		"a disk that is nearly full": {
			httpserver.Status{Folders: []httpserver.Room{{Folder: "/d", Free: 5 * gb, Total: 100 * gb}}}, "disk", Warn,
		},
		"a disk with room": {
			httpserver.Status{Folders: []httpserver.Room{{Folder: "/d", Free: 50 * gb, Total: 100 * gb}}}, "disk", OK,
		},
		"few files":            {httpserver.Status{Files: &httpserver.Files{Open: 30, Limit: 1024}}, "limits", Warn},
		"files nearly used up": {httpserver.Status{Files: &httpserver.Files{Open: 1000, Limit: 1024}}, "limits", Fail},
		"few files for few connections": {httpserver.Status{
			Files: &httpserver.Files{Open: 30, Limit: 1024},
			About: httpserver.About{Settings: map[string]string{"AISLE_MAX_CONNECTIONS": "256"}},
		}, "limits", OK},
		"a part that fails":  {httpserver.Status{Parts: []httpserver.Part{{Name: "database", Error: "away"}}}, "database", Fail},
		"a part with a note": {httpserver.Status{Parts: []httpserver.Part{{Name: "redis", Notes: []string{"away"}}}}, "redis", Warn},
		"a database that does not answer": {
			httpserver.Status{Schemas: []database.Schema{{Database: "profile", Problem: "away"}}}, "schema of profile", Fail,
		},
		"a keys file of any mode": {
			httpserver.Status{About: httpserver.About{Settings: map[string]string{"keys-file-any-mode": "true"}}}, "keys file", Warn,
		},
	} {
		r := of(t, c.status)
		got := verdict(r, c.check)
		if got.Verdict != c.want || (got.Verdict == OK) != (got.Mend == "") {
			t.Errorf("%s: %+v", what, got)
		}
		if r.ExitCode() != 2 { // the API itself does not answer
			t.Errorf("%s: exit code %d", what, r.ExitCode())
		}
	}
}

func TestKeysThatNobodyUses(t *testing.T) {
	t.Parallel()
	now := time.Now()
	old := wire.TimeOf(now.Add(-30 * 24 * time.Hour))
	known := []recommenderapi.Key{
		{KeyID: "key_a", CreatedAt: old}, {KeyID: "key_b", CreatedAt: old}, {KeyID: "key_new", CreatedAt: wire.TimeOf(now)},
	}
	used := func(ago time.Duration, ids ...string) answered {
		s := answered{Status: httpserver.Status{About: httpserver.About{StartedAt: now.Add(-ago)}, KeysUsed: map[string]time.Time{}}}
		for _, id := range ids {
			s.KeysUsed[id] = now
		}
		return s
	}
	const week = 7 * 24 * time.Hour
	for what, c := range map[string]struct {
		statuses []answered
		want     Verdict
		names    string
	}{
		"one is used by nobody":                        {[]answered{used(week, "key_a"), used(week)}, Warn, "key_b"},
		"each by another process":                      {[]answered{used(week, "key_a"), used(week, "key_b")}, OK, "2 of 3"},
		"a process that started just now says nothing": {[]answered{used(week), used(time.Minute)}, OK, "0 of 3"},
	} {
		e := &examination{Options: Options{Now: func() time.Time { return now }}, known: known, statuses: c.statuses}
		e.keyUse()
		if got := verdict(e.report, "use of keys"); got.Verdict != c.want || !strings.Contains(got.Detail, c.names) ||
			strings.Contains(got.Detail, "key_new") {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

// TestNothingOfTheFormOfASecretIsPacked has texts as drivers and proxies write them.
func TestNothingOfTheFormOfASecretIsPacked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"dial postgres://aisle:hunter2@db:5432/aisle failed", "sk_hunter2hunter2hunter2hunter2hunter",
		"host=db password=hunter2 user=aisle",
		`{"password":"hunter2"}`, "redis://:hunter2@cache/0", "Authorization: Bearer hunter2hunter2", "postgres://a:hunter2/%zz@db/x",
		"token: hunter2",
	} {
		if strings.HasPrefix(text, "sk_") { // a key has 32 characters
			text = "key sk_" + strings.Repeat("hunter2a", 4) + " is unknown"
		}
		if got := string(clean([]byte(text))); strings.Contains(got, "hunter2") {
			t.Errorf("%q is packed as %q", text, got)
		}
	}
	const plain = `aisle_http_requests_total{route="/v1/keys",code="200"} 3`
	if got := string(clean([]byte(plain))); got != plain {
		t.Errorf("a metric becomes %q", got)
	}
}
