package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// expirySoon is how long before its end a key is warned of: a successor has to reach every
	// place that uses it.
	expirySoon = 14 * 24 * time.Hour
	// useWindow is how long all processes must have run before a key counts as used by nobody.
	useWindow = 24 * time.Hour
)

// keys looks at what the keys file says of the shop's keys: those that have ended or will soon,
// and publishable ones that no page or every page can use.
func (e *examination) keys(ctx context.Context) {
	var page profileapi.Page[recommenderapi.Key]
	if !e.get(ctx, "keys", "/v1/keys", "keys.json", &page) {
		return
	}
	bad := 0
	warn := func(k recommenderapi.Key, what, mend string) {
		bad++
		e.add("key "+k.KeyID, Warn, fmt.Sprintf("the %s key %s %s", k.Kind, k.KeyID, what), mend)
	}
	for _, k := range page.Items {
		publishable := k.Kind == string(auth.KindPublishable)
		switch left := k.ExpiresAt.Sub(e.Now()); {
		case !k.ExpiresAt.IsZero() && left <= 0:
			warn(k, "has expired "+ago(-left)+" ago and is refused", "remove it: aisle keys remove "+k.KeyID)
		case !k.ExpiresAt.IsZero() && left < expirySoon:
			warn(k, "expires in "+ago(left), "make its successor now: aisle keys create")
		case publishable && len(k.Origins) == 0:
			warn(k, "has no origin: no page can use it", "make one with --origin https://shop.example, and remove this one")
		case publishable && slices.Contains(k.Origins, "*"):
			warn(k, "can be used by every page of the web", "make one with the origins of the shop, and remove this one")
		}
	}
	if bad == 0 {
		e.add("keys", OK, fmt.Sprintf("%d keys of the shop, all in order", len(page.Items)), "")
	}
	e.known = page.Items
}

// keyUse looks for keys that no process has seen. Processes remember since their start, so that
// nothing is said before all of those asked have run for useWindow; and processes that were not
// asked may have seen a key.
func (e *examination) keyUse() {
	if len(e.statuses) == 0 || len(e.known) == 0 {
		return
	}
	used, since := map[string]bool{}, e.Now()
	youngest := time.Duration(1<<63 - 1)
	for _, s := range e.statuses {
		for id := range s.KeysUsed {
			used[id] = true
		}
		youngest = min(youngest, since.Sub(s.StartedAt))
	}
	var idle []string
	inUse := 0
	for _, k := range e.known {
		if used[k.KeyID] {
			inUse++
		} else if e.Now().Sub(k.CreatedAt.Time) > useWindow {
			idle = append(idle, k.KeyID)
		}
	}
	if youngest < useWindow || len(idle) == 0 {
		e.add(
			"use of keys", OK,
			fmt.Sprintf("%d of %d keys were used since the processes started, %s ago", inUse, len(e.known), ago(youngest)), "",
		)
		return
	}
	e.add(
		"use of keys", Warn, fmt.Sprintf("in %s nobody has used %s", ago(youngest), strings.Join(idle, ", ")),
		"remove keys that nobody needs: aisle keys remove ID",
	)
}

// folder looks at the data folder on this machine: that it is there, has room and is closed to
// other users, and how large its files are.
func (e *examination) folder() {
	if e.Data == "" {
		return
	}
	info, err := os.Stat(e.Data)
	if err != nil || !info.IsDir() {
		e.add("data folder", Fail, fmt.Sprintf("%s is no folder that can be read: %v", e.Data, err),
			"pass the folder of aisle serve --data")
		return
	}
	if room, err := httpserver.RoomOf(e.Data); err == nil {
		e.room("the data folder", room)
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		e.add(
			"data folder", Warn, fmt.Sprintf("every user of this machine can look into %s (mode %04o)", e.Data, mode),
			"chmod 700 "+e.Data,
		)
	} else {
		e.add("data folder", OK, e.Data+" is closed to other users", "")
	}
	var sizes []string
	for _, name := range []string{"profile.db", "profile.db-wal", "similarity.db", "recommender.db"} {
		if info, err := os.Stat(filepath.Join(e.Data, name)); err == nil {
			sizes = append(sizes, name+" "+size(uint64(info.Size())))
		}
	}
	e.add("files", OK, strings.Join(sizes, ", "), "")
}

// keysFile looks at the keys file on this machine: that it can be read, by nobody else.
func (e *examination) keysFile() {
	if e.KeysFile == "" {
		return
	}
	info, err := os.Stat(e.KeysFile)
	if err == nil {
		_, err = auth.ReadKeysFile(e.KeysFile)
	}
	switch {
	case err != nil:
		e.add("keys file", Fail, err.Error(),
			"a server keeps the keys that it read last and cannot start again: mend the file or restore it")
	case info.Mode().Perm()&0o077 != 0:
		e.add(
			"keys file", Fail, fmt.Sprintf("%s can be read or changed by others (mode %04o)", e.KeysFile, info.Mode().Perm()),
			"chmod 600 "+e.KeysFile,
		)
	default:
		e.add("keys file", OK, e.KeysFile+" is closed to other users", "")
	}
}
