package e2e

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// forgeJobs are the commands of each job of a CI file.
type forgeJobs map[string][]string

// githubJobs reads the CI file of GitHub, and of the forges that take its form.
func githubJobs(t *testing.T) (jobs forgeJobs, text string) {
	t.Helper()
	text = readFile(t, "../../.github/workflows/ci.yml")
	var file struct {
		Jobs map[string]struct{ Steps []struct{ Run string } }
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	jobs = forgeJobs{}
	for name, job := range file.Jobs {
		for _, step := range job.Steps {
			if step.Run != "" {
				jobs[name] = append(jobs[name], step.Run)
			}
		}
	}
	return jobs, text
}

// gitlabJobs reads the CI file of GitLab: whatever has a script is a job.
func gitlabJobs(t *testing.T) (jobs forgeJobs, text string) {
	t.Helper()
	text = readFile(t, "../../.gitlab-ci.yml")
	var file map[string]struct{ Script []string }
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	jobs = forgeJobs{}
	for name, job := range file {
		if len(job.Script) > 0 {
			jobs[name] = job.Script
		}
	}
	return jobs, text
}

var (
	makeTarget = regexp.MustCompile(`(?m)^([a-z]+):.*##`)
	goVersion  = regexp.MustCompile(`1\.\d+\.\d+`)
)

// TestForgesRunTheSame compares the CI files of two forges: the same jobs run the same commands, which are there, with the Go of the
// Dockerfile.
func TestForgesRunTheSame(t *testing.T) {
	t.Parallel()
	jobs, github := githubJobs(t)
	others, gitlab := gitlabJobs(t)
	if !maps.EqualFunc(jobs, others, slices.Equal) {
		t.Errorf("GitHub runs %v, GitLab %v", jobs, others)
	}
	for _, name := range []string{"gate", "coverage", "race", "fuzz", "vulnerabilities"} {
		if len(jobs[name]) == 0 {
			t.Errorf("there is no job %s", name)
		}
	}
	if !slices.Equal(jobs["gate"], []string{".ci/run"}) {
		t.Errorf("the gate is %v", jobs["gate"])
	}
	var targets []string
	for _, m := range makeTarget.FindAllStringSubmatch(readFile(t, "../../Makefile"), -1) {
		targets = append(targets, m[1])
	}
	for name, commands := range jobs {
		for _, command := range commands {
			program, rest, _ := strings.Cut(command, " ")
			target, _, _ := strings.Cut(rest, " ")
			switch info, err := os.Stat("../../" + program); {
			case program == "make" && !slices.Contains(targets, target):
				t.Errorf("%s: the Makefile has no target %q", name, target)
			case program != "make" && (err != nil || info.Mode()&0o111 == 0):
				t.Errorf("%s: %s cannot be run: %v", name, program, err)
			}
		}
	}
	want := goVersion.FindString(readFile(t, "../../Dockerfile"))
	for forge, text := range map[string]string{"GitHub": github, "GitLab": gitlab} {
		for _, got := range goVersion.FindAllString(text, -1) {
			if got != want {
				t.Errorf("%s builds with Go %s, the image with %s", forge, got, want)
			}
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s names no Go", forge)
		}
	}
}
