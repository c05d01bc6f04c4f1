// Package persons answers for what all services hold on a person, under all of his names: it
// erases it and exports it. What this service keeps it reads and removes itself; the
// profile-service does its own part and knows the names. The main type is Persons.
package persons

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Store is the port to what the recommender-service keeps.
type Store interface {
	DecisionsOf(ctx context.Context, shop, person, after string, limit int) ([]store.Decision, error)
	ClicksOf(ctx context.Context, shop, visitor string) ([]store.Click, error)
	ArmsOf(ctx context.Context, shop, visitor string) ([]store.ArmKey, error)
}

// Persons reaches what is held on persons.
type Persons struct {
	Profile *httpclient.Client // of the profile-service
	Store   Store
	// Forget removes what this service keeps of a user or a session; "" for none.
	Forget func(ctx context.Context, shop, userID, sessionID string) (recommenderapi.Forgotten, error)
	// KeepDecisions and KeepClicks are how long those are kept, and KeepVisitors how long the visitors of an experiment are after its end.
	KeepDecisions, KeepClicks, KeepVisitors time.Duration
	Now                                     func() time.Time
}

const (
	// here is how receipts name this service, and decisionPage how many decisions are read at
	// once.
	here         = "recommender-service"
	decisionPage = 200
	// inMemory is how long replicas remember what they showed whom, and answers that were made from it.
	inMemory = 3 * time.Hour
)

// name is one of a person's names: a user id or a session id.
type name struct{ user, session string }

// id is under what decisions are kept; visitor is under what clicks and places in experiments
// are.
func (n name) id() string      { return n.user + n.session } // one of them is empty
func (n name) visitor() string { return decision.VisitorID(n.user, n.session) }

// stream returns what the profile-service holds on a person, as it comes: names first, an entry
// of kind "end" last. The caller closes it.
func (p *Persons) stream(ctx context.Context, shop, userID string) (io.ReadCloser, error) {
	resp, err := p.Profile.ForShop(shop).Send(ctx, httpclient.Request{
		Method: http.MethodGet, Path: "/v1/users/" + url.PathEscape(userID) + "/export",
	})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// names returns all names of a person, that which was asked about first. It reads the beginning
// of the export only.
func (p *Persons) names(ctx context.Context, shop, userID string) ([]name, error) {
	body, err := p.stream(ctx, shop, userID)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	list := []name{{user: userID}}
	for lines := json.NewDecoder(body); ; {
		var e profileapi.ExportEntry
		if err := lines.Decode(&e); err != nil {
			return nil, fmt.Errorf("read the names of a person: %w", err)
		}
		if e.Alias == nil { // they come first
			return list, nil
		}
		list = append(list, name{e.Alias.AnonymousID, e.Alias.SessionID})
	}
}

// Erase removes a person from all services; mode is "erase" or "anonymize", which is about the
// profile-service's part. What this service keeps goes first, while the names are still known,
// and what answers have added in between once more at the end. The receipt says what is left,
// where and until when. Safe to repeat, also after a failure.
func (p *Persons) Erase(ctx context.Context, shop, userID, mode string) (out recommenderapi.PersonErased, err error) {
	all, err := p.names(ctx, shop, userID)
	if err != nil {
		return out, err
	}
	if err := p.forget(ctx, shop, all, &out.Recommendations); err != nil {
		return out, err
	}
	query := url.Values{"mode": {mode}}
	out.Profile, err = httpclient.JSON[profileapi.ErasureReceipt](
		ctx, p.Profile.ForShop(shop), http.MethodDelete, "/v1/users/"+url.PathEscape(userID), query, nil,
	)
	if err != nil {
		return out, err
	}
	if err := p.forget(ctx, shop, all, &out.Recommendations); err != nil {
		return out, err
	}
	now := p.Now()
	out.Left, out.Profile.Left = append(out.Profile.Left,
		profileapi.Held{
			Where: here, What: "what replicas remember of lists they showed, and answers that were being made meanwhile",
			Until: wire.TimeOf(now.Add(inMemory)),
		},
		profileapi.Held{
			Where: here, What: "recommendations that were exported, in files that hold ids of users",
			Until: wire.TimeOf(now.Add(24 * time.Hour)),
		},
		profileapi.Held{
			Where: "audit log", What: "entries about this erasure and earlier acts, under a digest of the id",
			Until: wire.TimeOf(now.Add(audit.Keep)),
		},
	), nil
	return out, nil
}

// forget removes what this service keeps under each name, and adds up how much that was.
func (p *Persons) forget(ctx context.Context, shop string, all []name, sum *recommenderapi.Forgotten) error {
	for _, n := range all {
		f, err := p.Forget(ctx, shop, n.user, n.session)
		if err != nil {
			return err
		}
		sum.Decisions, sum.Clicks, sum.Experiments = sum.Decisions+f.Decisions, sum.Clicks+f.Clicks, sum.Experiments+f.Experiments
	}
	return nil
}

// Export hands write everything that is held on a person, one entry at a time, and nothing is
// held in memory. write is not called before the profile-service has answered, and is given the
// end only when everything else was written; its errors come back.
func (p *Persons) Export(ctx context.Context, shop, userID string, write func(*recommenderapi.PersonEntry) error) error {
	body, err := p.stream(ctx, shop, userID)
	if err != nil {
		return err
	}
	defer body.Close()
	all := []name{{user: userID}}
	for lines := json.NewDecoder(body); ; {
		var e recommenderapi.PersonEntry
		if err := lines.Decode(&e.ExportEntry); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // there was no end
			}
			return fmt.Errorf("read what the profile-service holds on a person: %w", err)
		}
		if e.Kind == "end" {
			return p.exportOwn(ctx, shop, all, &e, write)
		}
		if e.Alias != nil {
			all = append(all, name{e.Alias.AnonymousID, e.Alias.SessionID})
		}
		if err := write(&e); err != nil {
			return err
		}
	}
}

// exportOwn writes what this service keeps under the names of a person, and the end.
func (p *Persons) exportOwn(
	ctx context.Context, shop string, all []name, end *recommenderapi.PersonEntry, write func(*recommenderapi.PersonEntry) error,
) error {
	counts := &recommenderapi.PersonCounts{}
	for _, n := range all {
		if err := p.decisions(ctx, shop, n, counts, write); err != nil {
			return err
		}
		clicks, err := p.Store.ClicksOf(ctx, shop, n.visitor())
		if err != nil {
			return err
		}
		for _, c := range clicks {
			counts.Clicks++
			click := &recommenderapi.PersonClick{
				ItemID: c.ItemID, RecommendationID: c.RecommendationID, At: wire.TimeOf(time.UnixMilli(c.AtMs)),
			}
			if err := write(&recommenderapi.PersonEntry{ExportEntry: profileapi.ExportEntry{Kind: "click"}, Click: click}); err != nil {
				return err
			}
		}
		arms, err := p.Store.ArmsOf(ctx, shop, n.visitor())
		if err != nil {
			return err
		}
		for _, k := range arms {
			counts.ExperimentArms++
			if err := write(&recommenderapi.PersonEntry{
				ExportEntry: profileapi.ExportEntry{Kind: "experiment_arm"},
				Arm:         &recommenderapi.PersonArm{Experiment: k.Experiment, Arm: k.Arm},
			}); err != nil {
				return err
			}
		}
	}
	end.More = counts
	end.Held = append(end.Held, p.held(counts)...)
	return write(end)
}

// decisions writes the decisions of a name, page by page, in order of id.
func (p *Persons) decisions(
	ctx context.Context, shop string, n name, counts *recommenderapi.PersonCounts, write func(*recommenderapi.PersonEntry) error,
) error {
	for after := ""; ; {
		page, err := p.Store.DecisionsOf(ctx, shop, n.id(), after, decisionPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			counts.Decisions++
			if err := write(&recommenderapi.PersonEntry{
				ExportEntry: profileapi.ExportEntry{Kind: "decision"}, Decision: d.Body,
			}); err != nil {
				return err
			}
		}
		if len(page) < decisionPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// held says of what was counted how long it is kept.
func (p *Persons) held(counts *recommenderapi.PersonCounts) (list []profileapi.Held) {
	now := p.Now()
	for _, h := range []profileapi.Held{
		{
			Where: here, What: "decisions: what answers were made from", Count: int64(counts.Decisions),
			Until: wire.TimeOf(now.Add(p.KeepDecisions)),
		},
		{Where: here, What: "clicks", Count: int64(counts.Clicks), Until: wire.TimeOf(now.Add(p.KeepClicks))},
		{
			Where: here, What: "places in experiments, under a digest", Count: int64(counts.ExperimentArms),
			Ends: fmt.Sprintf("%.0f days after the end of the experiment", p.KeepVisitors.Hours()/24),
		},
	} {
		if h.Count > 0 {
			list = append(list, h)
		}
	}
	return list
}
