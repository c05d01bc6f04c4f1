package command

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// environment answers every variable of the flags with a URL that holds a password.
func environment(string) string { return "postgres://aisle:hunter2@127.0.0.1:1/aisle" }

func TestHelpShowsNoPasswordOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"--help", "-h", "help"} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{word}, environment, &out); err != nil {
			t.Fatal(err)
		}
		for _, variable := range variables {
			if !strings.Contains(out.String(), variable) {
				t.Errorf("%s does not name %s:\n%s", word, variable, out.String())
			}
		}
		if strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s shows a password:\n%s", word, out.String())
		}
	}
}

func TestWhereAURLComesFrom(t *testing.T) {
	t.Parallel()
	file := "sqlite://" + filepath.Join(t.TempDir(), "profile.db")
	fromFile := func(name string) string {
		if name == "AISLE_PROFILE_DATABASE_URL" {
			return file
		}
		return ""
	}
	for name, test := range map[string]struct {
		args   []string
		getenv func(string) string
		fails  string // part of the error; "" for none
	}{
		"from the environment": {args: []string{"up"}, getenv: fromFile},
		"a flag goes before the environment": {
			args: []string{"up", "--admin-url=", "--profile-url=" + file, "--similarity-url=", "--recommender-url="}, getenv: environment,
		},
		"a flag without a URL leaves one out": {args: []string{"up", "--profile-url="}, getenv: fromFile, fails: "no database named"},
		"none": {
			args: []string{"check"}, getenv: func(string) string { return "" }, fails: "no database named",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run(t.Context(), test.args, test.getenv, &out)
			switch {
			case test.fails == "" && (err != nil || out.String() != "database profile is at the newest version\n"):
				t.Errorf("error %v, printed %q", err, out.String())
			case test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
				t.Errorf("error %v, want %q", err, test.fails)
			}
		})
	}
}
