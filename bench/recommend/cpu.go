package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// procStat is what /proc/PID/stat says of a process.
type procStat struct {
	parent int
	own    time.Duration // user and system time of the process
	waited time.Duration // the same of its children that have ended
}

func readStat(pid int) (procStat, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return procStat{}, false
	}
	// The name in parentheses may hold spaces: the fields follow the last one.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	value := func(i int) time.Duration { v, _ := strconv.Atoi(fields[i]); return time.Duration(v) }
	return procStat{parent: int(value(1)), own: (value(11) + value(12)) * tick, waited: (value(13) + value(14)) * tick}, true
}

// treeCPU is the CPU time of a process and of its children, also of those that have ended; 0 for the pid 0.
func treeCPU(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	root, _ := readStat(pid)
	sum := root.own + root.waited
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		child, _ := strconv.Atoi(filepath.Base(e))
		if stat, ok := readStat(child); ok && stat.parent == pid {
			sum += stat.own
		}
	}
	return sum
}

// usage is CPU time since the processes started.
type usage struct{ server, postgres, redis time.Duration }

func (u usage) total() time.Duration { return u.server + u.postgres + u.redis }

func (u usage) minus(v usage) usage {
	return usage{u.server - v.server, u.postgres - v.postgres, u.redis - v.redis}
}

// usage reads the CPU time of the server and of its stores.
func (s *server) usage() usage {
	stat, _ := readStat(s.child.Process.Pid)
	u := usage{server: stat.own}
	if s.stores != nil {
		u.postgres, u.redis = treeCPU(s.stores.postgresPID), treeCPU(s.stores.redisPID)
	}
	return u
}

// each is microseconds of CPU per call.
func each(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(max(n, 1)) }
