package httpapi

import (
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Conditions are the headers that make a change depend on the version that is there; huma sees embedded fields of exported types only.
type Conditions struct {
	IfMatch     string `header:"If-Match" maxLength:"256" doc:"ETag of the version to change; * for any that exists"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"256" doc:"*: only if there is none yet"`
}

// require returns the check of a version, 0 when there is none.
func (c Conditions) require() func(version int64) error {
	return func(version int64) error {
		if c.IfNoneMatch == "*" && version != 0 {
			return apierror.PreconditionFailed("It exists already. Leave out If-None-Match to replace it.")
		}
		if c.IfMatch == "" || c.IfMatch == "*" && version != 0 {
			return nil
		}
		for tag := range strings.SplitSeq(c.IfMatch, ",") {
			if version != 0 && strings.TrimSpace(tag) == etag(version) {
				return nil
			}
		}
		return apierror.PreconditionFailed("It has changed since. Read it again and repeat the change with its ETag.")
	}
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
