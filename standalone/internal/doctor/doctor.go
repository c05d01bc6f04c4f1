// Package doctor asks a deployment how it stands, through its API, its admin ports and, where
// it is on this machine, its folder and keys file. It says what is wrong and how to mend it,
// and changes nothing. It packs what support needs, without secrets.
//
// Examine is the whole run in its order; each check is a method that calls add, in the file of
// what it looks at. The main type is Report.
package doctor

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Verdict is how a check came out.
type Verdict string

// The verdicts, from good to bad.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn" // it works, and somebody should look; or the check could not be made
	Fail Verdict = "fail" // answers are wrong or missing, or data is in danger
)

// Check is one thing that was looked at, such as {"disk of aisle at 127.0.0.1:9080", "warn",
// …}. Names are for people and for scripts that look for one.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Mend    string  `json:"mend,omitempty"` // what to do; absent when nothing is wrong
}

// Report is what was found, in the order in which it was looked at.
type Report struct {
	Server  string    `json:"server"`
	Version string    `json:"doctor_version"`
	At      time.Time `json:"at"`
	Checks  []Check   `json:"checks"`
}

// ExitCode is 0 when all is well, 1 when there are warnings, 2 when something failed.
func (r Report) ExitCode() int {
	code := 0
	for _, c := range r.Checks {
		switch c.Verdict {
		case Warn:
			code = max(code, 1)
		case Fail:
			code = 2
		}
	}
	return code
}

// Options say what to ask.
type Options struct {
	Server   string   // address of the API
	Key      string   // secret key of a shop; "" in open mode
	Admin    []string // addresses of admin ports, one of each process
	AdminKey string   // service key with admin:read, for admin ports of other machines
	Data     string   // data folder on this machine; "" for none
	KeysFile string   // on this machine; "" for none
	Version  string   // of the program that asks
	Now      func() time.Time
}

// callTime bounds a question to the deployment.
const callTime = 10 * time.Second

// examination is one run: what is asked, and what was found so far.
type examination struct {
	Options
	api      *httpclient.Client
	report   Report
	versions map[string]string // by who said it
	statuses []answered
	known    []recommenderapi.Key
	evidence map[string][]byte // for the bundle, by file name
}

// answered is the status of an admin port.
type answered struct {
	httpserver.Status
	address string
}

// Examine looks at everything that it is told the address of: the API, then admin ports, then
// what several answers say together, then folder and keys file. When the API cannot be reached,
// its checks are left out, and the others still made. It fails only when ctx ends; what cannot
// be asked is a check that failed.
func Examine(ctx context.Context, o Options) (*Examined, error) {
	e := &examination{
		Options: o, api: httpclient.New(httpclient.Options{BaseURL: o.Server, Key: o.Key}), versions: map[string]string{},
		evidence: map[string][]byte{}, report: Report{Server: o.Server, Version: o.Version, At: o.Now().UTC()},
	}
	if e.reachable(ctx) {
		for _, look := range []func(context.Context){e.keys, e.feeds, e.events, e.models, e.jobs, e.answers, e.anomalies} {
			look(ctx)
		}
	}
	for _, address := range o.Admin {
		e.admin(ctx, address)
	}
	e.agree()
	e.keyUse()
	e.folder()
	e.keysFile()
	return &Examined{e.report, e.statuses, e.evidence}, ctx.Err()
}

// Examined is a report with what it rests on.
type Examined struct {
	Report   Report
	statuses []answered
	evidence map[string][]byte
}

// above judges a figure that should be small by the bounds beyond which it is to be warned of
// and fails. A figure at a bound is still within.
func above[T cmp.Ordered](value, warn, fail T) Verdict {
	switch {
	case value > fail:
		return Fail
	case value > warn:
		return Warn
	}
	return OK
}

// add notes a check; what to do is left out of one that passed.
func (e *examination) add(name string, v Verdict, detail, mend string) {
	if v == OK {
		mend = ""
	}
	e.report.Checks = append(e.report.Checks, Check{name, v, detail, mend})
}

// get asks the API and decodes the answer into out. keep is the name under which it goes into
// the bundle, "" for not. It returns false after it has noted the failure as the check.
func (e *examination) get(ctx context.Context, check, path, keep string, out any) bool {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	path, query := split(path)
	resp, err := e.api.Send(ctx, httpclient.Request{Method: http.MethodGet, Path: path, Query: query})
	if err != nil {
		e.unasked(check, path, err)
		return false
	}
	defer resp.Body.Close()
	return e.decode(check, path, keep, resp, out)
}
