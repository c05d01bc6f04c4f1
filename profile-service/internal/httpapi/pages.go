package httpapi

import (
	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// PageParameters are those of every listing.
type PageParameters struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	Cursor string `query:"cursor" maxLength:"2048" doc:"next_cursor of the page before"`
}

// after returns the id that a page begins behind.
func (p PageParameters) after(kind cursor.Kind) (string, error) {
	if p.Cursor == "" {
		return "", nil
	}
	id, err := cursor.Decode(kind, p.Cursor)
	if err != nil {
		return "", cursorProblem(err)
	}
	return id, nil
}

// cursorProblem is 400: cursors are not made by hand, and one of another listing is refused as
// well.
func cursorProblem(err error) error {
	return apierror.Malformed("The cursor cannot be used.", apierror.FieldError{
		Parameter: "cursor", Code: "invalid_cursor", Detail: err.Error(),
	})
}

// page makes a page of the first limit entries; one more tells that there is a next page. id is
// what the next page begins behind. An empty page is a list, not null.
func page[T any](entries []T, limit int, kind cursor.Kind, id func(*T) string) profileapi.Page[T] {
	p := profileapi.Page[T]{Items: entries}
	if len(entries) > limit {
		p.Items = entries[:limit]
		next := cursor.Encode(kind, id(&entries[limit-1]))
		p.NextCursor = &next
	}
	if p.Items == nil {
		p.Items = []T{}
	}
	return p
}
