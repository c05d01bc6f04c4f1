package charttest

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
)

// drain is how long a program gives running requests after SIGTERM, in seconds (shared/httpserver).
const drain = 10

func TestChart(t *testing.T) {
	t.Parallel()
	for _, values := range valueFiles(t) {
		t.Run(filepath.Base(values), func(t *testing.T) {
			t.Parallel()
			o := render(t, values)
			if len(o.deployments) < 4 {
				t.Fatalf("%d deployments", len(o.deployments))
			}
			for _, d := range o.deployments {
				checkDeployment(t, &d)
			}
			checkSelectors(t, &o)
			checkNetworkPolicies(t, &o, !strings.Contains(values, "claim"))
			for _, j := range o.jobs {
				checkPod(t, "the migration", &j.Spec.Template.Spec)
				if !strings.Contains(j.Annotations["helm.sh/hook"], "pre-upgrade") ||
					!strings.Contains(j.Annotations["helm.sh/hook"], "pre-install") {
					t.Errorf("the migration is no hook before an upgrade: %v", j.Annotations)
				}
			}
		})
	}
}

// TestEverythingOn looks at what only the values with everything have.
func TestEverythingOn(t *testing.T) {
	t.Parallel()
	o := render(t, "values/all.yaml")
	if len(o.deployments) != 5 || len(o.scalers) != 2 || len(o.ingresses) != 1 || len(o.jobs) != 1 || len(o.monitors) != 1 {
		t.Fatalf("%d deployments, %d scalers, %d ingresses, %d jobs, %d monitors", len(o.deployments), len(o.scalers), len(o.ingresses),
			len(o.jobs), len(o.monitors))
	}
	for _, s := range o.scalers {
		n := slices.IndexFunc(o.deployments, func(d apps.Deployment) bool { return d.Name == s.Spec.ScaleTargetRef.Name })
		if n < 0 || o.deployments[n].Spec.Replicas != nil {
			t.Errorf("%s scales %s, which is not there or has replicas of its own", s.Name, s.Spec.ScaleTargetRef.Name)
		}
		if wanted := map[string]int{"shop-profile": 1, "shop-recommender": 2}[s.Name]; len(s.Spec.Metrics) != wanted {
			t.Errorf("%s goes by %d metrics, want %d", s.Name, len(s.Spec.Metrics), wanted)
		}
	}
	backend := o.ingresses[0].Spec.Rules[0].HTTP.Paths[0].Backend.Service
	n := slices.IndexFunc(o.services, func(s core.Service) bool { return s.Name == backend.Name })
	if n < 0 || o.services[n].Spec.Ports[0].Name != backend.Port.Name {
		t.Errorf("the ingress leads to %+v", backend)
	}
}

// checkDeployment holds what a deployment has to have to be stopped, watched and moved without a lost request.
func checkDeployment(t *testing.T, d *apps.Deployment) {
	t.Helper()
	pod := &d.Spec.Template.Spec
	checkPod(t, d.Name, pod)
	c := &pod.Containers[0]
	for name, probe := range map[string]*core.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || !hasPort(pod, probe.HTTPGet.Port.String()) || probe.HTTPGet.Port.String() != "admin" {
			t.Errorf("%s: the %s probe asks a port that is not there, or not the admin port: %+v", d.Name, name, probe)
		}
	}
	pause := int64(0)
	if c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep != nil {
		pause = c.Lifecycle.PreStop.Sleep.Seconds
	}
	if pause == 0 || *pod.TerminationGracePeriodSeconds < pause+drain+10 {
		t.Errorf("%s is killed after %d s: it pauses %d s and drains %d s", d.Name, *pod.TerminationGracePeriodSeconds, pause, drain)
	}
	settings := settingsOf(t, c.Command, c.Args)
	for _, e := range c.Env {
		if !slices.Contains(settings, e.Name) && e.Name != "TMPDIR" && e.Name != "OTEL_EXPORTER_OTLP_ENDPOINT" {
			t.Errorf("%s: %s is no setting of %v %v", d.Name, e.Name, c.Command, c.Args)
		}
	}
}

// secretName are settings that hold secrets.
var secretName = regexp.MustCompile(`DATABASE_URL|REDIS_URL|SERVICE_KEY|SECRET|PASSWORD`)

// checkPod holds what a pod has to have to be safe.
func checkPod(t *testing.T, name string, pod *core.PodSpec) {
	t.Helper()
	if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || *s.RunAsUser == 0 {
		t.Errorf("%s may run as root", name)
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken || pod.EnableServiceLinks == nil ||
		*pod.EnableServiceLinks {
		t.Errorf("%s gets a token, or variables, of the cluster", name)
	}
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if s == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || !slices.Contains(s.Capabilities.Drop, "ALL") {
			t.Errorf("%s can write its image or gain rights", name)
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s asks for no CPU or memory, or has no limit", name)
		}
		for _, e := range c.Env {
			if secretName.MatchString(e.Name) && (e.Value != "" || e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil) {
				t.Errorf("%s: %s does not come from a Secret", name, e.Name)
			}
		}
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("%s mounts %s, which is not there", name, m.Name)
			}
		}
	}
}

// checkSelectors holds that whatever selects pods selects some, and that ports lead somewhere.
func checkSelectors(t *testing.T, o *objects) {
	t.Helper()
	selected := func(selector map[string]string) (pods []*core.PodTemplateSpec) {
		for n := range o.deployments {
			if covers(selector, o.deployments[n].Spec.Template.Labels) {
				pods = append(pods, &o.deployments[n].Spec.Template)
			}
		}
		return pods
	}
	for _, d := range o.deployments {
		if len(selected(d.Spec.Selector.MatchLabels)) != 1 {
			t.Errorf("%s selects %d deployments' pods", d.Name, len(selected(d.Spec.Selector.MatchLabels)))
		}
	}
	for _, s := range o.services {
		pods := selected(s.Spec.Selector)
		if len(pods) == 0 || len(pods) > 1 && s.Name != "shop-metrics" {
			t.Errorf("the service %s selects %d deployments' pods", s.Name, len(pods))
		}
		for _, port := range s.Spec.Ports {
			for _, pod := range pods {
				if !hasPort(&pod.Spec, port.TargetPort.String()) {
					t.Errorf("the service %s leads to the port %s, which its pods lack", s.Name, port.TargetPort.String())
				}
			}
			if port.TargetPort.String() == "admin" && s.Spec.ClusterIP != "None" {
				t.Errorf("the service %s shows the admin port", s.Name)
			}
		}
	}
	for _, b := range o.budgets {
		if len(selected(b.Spec.Selector.MatchLabels)) != 1 {
			t.Errorf("the budget %s selects no deployment", b.Name)
		}
	}
	if len(o.budgets) != len(o.deployments) {
		t.Errorf("%d budgets for %d deployments", len(o.budgets), len(o.deployments))
	}
}

// checkNetworkPolicies holds that every pod has a policy, and that the admin port is open to one namespace alone.
func checkNetworkPolicies(t *testing.T, o *objects, wanted bool) {
	t.Helper()
	if !wanted {
		if len(o.policies) > 0 {
			t.Errorf("%d network policies although they are off", len(o.policies))
		}
		return
	}
	for _, d := range o.deployments {
		found := false
		for _, p := range o.policies {
			found = found || covers(p.Spec.PodSelector.MatchLabels, d.Spec.Template.Labels)
			for _, rule := range p.Spec.Ingress {
				for _, port := range rule.Ports {
					if port.Port.String() == "admin" && (len(rule.From) != 1 || rule.From[0].NamespaceSelector == nil) {
						t.Errorf("%s opens the admin port to %+v", p.Name, rule.From)
					}
				}
			}
		}
		if !found {
			t.Errorf("%s has no network policy", d.Name)
		}
	}
}

func covers(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return len(selector) > 0
}

func hasPort(pod *core.PodSpec, name string) bool {
	for _, c := range pod.Containers {
		if slices.ContainsFunc(c.Ports, func(p core.ContainerPort) bool { return p.Name == name }) {
			return true
		}
	}
	return false
}

var (
	settingLine = regexp.MustCompile(`AISLE_[A-Z_]+`)
	flagLine    = regexp.MustCompile(`(?m)^\s+--([a-z-]+)`)
)

// settingsOf asks a program of bin/ for its settings: by their names, or by the flags that they stand for.
func settingsOf(t *testing.T, command, args []string) []string {
	t.Helper()
	program := filepath.Join("../../../bin", filepath.Base(command[0]))
	out, err := exec.Command(program, append(slices.Clone(args), "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	names := settingLine.FindAllString(string(out), -1)
	for _, m := range flagLine.FindAllStringSubmatch(string(out), -1) {
		names = append(names, "AISLE_"+strings.ToUpper(strings.ReplaceAll(m[1], "-", "_")))
	}
	if len(names) == 0 {
		t.Fatalf("%s names no settings:\n%s", program, out)
	}
	return names
}
