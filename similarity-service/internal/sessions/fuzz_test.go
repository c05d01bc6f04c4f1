package sessions

import (
	"bytes"
	"crypto/sha256"
	"testing"
)

// mostFuzzed keeps a case from allocating for millions of items.
const mostFuzzed = 1 << 16

// FuzzRead gives the decoder bodies under a right checksum, so that it is the decoder that must refuse them.
func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	if _, err := mustBuild(f, walks(30, 6, 10), 10, DefaultParams()).WriteTo(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes()[:file.Len()-sha256.Size])
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		m, err := unmarshal(append(bytes.Clone(body), sum[:]...), mostFuzzed)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if _, err := m.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		m.Recommend([]int32{0, 1, 2}, 5)
	})
}
