package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/httpserver"
)

// Bounds of room on disk and of open files. Below roomFail a commit of the log of SQLite and a
// snapshot may not fit; roomShare is of the disk. spareFiles are what a process opens beside
// connections, and filesInUse the share of its limit from which on it may run out.
const (
	roomFail    = 256 << 20 // bytes: a commit of the log of SQLite and a snapshot
	roomWarn    = 2 << 30
	roomShare   = .1 // of the disk
	spareFiles  = 256
	filesInUse  = .8
	defaultMost = httpserver.DefaultMaxConnections
)

// admin asks an admin port, and judges what it says: its parts, its schemas, its clock, its
// room, its open files. Its pages go into the bundle.
func (e *examination) admin(ctx context.Context, address string) {
	name := strings.TrimPrefix(strings.TrimPrefix(address, "http://"), "https://")
	began := e.Now()
	data, err := e.adminPage(ctx, address, "/status")
	ended := e.Now()
	s := answered{address: name}
	if err == nil {
		err = json.Unmarshal(data, &s.Status)
	}
	if err != nil {
		e.add(
			"admin port "+name, Fail, fmt.Sprintf("%s/status is not answered: %v", address, err),
			"start the process, or pass its address with --admin-url; of another machine with --admin-key, a service "+
				"key with the scope admin:read",
		)
		return
	}
	e.statuses = append(e.statuses, s)
	who := s.Program + " at " + name
	e.versions[who] = s.Version
	e.evidence["admin/"+fileName(name)+"/status.json"] = data
	for _, page := range []string{"/readyz", "/metrics"} {
		if text, err := e.adminPage(ctx, address, page); err == nil {
			e.evidence["admin/"+fileName(name)+page+".txt"] = text
		}
	}
	e.parts(who, s.Parts)
	e.schemas(who, s)
	e.skew("clock of "+who, "its clock", s.Now, began, ended)
	for _, r := range s.Folders {
		e.room(who, r)
	}
	e.files(who, s)
	if s.Settings["keys-file-any-mode"] == "true" || s.Settings["AISLE_KEYS_FILE_ANY_MODE"] == "true" {
		e.add(
			"keys file of "+who, Warn, "a keys file that others can read is taken", "leave --keys-file-any-mode out where files have modes",
		)
	}
}

// adminPage reads a page of an admin port. A status of 400 or more is an error, but for
// /readyz, which has something to say with any.
func (e *examination) adminPage(ctx context.Context, address, page string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+page, nil)
	if err != nil {
		return nil, err
	}
	if e.AdminKey != "" {
		req.Header.Set("Authorization", "Bearer "+e.AdminKey)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err == nil && resp.StatusCode >= 400 && page != "/readyz" {
		err = fmt.Errorf("%s: %.300s", resp.Status, data)
	}
	return data, err
}

// fileName is an address as the name of a folder: "127.0.0.1:9080" is "127.0.0.1_9080".
func fileName(address string) string { return strings.NewReplacer("/", "_", ":", "_").Replace(address) }

// parts judges what a process says of its parts: one with an error fails, one with notes is a
// warning, since answers are made without it.
func (e *examination) parts(who string, parts []httpserver.Part) {
	for _, p := range parts {
		switch {
		case p.Error != "":
			e.add(
				p.Name+" of "+who, Fail, p.Error,
				"the process answers wrongly or not at all until this holds again: see docs/troubleshooting.md",
			)
		case len(p.Notes) > 0:
			e.add(p.Name+" of "+who, Warn, strings.Join(p.Notes, "; "), "answers are made without it: bring it back")
		}
	}
	if !slices.ContainsFunc(parts, func(p httpserver.Part) bool { return p.Error != "" }) {
		e.add("ready "+who, OK, fmt.Sprintf("%d parts are ready", len(parts)), "")
	}
}

// schemas compares the versions of the tables with those that the program works with. An older
// one fails; a newer one is a warning, since a rolling upgrade goes through it.
func (e *examination) schemas(who string, s answered) {
	for _, c := range s.Schemas {
		name := "schema of " + c.Database
		state := fmt.Sprintf("%s of %s has version %d, %s works with %d", c.Kind, c.Database, c.Version, s.Version, c.Needs)
		switch {
		case c.Problem != "":
			e.add(name, Fail, who+": "+c.Problem, "see whether the database answers")
		case c.Dirty:
			e.add(
				name, Fail, state+", and a migration stopped half way",
				"restore the backup made before it, or mend the tables by hand and set schema_migrations.dirty to false",
			)
		case c.Version < c.Needs:
			e.add(name, Fail, state, "run \"migrate up\", or \"aisle migrate up\"")
		case c.Version > c.Needs:
			e.add(name, Warn, state+": a newer program has migrated it", "finish the upgrade: replace "+who+" by the newer version")
		default:
			e.add(name, OK, state, "")
		}
	}
}

// room judges the disk below a folder. Little room by share is only a warning while it is
// little by bytes too: a tenth of a large disk lasts long.
func (e *examination) room(who string, r httpserver.Room) {
	const mend = "free or add room: a full disk stops events from being taken; docs/troubleshooting.md says what can go"
	detail := fmt.Sprintf("%s has %s of %s free", r.Folder, size(r.Free), size(r.Total))
	v := OK
	switch {
	case r.Free < roomFail:
		v = Fail
	case r.Free < roomWarn || float64(r.Free) < roomShare*float64(r.Total) && r.Free < 10*roomWarn:
		v = Warn
	}
	e.add("disk of "+who, v, detail, mend)
}

// files compares open files with the limit of the process, and the limit with the connections
// that it would let in. A system without such limits says nothing.
func (e *examination) files(who string, s answered) {
	if s.Files == nil {
		return
	}
	most := defaultMost
	for _, name := range []string{"max-connections", "AISLE_MAX_CONNECTIONS"} {
		if n, err := strconv.Atoi(s.Settings[name]); err == nil {
			most = n
		}
	}
	detail := fmt.Sprintf("%d files and connections are open, %d may be, and %d connections are let in", s.Files.Open, s.Files.Limit, most)
	switch {
	case float64(s.Files.Open) > filesInUse*float64(s.Files.Limit):
		e.add("limits of "+who, Fail, detail, "raise the limit: ulimit -n, or LimitNOFILE= of the unit")
	case s.Files.Limit < uint64(most)+spareFiles:
		e.add(
			"limits of "+who, Warn, detail,
			fmt.Sprintf("raise the limit to %d or more: ulimit -n, or LimitNOFILE= of the unit", most+spareFiles),
		)
	default:
		e.add("limits of "+who, OK, detail, "")
	}
}

// withoutCommit is a version without the commit behind "+", which the API's document does not have.
func withoutCommit(version string) string {
	version, _, _ = strings.Cut(version, "+")
	return version
}

// agree compares the versions of all that answered, and of the program that asks, without their commits.
func (e *examination) agree() {
	if len(e.versions) == 0 {
		return
	}
	e.versions["this program"] = e.Version
	var said []string
	distinct := map[string]bool{}
	for _, who := range slices.Sorted(maps.Keys(e.versions)) {
		said = append(said, who+" "+e.versions[who])
		distinct[withoutCommit(e.versions[who])] = true
	}
	if len(distinct) == 1 {
		e.add("versions", OK, "all are "+e.Version, "")
		return
	}
	e.add(
		"versions", Warn, strings.Join(said, ", "),
		"during a rolling upgrade this is as it should be; else bring all processes, and the gateway after them, to one version",
	)
}

// size is a number of bytes for people.
func size(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GB", bytes>>30)
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}
