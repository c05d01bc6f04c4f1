package main

import (
	"time"

	"github.com/aisle-rec/aisle/shared/procstat"
)

// usage is CPU time since the processes started.
type usage struct{ server, postgres, redis time.Duration }

func (u usage) total() time.Duration { return u.server + u.postgres + u.redis }

func (u usage) minus(v usage) usage {
	return usage{u.server - v.server, u.postgres - v.postgres, u.redis - v.redis}
}

// usage reads the CPU time of the server and of its stores.
func (s *server) usage() usage {
	stat, _ := procstat.Of(s.child.Process.Pid)
	u := usage{server: stat.Own}
	if s.stores != nil {
		u.postgres, u.redis = procstat.Tree(s.stores.postgresPID), procstat.Tree(s.stores.redisPID)
	}
	return u
}

// each is microseconds of CPU per call.
func each(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(max(n, 1)) }
