package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// MaxEvents is how many of a visitor's latest events a profile is made of. It bounds the time that a robot's history can cost.
const MaxEvents = 2000

// Reader reads profiles.
type Reader struct {
	Histories store.Histories
	Facts     *Facts
	Changes   Changes
	Weights   event.Weights
	HalfLife  time.Duration
	Now       func() time.Time
}

// Profile answers a query and returns a tag for Holds. The profile of a visitor whose consent is withheld is empty but for the consent.
func (r *Reader) Profile(ctx context.Context, shop string, q profileapi.ProfileQuery) (p profileapi.Profile, tag string, err error) {
	hq := store.HistoryQuery{UserID: q.UserID, SessionID: q.SessionID, Limit: MaxEvents, Watermark: q.Watermark}
	at := q.At
	if at.IsZero() {
		at = wire.TimeOf(r.Now())
	} else if q.Watermark == 0 {
		hq.UntilMs = at.UnixMilli()
	}
	h, err := r.Histories.History(ctx, shop, hq)
	if err != nil {
		return p, "", err
	}
	p = profileapi.Profile{UserID: q.UserID, SessionID: q.SessionID, AsOf: at, Watermark: h.Watermark, Known: h.User != nil || len(h.Events) > 0}
	if err := fillUser(&p, h); err != nil {
		return p, "", err
	}
	if h.Withheld {
		h.Events = nil
	}
	touches, ids, err := Touches(h.Events, r.Weights)
	if err != nil {
		return p, "", err
	}
	facts, err := r.Facts.Of(ctx, shop, ids)
	if err != nil {
		return p, "", err
	}
	p.LastEventID = lastEvent(h.Events)
	Compute(&p, touches, facts, Options{At: at.Time, HalfLife: r.HalfLife, Limit: q.Limit, SessionID: q.SessionID})
	return p, tagOf(&p, q.Limit, &hq, h.Subjects), nil
}

func fillUser(p *profileapi.Profile, h store.History) error {
	if h.User != nil {
		var u profileapi.User
		if err := json.Unmarshal(h.User.Body, &u); err != nil {
			return fmt.Errorf("read the record of user %q: %w", h.User.UserID, err)
		}
		p.Consent = u.Consent
		if !h.Withheld {
			p.Segments, p.Attributes, p.Locale = u.Segments, u.Attributes, u.Locale
		}
	}
	if h.Withheld && p.Consent.AllowsPersonalization() {
		no := false
		p.Consent = &profileapi.Consent{Personalization: &no}
	}
	return nil
}

// lastEvent returns the id of the event that was stored last.
func lastEvent(events []store.Event) string {
	var last int64
	id := ""
	for i := range events {
		if events[i].Seq > last {
			last, id = events[i].Seq, events[i].EventID
		}
	}
	return id
}
