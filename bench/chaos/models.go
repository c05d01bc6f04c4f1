package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// checksumBytes end a snapshot: the SHA-256 of all before, as docs/snapshot-format.md says.
const checksumBytes = sha256.Size

// models is what is known of everything that was ever published.
type models struct {
	documents int                          // changes of what is live
	checked   map[string]bool              // versions that were whole
	change    map[string]string            // by job: the change that made its models live
	live      map[string]map[string]string // by change: what was live of each relation
	half      []string                     // what must not be
}

func newModels() *models {
	return &models{checked: map[string]bool{}, change: map[string]string{}, live: map[string]map[string]string{}}
}

// modelFiles counts the finished files of the snapshots' folder.
func (w *world) modelFiles() (n int) {
	_ = filepath.WalkDir(filepath.Join(w.models, "shops", "default"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".tmp") && !strings.Contains(path, "jobs") {
			n++
		}
		return nil
	})
	return n
}

// check reads every change of what is live that is kept, opens every model that one of them made live and still has a file, and compares checksums. A recompute's
// models must have become live by one change.
func (m *models) check(w *world) error {
	folder := filepath.Join(w.models, "shops", "default")
	names, err := filepath.Glob(filepath.Join(folder, "live", "*.json"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	before := map[string]string{}
	for _, name := range names {
		number := filepath.Base(name)
		if live, known := m.live[number]; known {
			before = live
			continue
		}
		var set struct {
			Relations map[string]struct{ Version string } `json:"relations"`
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read what is live: %w", err)
		}
		if err := json.Unmarshal(data, &set); err != nil {
			m.half = append(m.half, fmt.Sprintf("%s is torn: %v", number, err))
			continue
		}
		m.documents++
		live := map[string]string{}
		for relation, p := range set.Relations {
			live[relation] = p.Version
			if before[relation] != p.Version {
				m.became(w, folder, number, p.Version)
			}
		}
		m.live[number], before = live, live
	}
	return nil
}

// became checks a version that a change has made live.
func (m *models) became(w *world, folder, change, version string) {
	var description similarityapi.Model
	data, err := os.ReadFile(filepath.Join(folder, "models", version+".json"))
	if err == nil {
		err = json.Unmarshal(data, &description)
	}
	if err != nil {
		m.half = append(m.half, fmt.Sprintf("the description of %s, live by %s: %v", version, change, err))
		return
	}
	if first, known := m.change[description.JobID]; known && first != change {
		m.half = append(m.half, fmt.Sprintf("models of job %s became live by the changes %s and %s", description.JobID, first, change))
	}
	m.change[description.JobID] = change
	if w.damaged[version] {
		return
	}
	content, err := os.ReadFile(filepath.Join(folder, "snapshots", version+".aisle"))
	if err != nil || len(content) < checksumBytes {
		m.half = append(m.half, fmt.Sprintf("the snapshot of %s, %d bytes: %v", version, len(content), err))
		return
	}
	end := len(content) - checksumBytes
	inner := sha256.Sum256(content[:end])
	if !bytes.Equal(inner[:], content[end:]) {
		m.half = append(m.half, fmt.Sprintf("the snapshot of %s does not have the checksum that ends it", version))
	}
	if sum := hex.EncodeToString(inner[:]); sum != description.Checksum {
		m.half = append(m.half, fmt.Sprintf("the snapshot of %s has the checksum %s, described is %s", version, sum, description.Checksum))
	}
	m.checked[version] = true
}
