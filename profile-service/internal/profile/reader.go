package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Reader reads profiles. All fields are set, and it is safe for concurrent use.
type Reader struct {
	Visitors store.Visitors
	Facts    *Facts
	Mover    *visitor.Mover // makes states of events, for moments in the past
	HalfLife time.Duration  // of weights; the one that states are made with
	Now      func() time.Time
}

// Profile answers a query and returns a tag for the answer; where the answer that had the tag known still holds, it returns only that tag.
// The profile of a visitor whose consent is withheld is empty but for the consent.
func (r *Reader) Profile(
	ctx context.Context, shop string, q profileapi.ProfileQuery, known string,
) (p profileapi.Profile, tag string, err error) {
	v, err := r.Visitors.Visitor(ctx, shop, q.UserID, q.SessionID)
	if err != nil {
		return p, "", err
	}
	now := r.Now()
	if q.At.IsZero() && q.Watermark == 0 && holds(known, &q, v, now) {
		return p, known, nil
	}
	at := q.At
	if at.IsZero() {
		at = wire.TimeOf(now)
	}
	s := &visitorstate.State{}
	if !v.Withheld {
		if s, err = r.state(ctx, shop, &q, v); err != nil {
			return p, "", err
		}
	}
	p = profileapi.Profile{
		UserID: q.UserID, SessionID: q.SessionID, AsOf: at, Watermark: v.LastSeq, Known: v.User != nil || s.Seq > 0,
		LastEventID: s.LastEvent,
	}
	if q.Watermark > 0 {
		p.Watermark = min(p.Watermark, q.Watermark)
	}
	if err := fillUser(&p, v); err != nil {
		return p, "", err
	}
	ids := make([]string, len(s.Items))
	for n := range s.Items {
		ids[n] = s.Items[n].ID
	}
	facts, err := r.Facts.Of(ctx, shop, ids)
	if err != nil {
		return p, "", err
	}
	compute(&p, s, facts, options{At: at.Time, HalfLife: r.HalfLife, Limit: q.Limit, SessionID: q.SessionID})
	return p, tagOf(&q, v, at.Time), nil
}

// state joins the states of a user and a session; of a past moment, and of a session whose user is known, it is made from events.
func (r *Reader) state(ctx context.Context, shop string, q *profileapi.ProfileQuery, v store.Visitor) (*visitorstate.State, error) {
	past := store.HistoryQuery{Watermark: q.Watermark}
	if !q.At.IsZero() && q.Watermark == 0 {
		past.UntilMs = q.At.UnixMilli()
	}
	isPast := past.Watermark > 0 || past.UntilMs > 0
	user, session := &visitorstate.State{}, &visitorstate.State{}
	for _, kept := range v.States {
		of := user
		switch {
		case kept.Subject == event.SessionSubject(q.SessionID):
			of = session
		case q.UserID == "": // the session is merged into its user
			kept.Beside = true
		}
		var err error
		switch h := past; {
		case q.UserID == "" && kept.Beside:
			of, h.SessionID = session, q.SessionID
			err = r.made(ctx, shop, h, of)
		case isPast:
			h.Subjects = []string{kept.Subject}
			err = r.made(ctx, shop, h, of)
		default:
			var decoded *visitorstate.State
			if decoded, err = visitorstate.Decode(kept.Data); err == nil {
				*of = *decoded
			}
		}
		if err != nil {
			return nil, fmt.Errorf("state of %q: %w", kept.Subject, err)
		}
	}
	switch {
	case q.UserID == "":
		session.SessionID, session.Session = q.SessionID, session.Items
		return session, nil
	case session.Seq > 0:
		return visitor.Merge(user, session, q.SessionID, r.HalfLife), nil
	}
	return user, nil
}

// made fills in a state from events, page by page. It costs as much as there are events.
func (r *Reader) made(ctx context.Context, shop string, q store.HistoryQuery, s *visitorstate.State) error {
	return r.Visitors.History(ctx, shop, q, func(page []store.Event) error { return r.Mover.Apply(s, page) })
}

// fillUser takes what a record says into the profile: of one who withholds consent only the
// consent. Where the consent was withheld under another name than this record's, it says so
// too.
func fillUser(p *profileapi.Profile, v store.Visitor) error {
	if v.User != nil {
		var u profileapi.User
		if err := json.Unmarshal(v.User.Body, &u); err != nil {
			return fmt.Errorf("read the record of user %q: %w", v.User.UserID, err)
		}
		p.Consent = u.Consent
		if !v.Withheld {
			p.Segments, p.Attributes, p.Locale = u.Segments, u.Attributes, u.Locale
		}
	}
	if v.Withheld && p.Consent.AllowsPersonalization() {
		no := false
		p.Consent = &profileapi.Consent{Personalization: &no}
	}
	return nil
}
