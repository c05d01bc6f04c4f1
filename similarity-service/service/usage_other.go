//go:build !unix

package service

import (
	"runtime"
	"runtime/metrics"
)

// cpuSeconds is the processor time of this process as the Go runtime estimates it.
func cpuSeconds() float64 {
	sample := []metrics.Sample{{Name: "/cpu/classes/user:cpu-seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return sample[0].Value.Float64()
}

// peakBytes is the memory that the Go runtime holds from the system.
func peakBytes() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
