package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"github.com/aisle-rec/aisle/shared/audit"
)

// visitorHash is what a visitor of an experiment is stored as: the first 128 bits of SHA-256 over shop, experiment and visitor, in
// hexadecimal. It is the same in every replica and at any time. It cannot be turned back, and one person has another hash in each
// experiment; but who has both the table and a list of ids can find out which of them took part, so that the rows are removed in time and
// with the person. Migration 0002 computes the same.
func visitorHash(shop, experiment, visitor string) string {
	sum := sha256.Sum256([]byte(shop + "\n" + experiment + "\n" + visitor)) // no id holds a line feed
	return hex.EncodeToString(sum[:16])
}

// Oldest are the moments, in epoch milliseconds, that the oldest rows of each kind may be from.
// Counted rows go with the clicks.
type Oldest struct{ DecisionsMs, ClicksMs, ItemsMs, LinesMs, AuditMs int64 }

// Purge removes what is older, table by table, each in a transaction of its own: a failure
// leaves the rest for the next time. A moment of 0 removes nothing.
func (s *Store) Purge(ctx context.Context, o Oldest) error {
	for _, step := range []struct {
		statement string
		beforeMs  int64
	}{
		{"delete from decisions where at_ms < $1", o.DecisionsMs},
		{"delete from clicks where at_ms < $1", o.ClicksMs},
		{"delete from counted where at_ms < $1", o.ClicksMs},
		{"delete from attributed_lines where at_ms < $1", o.LinesMs},
		{"delete from metric_items where day_ms < $1", o.ItemsMs},
		{"delete from anomalies where opened_ms < $1", o.ItemsMs},
		{"delete from catalogue_levels where hour_ms < $1", o.LinesMs},
		{audit.PurgeSQL, o.AuditMs},
	} {
		if _, err := s.Exec(ctx, step.statement, step.beforeMs); err != nil {
			return fmt.Errorf("remove old rows: %w", err)
		}
	}
	return nil
}

// ArmKey is an arm of an experiment.
type ArmKey struct{ Shop, Experiment, Arm string }

// VisitedArms returns the arms that visitors are kept of, in order. It costs one look into an index per arm, however many visitors there
// are.
func (s *Store) VisitedArms(ctx context.Context) ([]ArmKey, error) { return s.visitedArms(ctx, "") }

// visitedArms returns those of one shop; "" for all.
func (s *Store) visitedArms(ctx context.Context, shop string) ([]ArmKey, error) {
	var arms []ArmKey
	last := ArmKey{Shop: shop}
	for {
		next, err := query(ctx, s, func(r *sql.Rows, k *ArmKey) error { return r.Scan(&k.Shop, &k.Experiment, &k.Arm) },
			`select shop, experiment, arm from experiment_visitors where (shop, experiment, arm) > ($1, $2, $3) order `+
				`by shop, experiment, arm limit 1`,
			last.Shop, last.Experiment, last.Arm)
		if err != nil {
			return nil, fmt.Errorf("list arms with visitors: %w", err)
		}
		if len(next) == 0 || shop != "" && next[0].Shop != shop {
			return arms, nil
		}
		last = next[0]
		arms = append(arms, last)
	}
}

// FoldVisitors replaces the visitors of an arm by their totals, so that its results stay.
func (s *Store) FoldVisitors(ctx context.Context, k ArmKey) error {
	err := s.inTx(ctx, func(t *tx) error {
		// The row comes first: a replica that folds the same arm waits for it, and then finds no visitors.
		if _, err := t.Exec(ctx, `insert into experiment_totals
			(shop, experiment, arm, visitors, impressions, clicks, clickers, orders, buyers, revenue, revenue_squares)
			values ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0, 0)
			on conflict (shop, experiment, arm) do update set visitors = experiment_totals.visitors`,
			k.Shop, k.Experiment, k.Arm); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `update experiment_totals set visitors = experiment_totals.visitors + v.visitors,
			impressions = experiment_totals.impressions + v.impressions, clicks = experiment_totals.clicks + v.clicks,
			clickers = experiment_totals.clickers + v.clickers, orders = experiment_totals.orders + v.orders,
			buyers = experiment_totals.buyers + v.buyers, revenue = experiment_totals.revenue + v.revenue,
			revenue_squares = experiment_totals.revenue_squares + v.revenue_squares
			from (select `+ofVisitors+` from experiment_visitors where shop = $1 and experiment = $2 and arm = $3 having count(*) > 0) as v
			where experiment_totals.shop = $1 and experiment_totals.experiment = $2 and experiment_totals.arm = $3`, k.Shop,
			k.Experiment, k.Arm); err != nil {
			return err
		}
		return t.dropVisitors(ctx, k)
	})
	if err != nil {
		return fmt.Errorf("fold the visitors of arm %s of experiment %s: %w", k.Arm, k.Experiment, err)
	}
	return nil
}

// DropArm removes the visitors of an arm and its totals.
func (s *Store) DropArm(ctx context.Context, k ArmKey) error {
	err := s.inTx(ctx, func(t *tx) error {
		if _, err := t.Exec(
			ctx, "delete from experiment_totals where shop = $1 and experiment = $2 and arm = $3", k.Shop, k.Experiment, k.Arm,
		); err != nil {
			return err
		}
		return t.dropVisitors(ctx, k)
	})
	if err != nil {
		return fmt.Errorf("remove arm %s of experiment %s: %w", k.Arm, k.Experiment, err)
	}
	return nil
}

// dropVisitors removes the rows of an arm's visitors.
func (t *tx) dropVisitors(ctx context.Context, k ArmKey) error {
	_, err := t.Exec(ctx, "delete from experiment_visitors where shop = $1 and experiment = $2 and arm = $3", k.Shop, k.Experiment, k.Arm)
	return err
}

// Forgotten are the numbers of rows that were removed of a person.
type Forgotten struct{ Decisions, Clicks, Visitors int64 }

// Forget removes what is kept of a person: decisions by id, clicks, what counted, lines of orders and the places in experiments by the name
// of a visitor. Decisions do not say whether the id is a user's or a session's; those of another kind with the same id go as well.
func (s *Store) Forget(ctx context.Context, shop, id, visitor string) (f Forgotten, err error) {
	arms, err := s.visitedArms(ctx, shop)
	if err != nil {
		return f, err
	}
	moments, err := s.decidedAt(ctx, shop, id)
	if err != nil {
		return f, err
	}
	err = s.inTx(ctx, func(t *tx) (err error) {
		for _, ms := range moments {
			n, err := t.Exec(ctx, "delete from decisions where at_ms = $1 and shop = $2 and person = $3", ms, shop, id)
			if err != nil {
				return err
			}
			f.Decisions += n
		}
		if f.Clicks, err = t.Exec(ctx, "delete from clicks where shop = $1 and visitor = $2", shop, visitor); err != nil {
			return err
		}
		for _, table := range [...]string{"counted", "attributed_lines", "left_out"} {
			if _, err := t.Exec(ctx, "delete from "+table+" where shop = $1 and visitor = $2", shop, visitor); err != nil {
				return err
			}
		}
		for _, k := range arms {
			n, err := t.Exec(ctx, "delete from experiment_visitors where shop = $1 and experiment = $2 and arm = $3 and visitor = $4",
				shop, k.Experiment, k.Arm, visitorHash(shop, k.Experiment, visitor))
			if err != nil {
				return err
			}
			f.Visitors += n
		}
		return nil
	})
	if err != nil {
		return Forgotten{}, fmt.Errorf("forget a person: %w", err)
	}
	return f, nil
}

// decidedAt returns the moments, in epoch milliseconds, of a person's decisions. It reads the index by time whole, without the rows; the
// concatenation keeps the database from the index by id, which would lead it to all rows of the shop.
func (s *Store) decidedAt(ctx context.Context, shop, person string) ([]int64, error) {
	list, err := query(ctx, s, func(r *sql.Rows, ms *int64) error { return r.Scan(ms) },
		"select distinct at_ms from decisions where shop || '' = $1 and person = $2", shop, person)
	if err != nil {
		return nil, fmt.Errorf("find the decisions of a person: %w", err)
	}
	return list, nil
}
