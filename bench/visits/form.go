package main

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/bench/internal/program"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/procstat"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// form is a way to run Aisle: "three" processes on Postgres and Redis, or "one" on SQLite,
// where all three addresses are the same.
type form struct {
	programs                         []*program.Program // in the order in which they start
	profile, similarity, recommender string             // addresses of the APIs
	stores                           *stores            // nil: inside the process
}

// newForm prepares a form whose data is in a folder; nothing runs yet. Databases are made here.
// close takes it down.
func newForm(ctx context.Context, o *options, folder string) (*form, error) {
	if o.form == "one" {
		p, err := program.New(folder, "aisle", filepath.Join(o.bin, "aisle"))
		if err != nil {
			return nil, err
		}
		p.Args = []string{"serve", "--listen", p.Addr, "--admin-listen", p.Admin, "--data", filepath.Join(folder, "data"),
			"--log-level", "warn",
			"--recommender-cache-mb", strconv.Itoa(o.cacheMB)}
		if o.profile != "" {
			p.Args = append(p.Args, "--pprof")
		}
		return &form{programs: []*program.Program{p}, profile: p.Addr, similarity: p.Addr, recommender: p.Addr}, nil
	}
	f := &form{}
	for _, name := range []string{"profile", "similarity", "recommender"} {
		p, err := program.New(folder, name, filepath.Join(o.bin, name+"-service"))
		if err != nil {
			return nil, err
		}
		f.programs = append(f.programs, p)
	}
	f.profile, f.similarity, f.recommender = f.programs[0].Addr, f.programs[1].Addr, f.programs[2].Addr
	var err error
	if f.stores, err = openStores(ctx, filepath.Join(o.bin, "migrate")); err != nil {
		return nil, err
	}
	for _, p := range f.programs {
		p.Env = append(f.stores.env(), "AISLE_LISTEN="+p.Addr, "AISLE_ADMIN_LISTEN="+p.Admin, "AISLE_PROFILE_URL=http://"+f.profile,
			"AISLE_SIMILARITY_URL=http://"+f.similarity, "AISLE_BLOB_URL=file://"+filepath.Join(folder, "models"), "AISLE_LOG_LEVEL=warn",
			"AISLE_SERVICE_KEY=a-key-that-only-the-services-know", "AISLE_RECOMMENDER_CACHE_MB="+strconv.Itoa(o.cacheMB), "AISLE_PPROF="+
				strconv.FormatBool(o.profile != ""))
	}
	return f, nil
}

// start runs the programs, each when the one before is ready.
func (f *form) start(ctx context.Context) error {
	for _, p := range f.programs {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the programs, the last one first, and waits for them.
func (f *form) stop() {
	for n := len(f.programs) - 1; n >= 0; n-- {
		f.programs[n].Stop()
	}
}

// close drops what newForm made.
func (f *form) close() {
	f.stop()
	if f.stores != nil {
		f.stores.close()
	}
}

// usage is the CPU time of each process since its start, stores included.
func (f *form) usage() map[string]time.Duration {
	u := map[string]time.Duration{}
	for _, p := range f.programs {
		stat, _ := procstat.Of(p.PID())
		u[p.Name] = stat.Own
	}
	if f.stores != nil {
		u["postgres"], u["redis"] = procstat.Tree(f.stores.postgresPID), procstat.Tree(f.stores.redisPID)
	}
	return u
}

// clients are typed clients of the services that are filled.
type clients struct {
	profile    *profileapi.Client
	similarity *similarityapi.Client
}

// clients ask the services straight, without keys.
func (f *form) clients() clients {
	return clients{
		profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + f.profile})),
		similarityapi.NewClient(httpclient.New(httpclient.Options{BaseURL: "http://" + f.similarity})),
	}
}
