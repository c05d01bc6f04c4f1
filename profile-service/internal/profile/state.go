package profile

import (
	"context"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
	"github.com/aisle-rec/aisle/shared/wire"
)

// State answers what is known of a visitor in the form of package visitorstate, and a tag that stays until anything of it changes; where
// the answer with the tag known still holds, it returns only that tag. A state that is stored for one subject travels as it is.
//
// With q.Watermark the state is that of then, made again from the events; q.At and q.Limit mean nothing here.
func (r *Reader) State(ctx context.Context, shop string, q profileapi.ProfileQuery, known string) (data []byte, tag string, err error) {
	v, err := r.Visitors.Visitor(ctx, shop, q.UserID, q.SessionID)
	if err != nil {
		return nil, "", err
	}
	if q.Watermark > 0 {
		v.LastSeq = min(v.LastSeq, q.Watermark)
	} else if tag = stateTag(&v); tag == known {
		return nil, tag, nil
	}
	a := visitorstate.Answer{LastSeq: v.LastSeq, Withheld: v.Withheld, Robot: v.Robot, Known: v.User != nil, HalfLife: r.HalfLife}
	for _, s := range v.States {
		a.Known = a.Known || len(s.Data) > 0
	}
	if !v.Withheld {
		if v.User != nil {
			a.Person = v.User.Body
		}
		if a.State, err = r.stateData(ctx, shop, q, v); err != nil {
			return nil, "", err
		}
	}
	return a.Append(make([]byte, 0, len(a.State)+len(a.Person)+32)), tag, nil
}

// stateTag names the versions of a visitor's states.
func stateTag(v *store.Visitor) string {
	parts := make([]string, 0, 3)
	for _, s := range v.States {
		parts = append(parts, strconv.FormatInt(s.Version, 36))
	}
	return `"` + strings.Join(parts, ".") + `"`
}

// stateData returns the encoded state: the stored one where it is that of the only subject, else made from several or from events.
func (r *Reader) stateData(ctx context.Context, shop string, q profileapi.ProfileQuery, v store.Visitor) ([]byte, error) {
	if len(v.States) == 0 {
		return nil, nil
	}
	if len(v.States) == 1 && q.UserID != "" && q.Watermark == 0 {
		return v.States[0].Data, nil
	}
	q.At = wire.Time{}
	s, err := r.state(ctx, shop, &q, v)
	if err != nil || s.Seq == 0 {
		return nil, err
	}
	return s.Append(nil), nil
}
