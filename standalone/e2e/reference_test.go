package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// documented is an operation of /openapi.json, as far as the test looks at it.
type documented struct {
	ID          string `json:"operationId"`
	Order       int    `json:"x-order"`
	ExampleType string `json:"x-example-type"`
	Tags        []string
	Parameters  []struct {
		Name, In string
		Example  any
	}
	RequestBody struct {
		Content map[string]struct{ Example json.RawMessage }
	}
	Responses map[string]any

	method, path string
}

// reference is the document, and what the answers so far told: the page at /reference fills placeholders in by the same rule.
type reference struct {
	base             string
	latest, previous map[string]string
}

// placeholder stands for a text field of the latest answer that had one of that name, or of the one before.
var placeholder = regexp.MustCompile(`(latest|previous)-([a-z_]+)`)

func (r *reference) filled(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(whole string) string {
		which, name, _ := strings.Cut(whole, "-")
		seen := r.latest
		if which == "previous" {
			seen = r.previous
		}
		return cmp.Or(seen[name], whole)
	})
}

// remember takes the texts of an answer and of the entries of its list, of which the first counts as the latest.
func (r *reference) remember(body []byte) {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	entries, _ := answer["items"].([]any)
	parts := append([]any{answer}, entries...)
	for _, part := range slices.Backward(parts) {
		fields, _ := part.(map[string]any)
		for name, v := range fields {
			if text, ok := v.(string); ok && text != r.latest[name] {
				r.previous[name], r.latest[name] = r.latest[name], text
			}
		}
	}
}

// operations reads the document and returns its operations in the order of the page.
func (r *reference) operations(t *testing.T, ctx context.Context) []documented {
	t.Helper()
	status, body := r.send(t, ctx, http.MethodGet, "/openapi.json", "", nil)
	var doc struct {
		Info  struct{ Description string }
		Tags  []struct{ Name, Description string }
		Paths map[string]map[string]documented
	}
	if err := json.Unmarshal(body, &doc); err != nil || status != http.StatusOK {
		t.Fatalf("/openapi.json: %d, %v", status, err)
	}
	if !strings.Contains(doc.Info.Description, "aisle keys create") {
		t.Error("the description does not explain keys")
	}
	var chapters []string
	for _, tag := range doc.Tags {
		chapters = append(chapters, tag.Name)
		if tag.Description == "" {
			t.Errorf("chapter %s says nothing", tag.Name)
		}
	}
	var all []documented
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b documented) int { return cmp.Compare(a.Order, b.Order) })
	for n, op := range all {
		if op.Order != n+1 {
			t.Fatalf("%s has place %d, want %d", op.ID, op.Order, n+1)
		}
	}
	inChapters := slices.IsSortedFunc(all, func(a, b documented) int {
		return cmp.Compare(slices.Index(chapters, a.Tags[0]), slices.Index(chapters, b.Tags[0]))
	})
	if !inChapters || !slices.Contains(chapters, all[0].Tags[0]) {
		t.Errorf("operations do not stand in the order of the chapters %v", chapters)
	}
	return all
}

// try sends the example of an operation as the page would.
func (r *reference) try(t *testing.T, ctx context.Context, op documented) (int, []byte) {
	t.Helper()
	path, query := op.path, url.Values{}
	for _, p := range op.Parameters {
		if p.Example == nil {
			continue
		}
		text := fmt.Sprint(p.Example)
		if list, ok := p.Example.([]any); ok {
			text = strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
		}
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(r.filled(text)))
		} else {
			query.Set(p.Name, r.filled(text))
		}
	}
	contentType := cmp.Or(op.ExampleType, "application/json")
	body := op.RequestBody.Content[contentType].Example
	if contentType != "application/json" {
		var text string
		if err := json.Unmarshal(body, &text); err != nil {
			t.Fatalf("%s: the example of %s is no text: %v", op.ID, contentType, err)
		}
		body = []byte(text)
	}
	if body != nil {
		return r.send(t, ctx, op.method, path+"?"+query.Encode(), contentType, []byte(r.filled(string(body))))
	}
	return r.send(t, ctx, op.method, path+"?"+query.Encode(), "", nil)
}

// trySoon tries again for a while when what the example asks for is still being made in the background or on its way to a replica.
func (r *reference) trySoon(t *testing.T, ctx context.Context, op documented) (status int, body []byte) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		status, body = r.try(t, ctx, op)
		notYet := op.ID == "import-errors" && len(body) == 0 // the file of the example has a row that is refused
		if status != http.StatusNotFound && (status != http.StatusConflict || op.ID == "cancel-job") &&
			status != http.StatusServiceUnavailable && !notYet {
			break
		}
		<-tick.C
	}
	return status, body
}

func (r *reference) send(t *testing.T, ctx context.Context, method, target, contentType string, body []byte) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, r.base+target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// seedVisits gives the shop enough visits that a job takes a moment, and its first model, before which no other can be rolled back.
func seedVisits(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	items := []string{"teapot", "mug-blue", "kettle", "tray", "saucer", "spoon"}
	var rows []profileapi.Item
	for _, id := range items {
		rows = append(rows, profileapi.Item{ItemID: id, Title: "Good " + id})
	}
	if answer, err := c.profile.PutItems(ctx, rows); err != nil || answer.Accepted != len(rows) {
		t.Fatalf("put items: %+v, %v", answer, err)
	}
	var events []profileapi.Event
	for n := range 900 {
		at := time.Now().Add(-time.Duration(n) * time.Minute)
		e := profileapi.Event{Type: "view_item", UserID: fmt.Sprintf("visitor-%d", n/3), ItemID: items[(n/3+n%3)%len(items)]}
		e.OccurredAt.Time = at
		events = append(events, e)
	}
	events = append(events, profileapi.Event{Type: "view_item", UserID: "bob", ItemID: "tray"})
	post(t, ctx, c, events)
	eventually(t, ctx, "the first model", func() error { // the catalogue reaches the similarity-service in its own time
		job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: 1, Publish: "always", Reason: "there is no other"})
		if err == nil {
			_, err = c.similarity.WaitForJob(ctx, job.JobID, nil)
		}
		return err
	})
}

// TestReference tries the example of every operation, in the order of the page, and wants the status that the document names.
func TestReference(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := startStandalone(t, t.TempDir())
	seedVisits(t, ctx, d.connect(""))
	r := &reference{base: "http://" + d.programs[0].address, latest: map[string]string{}, previous: map[string]string{}}
	operations := r.operations(t, ctx)
	if len(operations) < 80 {
		t.Fatalf("%d operations", len(operations))
	}
	answers := newAnswers(t, ctx, r)
	var evaluation documented
	for _, op := range operations {
		status, body := r.trySoon(t, ctx, op)
		for n := 0; op.ID == "cancel-job" && status == http.StatusConflict && n < 20; n++ { // the job was done before
			_, started := r.trySoon(t, ctx, evaluation)
			r.remember(started)
			status, body = r.try(t, ctx, op)
		}
		if op.ID == "start-evaluation" {
			evaluation = op
		}
		if _, ok := op.Responses[fmt.Sprint(status)]; !ok || status/100 != 2 {
			t.Errorf("%s %s (%s): %d %s", op.method, op.path, op.ID, status, body)
			continue
		}
		r.remember(body)
		answers.take(t, op, status, body)
	}
	answers.compare(t, operations)
}
