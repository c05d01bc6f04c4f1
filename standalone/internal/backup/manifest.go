package backup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// formatVersion of a backup.
//
//	1: manifest.json, the three databases, models, keys.json
const formatVersion = 1

// Manifest says what a backup holds: JSON in manifest.json, written last. Files has every other
// file.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"aisle_version"`
	BegunAt time.Time `json:"begun_at"` // everything that was acknowledged before is in it
	EndedAt time.Time `json:"ended_at"` // nothing that came after is in it
	Counts  Counts    `json:"counts"`
	Schemas Schemas   `json:"schemas"`
	Files   []File    `json:"files"`
}

// Counts are the rows of all shops.
type Counts struct {
	Events     int64 `json:"events"`
	Visitors   int64 `json:"visitors"`
	Users      int64 `json:"users"`
	Items      int64 `json:"items"`
	Models     int64 `json:"models"`
	LiveModels int64 `json:"live_models"`
	Documents  int64 `json:"documents"` // scenarios, rules and experiments
	Decisions  int64 `json:"decisions"`
}

// Schemas are the versions of the tables by the name of the database.
type Schemas map[string]int64

// File is one of a backup.
type File struct {
	Path   string `json:"path"` // below the folder, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// fill counts and digests what is in a folder.
func (m *Manifest) fill(ctx context.Context, folder string) (err error) {
	if m.Counts, m.Schemas, err = count(ctx, folder); err != nil {
		return err
	}
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == manifestName {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		f := File{Path: filepath.ToSlash(name)}
		if f.Bytes, f.SHA256, err = digest(path); err != nil {
			return err
		}
		m.Files = append(m.Files, f)
		return nil
	})
}

// count reads the databases of a folder that no server has open: the rows of their tables, over
// all shops, and their schema versions.
func count(ctx context.Context, folder string) (c Counts, s Schemas, err error) {
	s = Schemas{}
	for name, questions := range map[string]map[string]any{
		"profile.db": {
			"select count(*) from events": &c.Events, "select count(*) from visitors": &c.Visitors,
			"select count(*) from users": &c.Users, "select count(*) from items": &c.Items,
		},
		"similarity.db":  {"select count(*) from models": &c.Models},
		"recommender.db": {"select count(*) from documents": &c.Documents, "select count(*) from decisions": &c.Decisions},
	} {
		err := withDatabase(filepath.Join(folder, name), func(db *sql.DB) error {
			var version int64
			if err := db.QueryRowContext(ctx, "select version from schema_migrations").Scan(&version); err != nil {
				return err
			}
			s[name] = version
			for question, answer := range questions {
				if err := db.QueryRowContext(ctx, question).Scan(answer); err != nil {
					return fmt.Errorf("%s: %w", question, err)
				}
			}
			return nil
		})
		if err != nil {
			return c, s, fmt.Errorf("count what is in %s: %w", name, err)
		}
	}
	live, err := liveModels(ctx, filepath.Join(folder, "similarity.db"))
	for _, relations := range live {
		c.LiveModels += int64(len(relations))
	}
	return c, s, err
}

// liveModels are the live versions of each shop, by relation, as the similarity-service's table
// has them; a relation without one is left out.
func liveModels(ctx context.Context, path string) (map[string]map[string]string, error) {
	live := map[string]map[string]string{}
	err := withDatabase(path, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "select shop, body from live")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var shop, body string
			if err := rows.Scan(&shop, &body); err != nil {
				return err
			}
			var said struct {
				Relations map[string]struct{ Version string }
			}
			if err := json.Unmarshal([]byte(body), &said); err != nil {
				return fmt.Errorf("what is live in shop %s: %w", shop, err)
			}
			live[shop] = map[string]string{}
			for relation, pointer := range said.Relations {
				if pointer.Version != "" {
					live[shop][relation] = pointer.Version
				}
			}
		}
		return rows.Err()
	})
	return live, err
}

// Read reads the manifest of a backup and compares every file with it. All files that differ
// are told at once. Files that the manifest does not name are not looked at. It reads the whole
// backup.
func Read(folder string) (m Manifest, err error) {
	data, err := os.ReadFile(filepath.Join(folder, manifestName))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, fmt.Errorf("%s is no backup of aisle: %w", folder, err)
	}
	if m.Format != formatVersion {
		return m, fmt.Errorf(
			"the backup %s has format %d, this program reads %d: restore it with Aisle %s", folder, m.Format, formatVersion, m.Version,
		)
	}
	var problems []error
	for _, f := range m.Files {
		size, sum, err := digest(filepath.Join(folder, filepath.FromSlash(f.Path)))
		switch {
		case err != nil:
			problems = append(problems, err)
		case size != f.Bytes || sum != f.SHA256:
			problems = append(problems, fmt.Errorf("%s is not as it was written: use another backup", f.Path))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return m, fmt.Errorf("the backup %s is not whole: %w", folder, err)
	}
	return m, nil
}
