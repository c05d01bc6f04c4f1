package process

import (
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/aisle-rec/aisle/shared/httpserver"
)

// About is what the admin port says of this process; settings hold no secret (see Shown).
func About(program string, settings map[string]string) httpserver.About {
	return httpserver.About{
		Program: program, Version: Version(), Commit: Commit(), Go: runtime.Version(),
		StartedAt: time.Now().UTC().Truncate(time.Millisecond),
		Settings:  settings,
	}
}

var (
	// secretName finds settings whose whole value is a secret, by how they are called in a setting, a flag or a variable.
	secretName = regexp.MustCompile(`(?i)(key|secret|password|token|credential)s?$`)
	// connectionPassword finds the password of a database's settings as words: host=… password=….
	connectionPassword = regexp.MustCompile(`(?i)(password|passwd|pwd)\s*=\s*('[^']*'|\S+)`)
)

// Hidden stands where a secret was.
const Hidden = "(hidden)"

// Shown is the value of a setting as others may see it: secrets are left out, and so are user and parameters of addresses, where they often
// are.
func Shown(name, value string) string {
	if value == "" {
		return ""
	}
	if secretName.MatchString(name) {
		return Hidden
	}
	parts := strings.Split(value, ",") // several addresses stand with commas between
	for n, part := range parts {
		parts[n] = shownAddress(part, strings.Contains(strings.ToLower(name), "webhook"))
	}
	return connectionPassword.ReplaceAllString(strings.Join(parts, ","), "$1="+Hidden)
}

// shownAddress is an address without what may be secret in it; another text is as it is. Of a
// webhook only the host is shown.
func shownAddress(text string, webhook bool) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	u, err := url.Parse(text)
	if err != nil { // a password with a character that URLs do not have: nothing of it is safe to show but the kind
		return scheme + "://" + Hidden
	}
	if webhook { // whose path often is the secret
		return scheme + "://" + u.Host + "/" + Hidden
	}
	if u.User == nil && u.RawQuery == "" {
		return scheme + "://" + rest
	}
	shown := scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?" + Hidden
	}
	return shown
}

// shownSettings are the variables of structs of settings that are set, as others may see them.
func shownSettings(variables map[string]string, settings ...any) map[string]string {
	shown := map[string]string{}
	for _, one := range settings {
		fields, err := env.GetFieldParams(one)
		if err != nil {
			continue // a mistake in our own struct, which parsing reports
		}
		for _, f := range fields {
			if value := variables[f.Key]; value != "" && f.Key != "" {
				shown[f.Key] = Shown(f.Key, value)
			}
		}
	}
	return shown
}
