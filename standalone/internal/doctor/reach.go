package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

const (
	// skewWarn is more than the network and a clock that is kept in step make; from skewFail on user tokens and the
	// times of events go wrong.
	skewWarn = 2 * time.Second
	skewFail = time.Minute
	// answerLimit bounds what is read of an answer.
	answerLimit = 16 << 20
)

// split divides a path from its query, which the client wants apart.
func split(path string) (string, url.Values) {
	path, raw, _ := strings.Cut(path, "?")
	query, _ := url.ParseQuery(raw) // of this package's own constants
	return path, query
}

// reachable asks for the API's document, which needs no key, and reports whether anything of
// Aisle is there. The answer's version and date are checks on the way.
func (e *examination) reachable(ctx context.Context) bool {
	var document struct {
		Info struct{ Version string }
	}
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	began := e.Now()
	resp, err := e.api.Send(limited, httpclient.Request{Method: http.MethodGet, Path: "/openapi.json"})
	if err != nil {
		e.add("reachable", Fail, fmt.Sprintf("%s does not answer: %v", e.Server, err), "start Aisle, or pass its address with --server")
		return false
	}
	defer resp.Body.Close()
	ended := e.Now()
	if !e.decode("reachable", "/openapi.json", "", resp, &document) {
		return false
	}
	e.versions["the API"] = document.Info.Version
	e.add("reachable", OK, fmt.Sprintf("%s answers in %d ms", e.Server, ended.Sub(began).Milliseconds()), "")
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		e.add("clock", Warn, "the answer has no date", "let the proxy before Aisle pass the header Date on")
		return true
	}
	e.skew("clock", "the server's clock", at, began.Truncate(time.Second), ended)
	return true
}

// skew compares a clock that was read between began and ended: what lies between is no
// difference, however long the answer took.
func (e *examination) skew(name, what string, at, began, ended time.Time) {
	var off time.Duration
	switch {
	case at.Before(began):
		off = began.Sub(at)
	case at.After(ended):
		off = at.Sub(ended)
	}
	detail := fmt.Sprintf("%s is %s off that of this machine", what, off.Round(time.Millisecond))
	const mend = "keep the clocks of both machines in step (chrony, systemd-timesyncd): times of events and user tokens depend on them"
	switch {
	case off >= skewFail:
		e.add(name, Fail, detail, mend)
	case off >= skewWarn:
		e.add(name, Warn, detail, mend)
	default:
		e.add(name, OK, what+" agrees with that of this machine", "")
	}
}

// unasked notes that a question got no answer. A key that is missing or may not ask is a
// warning: nothing is known to be wrong.
func (e *examination) unasked(check, path string, err error) {
	var p *apierror.Problem
	switch {
	case errors.As(err, &p) && p.Status == http.StatusUnauthorized:
		e.add(check, Warn, "not looked at: "+p.Detail, "pass a secret key of the shop with --key or AISLE_API_KEY")
	case errors.As(err, &p) && p.Status == http.StatusForbidden:
		e.add(check, Warn, "not looked at: "+p.Detail, "pass a key that holds the scope")
	default:
		e.add(check, Fail, fmt.Sprintf("%s is not answered: %v", path, err), "look at the log of the service that owns it, and at /readyz")
	}
}

// decode reads an answer into out, and keeps its text for the bundle. What is no JSON of
// Aisle's came from something else at the address.
func (e *examination) decode(check, path, keep string, resp *http.Response, out any) bool {
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		e.add(
			check, Fail, fmt.Sprintf("the answer of %s is not Aisle's: %v", path, err),
			"check that --server is the address of Aisle, without a path",
		)
		return false
	}
	if keep != "" {
		e.evidence[keep] = data
	}
	return true
}

// ago is an age in the unit that says most.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
