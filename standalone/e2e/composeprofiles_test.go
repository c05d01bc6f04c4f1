package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// TestComposeProfiles looks at what the profiles add to the services.
func TestComposeProfiles(t *testing.T) {
	t.Parallel()
	usual := loadCompose(t).ServiceNames()
	for profile, want := range map[string][]string{"observability": {"grafana", "jaeger", "prometheus"}, "tls": {"caddy"}} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			project := loadCompose(t, profile)
			added := slices.DeleteFunc(project.ServiceNames(), func(name string) bool { return slices.Contains(usual, name) })
			if !slices.Equal(added, want) {
				t.Errorf("it adds %v, want %v", added, want)
			}
			for _, name := range added {
				checkAdded(t, name, project.Services[name])
			}
		})
	}
}

// checkAdded holds what a service of a profile has to have: a pinned image, a health check, files that exist, and ports for this machine
// alone unless it is the door.
func checkAdded(t *testing.T, name string, s types.ServiceConfig) {
	t.Helper()
	if _, tag, _ := strings.Cut(s.Image, ":"); !strings.Contains(tag, ".") {
		t.Errorf("%s: image %s is not pinned to a release", name, s.Image)
	}
	if s.HealthCheck == nil {
		t.Errorf("%s has no health check", name)
	}
	for _, v := range s.Volumes {
		if v.Type != types.VolumeTypeBind {
			continue
		}
		if _, err := os.Stat(v.Source); err != nil || !v.ReadOnly {
			t.Errorf("%s mounts %s: %v, read-only %v", name, v.Source, err, v.ReadOnly)
		}
	}
	for _, port := range s.Ports {
		if name != "caddy" && port.HostIP != "127.0.0.1" {
			t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
		}
	}
	for _, value := range s.Environment {
		if value != nil && strings.Contains(*value, "change-me") {
			t.Errorf("%s has a password in its environment", name)
		}
	}
}

// TestWhatPrometheusOfComposeScrapes has promtool read its configuration, and compares the targets with the services that have an admin
// port, and Grafana's dashboards with the datasource that it is given.
func TestWhatPrometheusOfComposeScrapes(t *testing.T) {
	t.Parallel()
	text := readFile(t, "../../deploy/prometheus/compose.yaml")
	var config struct {
		ScrapeConfigs []struct {
			JobName string `yaml:"job_name"`
			DNS     []struct {
				Names []string
				Port  int
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	project := loadCompose(t, "observability")
	var want []string
	for name, s := range project.Services {
		if admin := s.Environment["AISLE_ADMIN_LISTEN"]; admin != nil && strings.HasSuffix(*admin, ":9080") {
			want = append(want, name)
		}
	}
	scrape := config.ScrapeConfigs[0]
	got := slices.Clone(scrape.DNS[0].Names)
	slices.Sort(want)
	slices.Sort(got)
	if scrape.JobName != "aisle" || scrape.DNS[0].Port != 9080 || !slices.Equal(got, want) {
		t.Errorf("job %s scrapes %v at port %d, want %v", scrape.JobName, got, scrape.DNS[0].Port, want)
	}
	installed(t, "promtool", "prometheus")
	dir := t.TempDir()
	local := strings.NewReplacer("/etc/prometheus/rules.yaml", "rules.yaml", "/run/secrets/scrape_key", "key").Replace(text)
	for name, content := range map[string]string{
		"compose.yaml": local, "rules.yaml": readFile(t, "../../deploy/prometheus/rules.yaml"), "key": "k",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("promtool", "check", "config", filepath.Join(dir, "compose.yaml")).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
