// Package procstat reads what Linux counts of a process, for benchmarks: CPU seconds say more than wall time on a shared machine. It knows
// nothing of what is measured. The main type is Stat.
package procstat

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Stat is what /proc/PID/stat says of a process.
type Stat struct {
	Parent   int
	Own      time.Duration // user and system time of the process
	Waited   time.Duration // the same of its children that have ended
	Resident int64         // bytes of memory
}

// Of returns the counts of a process; ok is false when there is none, or no /proc.
func Of(pid int) (s Stat, ok bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return s, false
	}
	// The name in parentheses may hold spaces: the fields follow the last one.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	value := func(i int) int64 { v, _ := strconv.ParseInt(fields[i], 10, 64); return v }
	return Stat{
		Parent: int(value(1)), Own: time.Duration(value(11)+value(12)) * tick, Waited: time.Duration(value(13)+value(14)) * tick,
		Resident: value(21) * int64(os.Getpagesize()),
	}, true
}

// Tree is the CPU time of a process and of its children, also of those that have ended; 0 for the pid 0.
func Tree(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	root, _ := Of(pid)
	sum := root.Own + root.Waited
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		child, _ := strconv.Atoi(filepath.Base(e))
		if stat, ok := Of(child); ok && stat.Parent == pid {
			sum += stat.Own
		}
	}
	return sum
}
