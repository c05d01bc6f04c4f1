package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// checksumBytes end a snapshot: the SHA-256 of all before, as docs/snapshot-format.md says.
const checksumBytes = sha256.Size

// models is what is known of everything that was ever published. It is read from database and
// folder, not from the API, which is what is tested.
type models struct {
	changes int               // of what is live, as far as they were seen
	checked map[string]bool   // versions that were whole
	change  map[string]string // by job: when its models became live
	live    map[string]string // by relation: the version seen last
	half    []string          // what must not be
}

// newModels knows nothing yet.
func newModels() *models {
	return &models{checked: map[string]bool{}, change: map[string]string{}, live: map[string]string{}}
}

// modelFiles counts the finished files of the snapshots' folder.
func (w *world) modelFiles() (n int) {
	_ = filepath.WalkDir(filepath.Join(w.models.folder, "shops", auth.DefaultShop), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".tmp") {
			n++
		}
		return nil
	})
	return n
}

// check reads what is live, opens every model that has become live since the last time and
// still has a file, and compares checksums. A recompute's models must have become live by one
// change: at the same moment. What does not hold is in half; an error is of the drill.
func (m *models) check(ctx context.Context, w *world) error {
	// Opened anew each time: the database may have been away in between.
	tables, err := database.OpenTables(ctx, w.models.url, 1<<10)
	if err != nil {
		return fmt.Errorf("read what is live: %w", err)
	}
	defer tables.Close()
	bodies, err := database.Select(ctx, tables, scanText, "select body from live where shop = $1", auth.DefaultShop)
	if err != nil || len(bodies) == 0 {
		return err
	}
	var set struct {
		Relations map[string]struct{ Version, At string } `json:"relations"`
	}
	if err := json.Unmarshal([]byte(bodies[0]), &set); err != nil {
		return fmt.Errorf("read what is live: %w", err)
	}
	changes := map[string]bool{}
	for relation, p := range set.Relations {
		if m.live[relation] == p.Version {
			continue
		}
		m.live[relation], changes[p.At] = p.Version, true
		described, err := database.Select(
			ctx, tables, scanText, "select body from models where shop = $1 and version = $2", auth.DefaultShop, p.Version,
		)
		if err != nil {
			return fmt.Errorf("read the description of a model: %w", err)
		}
		if len(described) == 0 {
			m.half = append(m.half, fmt.Sprintf("%s is live and has no description", p.Version))
			continue
		}
		m.became(w, p.At, p.Version, described[0])
	}
	m.changes += len(changes)
	return nil
}

// scanText reads a row of one text.
func scanText(r *sql.Rows, text *string) error { return r.Scan(text) }

// became checks a version that a change, named by its moment, has made live: its job, its file,
// the checksum that ends the file and the one that the description has. One that was damaged on
// purpose is not opened.
func (m *models) became(w *world, change, version, described string) {
	var description similarityapi.Model
	if err := json.Unmarshal([]byte(described), &description); err != nil {
		m.half = append(m.half, fmt.Sprintf("the description of %s, live since %s: %v", version, change, err))
		return
	}
	if first, known := m.change[description.JobID]; known && first != change {
		m.half = append(m.half, fmt.Sprintf("models of job %s became live at %s and at %s", description.JobID, first, change))
	}
	m.change[description.JobID] = change
	if w.damaged[version] {
		return
	}
	content, err := os.ReadFile(filepath.Join(w.models.folder, "shops", auth.DefaultShop, "snapshots", version+".aisle"))
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
