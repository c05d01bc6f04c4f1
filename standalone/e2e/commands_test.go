package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// commandsShop is a server with two models, whose commands are tried.
type commandsShop struct {
	dir, address string
	tried        map[string]bool // "rules list"
}

// run runs a command, which has to succeed and to print want.
func (s *commandsShop) run(t *testing.T, want string, args ...string) string {
	t.Helper()
	s.tried[strings.Join(args[:min(2, len(args))], " ")] = true
	code, output := aisle(t, s.address, args...)
	if code != 0 || !strings.Contains(output, want) {
		t.Fatalf("aisle %s: exit code %d, want 0 and %q:\n%s", strings.Join(args, " "), code, want, output)
	}
	return output
}

// member runs a command with --json and returns the first value of a member in what it prints.
func (s *commandsShop) member(t *testing.T, name string, args ...string) string {
	t.Helper()
	output := s.run(t, `"`+name+`"`, append(args, "--json")...)
	var value string
	found := regexp.MustCompile(`"` + name + `":\s*("[^"]*")`).FindStringSubmatch(output)
	if found == nil || json.Unmarshal([]byte(found[1]), &value) != nil {
		t.Fatalf("aisle %s prints no %s:\n%s", strings.Join(args, " "), name, output)
	}
	return value
}

func (s *commandsShop) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEachCommandWorks runs every command that asks a server, in an order in which each has something to act on.
func TestEachCommandWorks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &commandsShop{dir: dir, address: startStandalone(t, dir).programs[0].address, tried: map[string]bool{}}
	tryImports(t, s)
	tryModels(t, s)
	tryConfiguration(t, s)
	tryEvents(t, s)
	for _, command := range leaves(t, "imports", "models", "jobs", "schedules", "scenarios", "rules", "events") {
		if !s.tried[command] {
			t.Errorf("aisle %s is not tried", command)
		}
	}
}

func tryImports(t *testing.T, s *commandsShop) {
	s.run(t, "300 accepted", "import", s.file(t, "products.ndjson", teasAndSaws()))
	s.run(t, "accepted", "import", s.file(t, "events.ndjson", visitsOfTwoTastes(time.Now(), 60, 4)))
	bad := s.file(t, "bad.ndjson",
		`{"type":"view_item","user_id":"late","item_id":"tea1"}`+"\n"+`{"type":"dance","user_id":"late","item_id":"tea1"}`+"\n")
	if code, output := aisle(t, s.address, "import", bad); code != 1 || !strings.Contains(output, "1 accepted, 0 duplicates, 1 rejected") {
		t.Fatalf("a row that is refused: exit code %d\n%s", code, output)
	}
	latest := s.member(t, "import_id", "imports", "list")
	s.run(t, "unknown_type", "imports", "errors", latest)
	s.run(t, latest, "imports", "show", latest)
	s.run(t, "", "imports", "undo", latest)
	s.run(t, "undone", "imports", "list")
	// What has ended cannot be stopped any more, which the command says.
	s.tried["imports cancel"] = true
	if code, output := aisle(t, s.address, "imports", "cancel", latest); code == 0 && !strings.Contains(output, latest) {
		t.Errorf("cancelled an import that has ended: %d %s", code, output)
	}
}

func tryModels(t *testing.T, s *commandsShop) {
	for range 2 {
		s.run(t, "published", "recompute", "--search-seconds", "1")
	}
	job := s.member(t, "job_id", "jobs", "list")
	s.run(t, job, "jobs", "show", job)
	s.run(t, "succeeded", "jobs", "follow", job)
	s.tried["jobs cancel"] = true
	if code, output := aisle(t, s.address, "jobs", "cancel", job); code == 0 || !strings.Contains(output, "ended") {
		t.Errorf("cancelled a job that has ended: %d %s", code, output)
	}
	listed := s.run(t, "similar", "models", "list")
	var similar []string
	for line := range strings.Lines(listed) {
		if strings.HasPrefix(line, "similar-") {
			similar = append(similar, strings.Fields(line)[0])
		}
	}
	if len(similar) < 2 {
		t.Fatalf("two models of similar items, want them in:\n%s", listed)
	}
	s.run(t, similar[0], "models", "show", similar[0])
	s.run(t, "", "models", "compare", similar[0], similar[1])
	page := filepath.Join(s.dir, "report.html")
	s.run(t, "", "models", "report", similar[0], "--page", page)
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "<svg") {
		t.Errorf("the page of a report has no figure: %v", err)
	}
	s.run(t, similar[1], "models", "rollback", "similar")
	s.run(t, similar[0], "models", "activate", similar[0], "--reason", "tried")
	s.run(t, "", "models", "delete", similar[1])
	schedule := s.member(t, "schedule_id", "schedules", "add", "0 3 * * *")
	s.run(t, "0 3 * * *", "schedules", "list")
	s.run(t, "", "schedules", "remove", schedule)
}

func tryConfiguration(t *testing.T, s *commandsShop) {
	s.run(t, "home.for_you", "scenarios", "list")
	s.run(t, "sources", "scenarios", "show", "home.trending")
	scenario := s.file(t, "scenario.json", `{"limit":5,"sources":[{"kind":"best_sellers","weight":1}]}`)
	s.run(t, "my.page", "scenarios", "put", "my.page", scenario)
	s.run(t, "", "recommend", "my.page", "--limit", "3")
	s.run(t, "", "scenarios", "delete", "my.page")
	s.run(t, "1 items", "rules", "put", "no-tea-0", "--action", "hide", "--item", "tea0")
	for n := 1; n < 60; n++ { // more than a page
		rule := strings.NewReader(fmt.Sprintf(`{"action":"hide","item_id":"tea%d"}`, n))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, fmt.Sprintf("http://%s/v1/rules/no-tea-%d", s.address, n), rule)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusCreated {
			t.Fatalf("put a rule: %v, %v", answer, err)
		}
		answer.Body.Close()
	}
	if listed := s.run(t, "hide", "rules", "list"); strings.Count(listed, "no-tea-") != 60 {
		t.Errorf("60 rules were put:\n%s", listed)
	}
	rule := s.file(t, "rule.json", `{"action":"hide","item_id":"tea1"}`)
	s.run(t, "no-tea-1", "rules", "put", "no-tea-1", "--file", rule, "--until", "2099-01-01")
	if code, output := aisle(t, s.address, "rules", "put", "no-tea-1", "--file", rule, "--item", "tea2"); code == 0 {
		t.Errorf("a flag beside a file is passed over: %s", output)
	}
	s.run(t, "", "rules", "remove", "no-tea-1")
}

func tryEvents(t *testing.T, s *commandsShop) {
	s.run(t, "", "audit", "--limit", "3")
	s.run(t, "tea", "events", "search", "--type", "purchase", "--limit", "5")
	s.run(t, "purchase", "events", "stats")
	s.tried["events tail"] = true
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tail := exec.CommandContext(ctx, filepath.Join(binaries, "aisle"), "events", "tail", "--user", "u0", "--server", "http://"+s.address)
	out, err := tail.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() {
		_, err := out.Read(make([]byte, 1))
		told <- err
	}()
	for n := 0; ; n++ { // it tells of events from its start on, which is some time from now
		s.run(t, "1 accepted", "import", s.file(t, "event.ndjson",
			fmt.Sprintf(`{"event_id":"told-%d","type":"view_item","user_id":"u0","item_id":"tea1"}`+"\n", n)))
		select {
		case err := <-told:
			if err != nil {
				t.Errorf("nothing was told of the events that came: %v", err)
			}
			cancel()
			_ = tail.Wait() // it was killed
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// leaves are the commands of groups, as their help names them.
func leaves(t *testing.T, groups ...string) (commands []string) {
	t.Helper()
	for _, group := range groups {
		help, err := exec.Command(filepath.Join(binaries, "aisle"), group, "--help").Output()
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(help), "Available Commands:\n")
		list, _, _ = strings.Cut(list, "\n\n")
		for line := range strings.Lines(list) {
			commands = append(commands, group+" "+strings.Fields(line)[0])
		}
	}
	if len(commands) < 20 {
		t.Fatalf("the help of groups names only %v", commands)
	}
	return commands
}
