package httpserver

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/readiness"
)

// About is what a process knows of itself from its start on.
type About struct {
	Program   string            `json:"program"`
	Version   string            `json:"version"`
	Commit    string            `json:"commit,omitempty"`
	Go        string            `json:"go"`
	StartedAt time.Time         `json:"started_at"`
	Settings  map[string]string `json:"settings,omitempty"` // without secrets
}

// Status is what the admin port answers at /status: what a process is and how it stands, for "aisle doctor".
type Status struct {
	About
	Now       time.Time            `json:"now"`
	Schemas   []database.Schema    `json:"schemas,omitempty"`
	Folders   []Room               `json:"folders,omitempty"`
	Files     *Files               `json:"files,omitempty"`
	Parts     []Part               `json:"parts,omitempty"`
	KeysUsed  map[string]time.Time `json:"keys_used,omitempty"` // when a key was last used here, by its id, since the start
	OpenToAll bool                 `json:"open_to_all"`         // no keys are asked for on this machine
}

// Part is a readiness.Part as JSON.
type Part struct {
	Name  string   `json:"name"`
	Error string   `json:"error,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// Room is a folder that the process writes into, and what is free on its disk, in bytes.
type Room struct {
	Folder string `json:"folder"`
	Free   uint64 `json:"free_bytes"`
	Total  uint64 `json:"total_bytes"`
}

// Files are the files and connections that the process has open and may have open.
type Files struct {
	Open  int    `json:"open"`
	Limit uint64 `json:"limit"`
}

// Diagnosed is implemented by services that have more to say of how they stand.
type Diagnosed interface {
	// Schemas reads the versions of the databases' tables.
	Schemas(ctx context.Context) []database.Schema
	// Folders are the folders that the service writes into.
	Folders() []string
	Ready(ctx context.Context) []readiness.Part
}

// statusTime bounds how long the databases are waited for.
const statusTime = 5 * time.Second

// statusHandler answers what is known within statusTime; a part that does not answer says so
// itself.
func statusHandler(service Service, ports Ports) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), statusTime)
		defer cancel()
		s := Status{About: ports.About, Files: openFiles(), KeysUsed: ports.Auth.Used(), OpenToAll: ports.Auth.Open()}
		if d, ok := service.(interface {
			Ready(ctx context.Context) []readiness.Part
		}); ok {
			for _, p := range d.Ready(ctx) {
				part := Part{Name: p.Name, Notes: p.Note}
				if p.Err != nil {
					part.Error = p.Err.Error()
				}
				s.Parts = append(s.Parts, part)
			}
		}
		if d, ok := service.(Diagnosed); ok {
			s.Schemas = d.Schemas(ctx)
			for _, folder := range d.Folders() {
				if room, err := RoomOf(folder); err == nil {
					s.Folders = append(s.Folders, room)
				}
			}
		}
		s.Now = time.Now().UTC()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(s) // the connection may be gone; there is nobody left to tell
	})
}

// RoomOf asks how much is free on the disk of a folder, for programs that are not root.
func RoomOf(folder string) (Room, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil {
		return Room{}, err
	}
	size := uint64(fs.Bsize)
	return Room{Folder: folder, Free: fs.Bavail * size, Total: fs.Blocks * size}, nil
}

// openFiles is nil where the system does not say.
func openFiles() *Files {
	var limit syscall.Rlimit
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return nil
	}
	return &Files{Open: len(entries) - 1, Limit: limit.Cur} // without the folder itself
}
