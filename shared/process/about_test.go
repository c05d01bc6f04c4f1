package process

import (
	"regexp"
	"strings"
	"testing"
)

func TestSettingsAreShownWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{ // name, value, what is shown
		{"AISLE_SERVICE_KEY", "hunter2", Hidden},
		{"webhook-secret", "hunter2", Hidden},
		{"AISLE_WEBHOOK_URL", "https://hooks.example/T0/hunter2", "https://hooks.example/" + Hidden},
		{"database-url", "postgres://aisle:hunter2@db:5432/aisle?sslmode=disable", "postgres://db:5432/aisle?" + Hidden},
		{"AISLE_PROFILE_DATABASE_URL", "host=db user=aisle password=hunter2", "host=db user=aisle password=" + Hidden},
		{"AISLE_REDIS_URL", "redis://:hunter2@a:6379/0,redis://:hunter2@b:6379/0", "redis://a:6379/0,redis://b:6379/0"},
		{"AISLE_REDIS_URL", "redis://:hunter2%zz@a", "redis://" + Hidden},
		{"keys-file", "/etc/aisle/keys.json", "/etc/aisle/keys.json"},
		{"listen", "127.0.0.1:8080", "127.0.0.1:8080"},
		{"blob-url", "s3://bucket?endpoint=h&secret=hunter2", "s3://bucket?" + Hidden},
		{"event-weights", "view_item=2,quiz=0.5", "view_item=2,quiz=0.5"},
	} {
		if got := Shown(c[0], c[1]); got != c[2] || strings.Contains(got, "hunter2") {
			t.Errorf("%s is shown as %q, want %q", c[0], got, c[2])
		}
	}
}

func TestSettingsOfAServiceAreThoseThatAreSet(t *testing.T) {
	t.Parallel()
	got := shownSettings(map[string]string{"AISLE_LISTEN": "127.0.0.1:1", "AISLE_SERVICE_KEY": "hunter2", "HOME": "/root"}, &settings{})
	if len(got) != 2 || got["AISLE_LISTEN"] != "127.0.0.1:1" || got["AISLE_SERVICE_KEY"] != Hidden {
		t.Errorf("shown is %v", got)
	}
}

// TestTheVersionIsSemantic holds the version against the grammar of semver.org, for plain builds as well.
func TestTheVersionIsSemantic(t *testing.T) {
	t.Parallel()
	semantic := regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	if !semantic.MatchString(Version()) || !strings.HasPrefix(Version(), release+"-dev") {
		t.Errorf("the version is %q", Version())
	}
	if b := Build(); !strings.HasPrefix(b, Version()+" (commit ") || !strings.Contains(b, "go1.") {
		t.Errorf("the build is %q", b)
	}
}
