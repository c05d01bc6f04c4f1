package httpserver_test

import (
	"net/http"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		conditions httpserver.Conditions
		version    int64
		allowed    bool
	}{
		"without conditions anything goes":           {httpserver.Conditions{}, 3, true},
		"without conditions a new one goes":          {httpserver.Conditions{}, 0, true},
		"the present version may be changed":         {httpserver.Conditions{IfMatch: `"3"`}, 3, true},
		"another version may not":                    {httpserver.Conditions{IfMatch: `"2"`}, 3, false},
		"one of a list suffices":                     {httpserver.Conditions{IfMatch: `"2", "3"`}, 3, true},
		"a weak tag matches nothing":                 {httpserver.Conditions{IfMatch: `W/"3"`}, 3, false},
		"an unquoted tag matches nothing":            {httpserver.Conditions{IfMatch: `3`}, 3, false},
		"a star matches what exists":                 {httpserver.Conditions{IfMatch: "*"}, 3, true},
		"a star does not match what does not exist":  {httpserver.Conditions{IfMatch: "*"}, 0, false},
		"a tag does not match what does not exist":   {httpserver.Conditions{IfMatch: `"0"`}, 0, false},
		"create only does not replace":               {httpserver.Conditions{IfNoneMatch: "*"}, 3, false},
		"create only creates":                        {httpserver.Conditions{IfNoneMatch: "*"}, 0, true},
		"contradicting conditions allow no creation": {httpserver.Conditions{IfMatch: `"3"`, IfNoneMatch: "*"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.conditions.Require()(test.version)
			if test.allowed && err != nil {
				t.Errorf("version %d refused: %v", test.version, err)
			}
			if !test.allowed && !apierror.Is(err, http.StatusPreconditionFailed) {
				t.Errorf("version %d: got %v, want 412", test.version, err)
			}
		})
	}
}
