package httpserver

import (
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Conditions are the headers that make a change depend on the version that is there. An input type embeds it.
type Conditions struct {
	IfMatch     string `header:"If-Match" maxLength:"256" doc:"ETag of the version to change; * for any that exists"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"256" doc:"*: only if there is none yet"`
}

// Require returns the check of the version that is there, 0 when there is none. It fails with 412.
func (c Conditions) Require() func(version int64) error {
	return func(version int64) error {
		if c.IfNoneMatch == "*" && version != 0 {
			return apierror.PreconditionFailed("It exists already. Leave out If-None-Match to replace it.")
		}
		if c.IfMatch == "" || c.IfMatch == "*" && version != 0 {
			return nil
		}
		for tag := range strings.SplitSeq(c.IfMatch, ",") {
			if version != 0 && strings.TrimSpace(tag) == ETag(version) {
				return nil
			}
		}
		return apierror.PreconditionFailed("It has changed since. Read it again and repeat the change with its ETag.")
	}
}

// ETag returns the strong entity tag of a version.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
