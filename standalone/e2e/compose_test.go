package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose reads docker-compose.yml as docker compose does, with the values of .env.example and some profiles.
func loadCompose(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../docker-compose.yml"},
		cli.WithWorkingDirectory("../.."), cli.WithEnvFiles("../../.env.example"), cli.WithDotEnv,
		cli.WithProfiles(profiles))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeFile(t *testing.T) {
	t.Parallel()
	project := loadCompose(t)

	t.Run("it starts the stores, the migration, the three services and the gateway", func(t *testing.T) {
		t.Parallel()
		want := []string{"gateway", "keys", "migrate", "postgres", "profile-service", "recommender-service", "redis", "similarity-service"}
		if got := project.ServiceNames(); !slices.Equal(got, want) {
			t.Errorf("services are %v, want %v", got, want)
		}
	})
	t.Run("images are pinned and stores publish no port", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"postgres", "redis"} {
			s := project.Services[name]
			if _, tag, _ := strings.Cut(s.Image, ":"); !strings.Contains(tag, ".") {
				t.Errorf("%s: image %s is not pinned to a release", name, s.Image)
			}
			if len(s.Ports) > 0 {
				t.Errorf("%s publishes %v", name, s.Ports)
			}
			if len(s.Volumes) == 0 || s.Volumes[0].Type != types.VolumeTypeVolume {
				t.Errorf("%s keeps its data in no named volume", name)
			}
		}
	})
	t.Run("only the gateway publishes a port, on this machine, and knows every service", func(t *testing.T) {
		t.Parallel()
		for name, s := range project.Services {
			if (len(s.Ports) > 0) != (name == "gateway") {
				t.Errorf("%s publishes %v", name, s.Ports)
			}
		}
		g := project.Services["gateway"]
		if g.Ports[0].HostIP != "127.0.0.1" {
			t.Errorf("the gateway is published on %s", g.Ports[0].HostIP)
		}
		for _, name := range services {
			variable := "AISLE_" + strings.ToUpper(strings.TrimSuffix(name, "-service")) + "_URL"
			if got := *g.Environment[variable]; got != "http://"+name+":8080" {
				t.Errorf("%s of the gateway is %s", variable, got)
			}
		}
	})
	t.Run("everything that keeps running has a health check", func(t *testing.T) {
		t.Parallel()
		for name, s := range project.Services {
			if s.Restart != types.RestartPolicyNo && s.HealthCheck == nil {
				t.Errorf("%s has no health check", name)
			}
		}
	})
	t.Run("services wait for the migration and have databases of their own", func(t *testing.T) {
		t.Parallel()
		for _, name := range services {
			if project.Services[name].DependsOn["migrate"].Condition != types.ServiceConditionCompletedSuccessfully {
				t.Errorf("%s does not wait for the migration", name)
			}
		}
		for _, own := range []string{"profile", "similarity", "recommender"} {
			variable := "AISLE_" + strings.ToUpper(own) + "_DATABASE_URL"
			if address := *project.Services[own+"-service"].Environment[variable]; !strings.Contains(address, "//"+own+":") {
				t.Errorf("the database user of the %s-service is not its own: %s", own, address)
			}
			for name, s := range project.Services {
				if _, ok := s.Environment[variable]; ok && name != own+"-service" && name != "migrate" {
					t.Errorf("%s knows the database of the %s-service", name, own)
				}
			}
		}
	})
}
