package page

import (
	"testing"

	"github.com/aisle-rec/aisle/shared/auth"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	for want, scopes := range map[string][]string{
		roleAdmin: {auth.ScopeAll}, roleMerchandiser: {auth.ScopeConfigRead, auth.ScopeConfigWrite},
		roleViewer: {auth.ScopeConfigRead, auth.ScopeModelsRead},
	} {
		if got := (Person{Principal: auth.Principal{Scopes: scopes}}).Role(); got != want {
			t.Errorf("%v: %s, want %s", scopes, got, want)
		}
	}
}
