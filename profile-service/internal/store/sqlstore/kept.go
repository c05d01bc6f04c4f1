package sqlstore

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// keptBytes bounds what is remembered of visitors: some 8,000 of them with 133 items each.
const keptBytes = 16 << 20

// kept remembers the visitors of a SQLite file as they were last read or written: its readers lose their pages with every commit. This
// process is the file's only writer and so knows what has changed: before a commit is acknowledged it raises the stamps of the subjects
// that it has touched, or of all, and what is remembered of an earlier stamp holds no longer. A nil kept, as Postgres has it with its many
// writers, remembers nothing.
type kept struct {
	seed   maphash.Seed
	all    atomic.Uint64
	stamps [1 << 12]atomic.Uint64 // by hash of the subject
	rows   *otter.Cache[keptKey, keptRow]
}

// keptKey names a subject. Its shop is told by number: only one that has data can be
// remembered.
type keptKey struct {
	shopID  int64
	subject string
}

// keptRow is a subject that is merged into no other.
type keptRow struct {
	visitorRow
	last  int64 // seq up to which it holds the visitor's events
	whole bool  // with the user's record and what lies beside; else only what an append needs
	stamp uint64
}

// newKept returns an empty memory. An entry is weighed by its state and its record, with 400
// bytes for the rest of it.
func newKept() *kept {
	return &kept{seed: maphash.MakeSeed(), rows: otter.Must(&otter.Options[keptKey, keptRow]{
		MaximumWeight: keptBytes,
		Weigher: func(_ keptKey, r keptRow) uint32 {
			size := 400 + len(r.state.Data)
			if r.user != nil {
				size += len(r.user.Body)
			}
			return uint32(size)
		},
	})}
}

// close ends the cache's own goroutines.
func (k *kept) close() {
	if k != nil {
		k.rows.StopAllGoroutines()
	}
}

// stamp is another number after everything that may change what is stored of a subject. It is
// taken before a row is read: what is read while somebody commits has an old stamp and is not
// used.
func (k *kept) stamp(key keptKey) uint64 {
	if k == nil {
		return 0
	}
	return k.all.Load() + k.of(key).Load() // both only rise
}

// of is the stamp that a subject shares with some others; a change of those costs one more
// reading.
func (k *kept) of(key keptKey) *atomic.Uint64 {
	return &k.stamps[(maphash.String(k.seed, key.subject)+uint64(key.shopID))%uint64(len(k.stamps))]
}

// row returns what is remembered of a subject, if it still holds.
func (k *kept) row(key keptKey) (r keptRow, ok bool) {
	if k == nil || key.subject == "" {
		return r, false
	}
	r, ok = k.rows.GetIfPresent(key)
	return r, ok && r.stamp == k.stamp(key)
}

// read remembers a row that was read after its stamp. Of merged subjects nothing is remembered:
// a change of the other would have to find them.
func (k *kept) read(key keptKey, r keptRow) {
	if k != nil && r.canonical == r.visitor && r.visitor != 0 {
		k.rows.Set(key, r)
	}
}

// visitor returns what is remembered of a user and a session, when that is everything and the
// states were made with the present weights. Either may be "". LastSeq is then that of the
// later reading, which may be behind the shop's: nothing of the visitor has come since.
func (k *kept) visitor(shopID int64, userID, sessionID string, weights int64) (v store.Visitor, ok bool) {
	user, session := subjectsOf(userID, sessionID)
	for _, subject := range [...]string{user, session} {
		if subject == "" {
			continue
		}
		r, ok := k.row(keptKey{shopID, subject})
		if !ok || !r.whole || r.weights != weights {
			return v, false
		}
		v.LastSeq = max(v.LastSeq, r.last)
		r.addTo(&v)
	}
	return v, k != nil
}

// changed says that anything may have changed: all that is remembered is of no more use.
func (k *kept) changed() {
	if k != nil {
		k.all.Add(1)
	}
}

// appended remembers what an append has written, while nobody else writes. It looks at what was
// remembered before it raises the stamps, keeps of that what an append does not change (the
// record, what lies beside), and puts the new states under the new stamps. A subject that is
// merged raises the stamp of the one it is stored under.
func (k *kept) appended(a *appendTx) {
	if k == nil {
		return
	}
	before := make(map[string]keptRow, len(a.people.bySubject))
	for subject, p := range a.people.bySubject {
		key := keptKey{a.shopID, subject}
		if r, ok := k.row(key); ok {
			before[subject] = r
		}
		if p.canonical != p.visitor {
			k.of(keptKey{a.shopID, p.canonicalSubject}).Add(1)
		}
	}
	for subject := range a.people.bySubject {
		k.of(keptKey{a.shopID, subject}).Add(1)
	}
	for i, visitor := range a.moved.visitors {
		p := a.people.byVisitor[visitor]
		key := keptKey{a.shopID, p.canonicalSubject}
		if a.people.bySubject[key.subject] != p {
			continue // the events came under another name
		}
		r := before[key.subject]
		r.person = *p
		r.subject, r.weights, r.person.state = key.subject, int64(a.s.states.Fingerprint()), nil
		r.state.Version, r.state.Data = a.moved.versions[i], a.moved.data[i]
		r.last, r.stamp = max(r.last, r.state.Version), k.stamp(key)
		k.rows.Set(key, r)
	}
}
