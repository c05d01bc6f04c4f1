package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Document is one version of a configured thing: a scenario, a rule, an experiment. Versions
// are never changed; the newest is in force. Author is the id of a key or what else acted, and
// Body a JSON object.
type Document struct {
	ID        string
	Version   int64
	Deleted   bool
	Author    string
	CreatedMs int64
	Body      []byte
}

// configChannel is where the kind is notified of which something was put.
const configChannel = "aisle_configuration"

// FollowDocuments calls f whenever a thing of any kind may have been put by another process, until ctx ends. It returns at once on SQLite,
// where every write of this process would look like one, and others are seldom.
func (s *Store) FollowDocuments(ctx context.Context, f func()) {
	if s.Postgres() == nil {
		return
	}
	s.Listen(ctx, configChannel, func(string) { f() })
}

// selectDocument reads what scanDocument scans.
const selectDocument = "select id, version, deleted, author, created_ms, body from documents where shop = $1 and kind = $2"

func scanDocument(r *sql.Rows, d *Document) error {
	return r.Scan(&d.ID, &d.Version, &d.Deleted, &d.Author, &d.CreatedMs, &d.Body)
}

// Documents returns the newest version of every thing of a kind, in order of id, deleted ones included.
func (s *Store) Documents(ctx context.Context, shop, kind string) ([]Document, error) {
	list, err := query(ctx, s, scanDocument, selectDocument+` and version =
		(select max(version) from documents d where d.shop = documents.shop and d.kind = documents.kind
			and d.id = documents.id)
		order by id`, shop, kind)
	if err != nil {
		return nil, fmt.Errorf("list %ss: %w", kind, err)
	}
	return list, nil
}

// Stamps returns, for every shop that has things of a kind, a text that changes whenever one of
// them does. It is one statement for all shops, by which replicas that missed a notification
// find out.
func (s *Store) Stamps(ctx context.Context, kind string) (map[string]string, error) {
	type row struct {
		shop                    string
		documents, versions, at int64
	}
	rows, err := query(ctx, s, func(r *sql.Rows, v *row) error { return r.Scan(&v.shop, &v.documents, &v.versions, &v.at) },
		"select shop, count(*), cast(sum(version) as bigint), max(created_ms) from documents where kind = $1 group by shop", kind)
	if err != nil {
		return nil, fmt.Errorf("look for changes of %ss: %w", kind, err)
	}
	stamps := make(map[string]string, len(rows))
	for _, v := range rows {
		stamps[v.shop] = fmt.Sprintf("%d %d %d", v.documents, v.versions, v.at)
	}
	return stamps, nil
}

// History returns the versions of one thing, the newest first, at most limit below version before (0: from the newest).
func (s *Store) History(ctx context.Context, shop, kind, id string, before int64, limit int) ([]Document, error) {
	list, err := query(
		ctx, s, scanDocument, selectDocument+" and id = $3 and ($4 = 0 or version < $4) order by version desc limit $5", shop, kind, id,
		before, limit,
	)
	if err != nil {
		return nil, fmt.Errorf("history of %s %s: %w", kind, id, err)
	}
	return list, nil
}

// DocumentVersion returns one version of a thing, or ErrNotFound.
func (s *Store) DocumentVersion(ctx context.Context, shop, kind, id string, version int64) (Document, error) {
	list, err := query(ctx, s, scanDocument, selectDocument+" and id = $3 and version = $4", shop, kind, id, version)
	if err != nil {
		return Document{}, fmt.Errorf("version %d of %s %s: %w", version, kind, id, err)
	}
	if len(list) == 0 {
		return Document{}, ErrNotFound
	}
	return list[0], nil
}

// Put appends the next version of a thing. check is given the newest version (zero for none) and may refuse with an error of its own, which
// Put returns. Two writers that see the same version: one gets ErrVersion. first is the version that a new thing starts at.
func (s *Store) Put(ctx context.Context, shop, kind string, d Document, first int64, check func(newest Document) error) (int64, error) {
	list, err := query(ctx, s, scanDocument, selectDocument+" and id = $3 order by version desc limit 1", shop, kind, d.ID)
	if err != nil {
		return 0, fmt.Errorf("put %s %s: %w", kind, d.ID, err)
	}
	newest := Document{}
	d.Version = first
	if len(list) > 0 {
		newest, d.Version = list[0], list[0].Version+1
	}
	if err := check(newest); err != nil {
		return 0, err
	}
	err = s.inTx(ctx, func(t *tx) error {
		n, err := t.Exec(ctx, `insert into documents (shop, kind, id, version, deleted, author, created_ms, body)
			values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (shop, kind, id, version) do nothing`,
			shop, kind, d.ID, d.Version, d.Deleted, d.Author, d.CreatedMs, string(d.Body))
		if err == nil && n == 0 {
			return ErrVersion
		}
		if err != nil {
			return err
		}
		return t.Notify(ctx, configChannel, kind)
	})
	if err != nil {
		return 0, fmt.Errorf("put %s %s: %w", kind, d.ID, err)
	}
	return d.Version, nil
}
