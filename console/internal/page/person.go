package page

import (
	"github.com/aisle-rec/aisle/shared/auth"
)

// The roles of people, as the console calls what their keys can do.
const (
	roleViewer       = "viewer"
	roleMerchandiser = "merchandiser"
	roleAdmin        = "admin"
)

// Person is who looks at a page: what the key of his session may do. The key itself is not
// part of it, so that no page can show it.
type Person struct {
	auth.Principal
	Open bool // nobody needs a key here
}

// Role names what a key can do: admin everything, merchandiser change configuration, viewer neither.
func (p Person) Role() string {
	switch {
	case p.Can(auth.ScopeAll):
		return roleAdmin
	case p.Can(auth.ScopeConfigWrite):
		return roleMerchandiser
	}
	return roleViewer
}
