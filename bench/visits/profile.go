package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

const (
	runtimeLayer = "runtime and garbage collection"
	otherLayer   = "other"
)

// layers says what functions belong to: a sample counts for the innermost of its functions that is named here, so that what a driver has
// the runtime do, such as making room or calling the system, is the driver's.
var layers = []struct {
	name  string
	parts []string // of the function's name with its package
}{
	{runtimeLayer, []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge"}},
	{"store: SQL and its driver", []string{"jackc/pgx", "modernc.org/", "database/sql", "/internal/store", "shared/database"}},
	{"Redis: client, and the server of one process", []string{"redis"}},
	{"JSON", []string{"encoding/json", "segmentio/encoding", "bytedance/sonic"}},
	{
		"hops: calling another service",
		[]string{
			"net/http.(*persistConn)", "net/http.(*Transport)", "net/http.(*Client)", "shared/httpclient", "shared/profileapi.(*Client)",
			"shared/similarityapi.(*Client)",
		},
	},
	{
		"HTTP: requests and answers",
		[]string{"net/http.", "gin-gonic", "danielgtaylor/huma", "/internal/httpapi", "shared/httpserver", "shared/auth"},
	},
	{"ranking, lists and catalogue", []string{"recommender-service/", "similarity-service/"}},
	{"states and events of visitors", []string{"profile-service/", "shared/visitorstate"}},
}

// profiled takes a CPU profile of each process while visits are made, which no figure but that by layer is made of.
func (b *bench) profiled(ctx context.Context) error {
	if b.options.profile == "" {
		return nil
	}
	var group errgroup.Group
	files := make([]string, len(b.form.programs))
	for n, p := range b.form.programs {
		files[n] = fmt.Sprintf("%s-%s.prof", b.options.profile, p.Name)
		group.Go(func() error {
			data, err := p.Fetch(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%.0f", max(1, b.options.seconds)))
			if err == nil {
				err = os.WriteFile(files[n], data, 0o600)
			}
			if err != nil {
				return fmt.Errorf("take a profile of %s: %w", p.File, err)
			}
			return nil
		})
	}
	f := b.take(ctx, "visit while profiles are taken, connections: 8", load{unit: b.visit, connections: 8, to: everybody})
	if err := group.Wait(); err != nil {
		return err
	}
	b.layers = map[string]float64{}
	for n, p := range b.form.programs {
		shares, err := layersOf(ctx, files[n])
		if err != nil {
			return err
		}
		for name, share := range shares { // a profile misses some of the time that the system counts
			b.layers[name] += share * f.CPU[p.Name]
		}
	}
	for _, process := range []string{"postgres", "redis"} {
		if used := f.CPU[process]; used > 0 {
			b.layers[strings.ToUpper(process[:1])+process[1:]+", the process"] = used
		}
	}
	return nil
}

// traceStart is the first line of a sample as go tool pprof prints it: its time and its innermost function.
var traceStart = regexp.MustCompile(`^\s*([0-9.]+)ms\s+(\S.*)$`)

// layersOf returns the share of each layer in a profile, as go tool pprof prints its samples:
// so nothing here has to read the format.
func layersOf(ctx context.Context, file string) (map[string]float64, error) {
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", "-unit=ms", file).Output()
	if err != nil {
		return nil, fmt.Errorf("read the profile %s with go tool pprof: %w", file, err)
	}
	shares, total := map[string]float64{}, 0.0
	used, name, function := 0.0, "", ""
	count := func() { // function is the outermost
		if name == "" && strings.HasPrefix(function, "runtime.") {
			name = runtimeLayer
		}
		if used > 0 {
			shares[cmp.Or(name, otherLayer)] += used
			total += used
		}
		used, name, function = 0, "", ""
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "-----------+") {
			count()
			continue
		}
		function = strings.TrimSpace(lines.Text())
		if found := traceStart.FindStringSubmatch(lines.Text()); found != nil {
			used, _ = strconv.ParseFloat(found[1], 64)
			function = found[2]
		}
		name = cmp.Or(name, layerOf(function))
	}
	count()
	for name := range shares {
		shares[name] /= total
	}
	return shares, nil
}

// layerOf is the first layer that names a function; "" for none.
func layerOf(function string) string {
	for _, l := range layers {
		for _, part := range l.parts {
			if strings.Contains(function, part) {
				return l.name
			}
		}
	}
	return ""
}

// printLayers prints the layers, the largest first, with their part of all.
func (b *bench) printLayers(w io.Writer) error {
	total := 0.0
	for _, used := range b.layers {
		total += used
	}
	names := slices.SortedFunc(
		maps.Keys(b.layers), func(x, y string) int { return cmp.Or(cmp.Compare(b.layers[y], b.layers[x]), strings.Compare(x, y)) },
	)
	rows := [][]string{{"layer, of a visit", "µs CPU", "share"}}
	for _, name := range names {
		rows = append(rows, []string{name, fmt.Sprintf("%.0f", b.layers[name]), fmt.Sprintf("%.0f %%", 100*b.layers[name]/total)})
	}
	return printTable(w, rows)
}
