package learning

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// maxArms is how many arms the form has rows for; an experiment may have up to ten, and those beyond are kept as they are.
const maxArms = 4

// stripped is an experiment without what only the service sets: its id is in the address and
// its version in a header.
func stripped(x recommenderapi.Experiment) recommenderapi.Experiment {
	x.ExperimentID, x.StopReason, x.Version = "", "", 0
	return x
}

// experimentValues are the fields of the form for an experiment; shares, which the API has
// between 0 and 1, are per cent there. Fields of arms are "arm0_name", "arm0_share" and so on,
// for the first maxArms.
func experimentValues(x *recommenderapi.Experiment) url.Values {
	g := x.Guardrails
	v := url.Values{
		"experiment_id": {x.ExperimentID}, "title": {x.Title}, "kind": {x.Kind}, "status": {x.Status},
		"scenarios": {strings.Join(x.Scenarios, ", ")}, "traffic": {words.Figure(100 * x.Traffic)},
		"max_degraded_share": {words.Figure(100 * g.MaxDegradedShare)}, "max_empty_share": {words.Figure(100 * g.MaxEmptyShare)},
		"max_latency_ms":       {words.Figure(g.MaxLatencyMS)},
		"min_click_rate_ratio": {words.Figure(100 * g.MinClickRateRatio)}, "min_visitors": {words.Figure(float64(g.MinVisitors))},
		"version": {words.Whole(x.Version)},
	}
	for n, arm := range x.Arms[:min(len(x.Arms), maxArms)] {
		at := "arm" + words.Whole(int64(n)) + "_"
		v.Set(at+"name", arm.Name)
		v.Set(at+"share", words.Figure(100*arm.Share))
		v.Set(at+"scenario", arm.Scenario)
		// The form has one field for the model; an arm with versions of several relations keeps
		// the others, as experimentOf sees to.
		for _, version := range arm.ModelVersions {
			v.Set(at+"model", version)
		}
		if arm.Shadow {
			v.Set(at+"shadow", "on")
		}
	}
	return v
}

// experimentOf is the experiment as the form has it: what the form does not show stays as it is
// in x, which is the one that the service has, or empty for a new one. The problem names the
// fields that are no numbers; whether the experiment makes sense the service says.
func experimentOf(v *page.Visit, x recommenderapi.Experiment) (recommenderapi.Experiment, *apierror.Problem) {
	in := &page.Reader{Visit: v}
	before := x.Arms
	x = stripped(x)
	x.Title, x.Status, x.Scenarios, x.Traffic = v.Text("title"), v.Text("status"), v.Words("scenarios"), in.Percent("traffic")
	if kind := v.Text("kind"); kind != "" {
		x.Kind = kind
	}
	x.Guardrails = recommenderapi.Guardrails{
		MaxDegradedShare: in.Percent("max_degraded_share"), MaxEmptyShare: in.Percent("max_empty_share"),
		MaxLatencyMS:      in.Number("max_latency_ms"),
		MinClickRateRatio: in.Percent("min_click_rate_ratio"), MinVisitors: int64(in.Count("min_visitors")),
	}
	var arms []recommenderapi.ExperimentArm
	for n := range maxArms {
		at := "arm" + words.Whole(int64(n)) + "_"
		// An arm whose name was emptied is taken out.
		if v.Text(at+"name") == "" {
			continue
		}
		var arm recommenderapi.ExperimentArm
		if n < len(before) {
			arm = before[n]
		}
		arm.Name, arm.Share = in.Name(at+"name", 24), in.Percent(at+"share")
		arm.Scenario, arm.Shadow = v.Text(at+"scenario"), v.Text(at+"shadow") != ""
		if version := v.Text(at + "model"); version == "" {
			arm.ModelVersions = nil
		} else if !named(arm.ModelVersions, version) {
			// The relation is the first part of a version: "similar-…".
			relation, _, _ := strings.Cut(version, "-")
			arm.ModelVersions = map[string]string{relation: version}
		}
		arms = append(arms, arm)
	}
	x.Arms = append(arms, before[min(len(before), maxArms):]...)
	return x, in.Problem("The form cannot be read.")
}

// named reports whether an arm has a version already, of whatever relation.
func named(versions map[string]string, version string) bool {
	for _, v := range versions {
		if v == version {
			return true
		}
	}
	return false
}

// inPercent says of shares that do not sum to the whole what they sum to in the numbers of the form.
func inPercent(p *apierror.Problem, arms []recommenderapi.ExperimentArm) *apierror.Problem {
	var sum float64
	for n := range arms {
		sum += arms[n].Share
	}
	for n := range p.Errors {
		if p.Errors[n].Code == "shares" {
			p.Errors[n].Detail = fmt.Sprintf("the shares of the arms sum to %.4g per cent instead of 100", 100*sum)
		}
	}
	return p
}

// armAt finds the number of an arm, and the member of it, in a pointer of the API.
var armAt = regexp.MustCompile(`^/arms/(\d+)(?:/(name|share|scenario|model_versions|shadow))?`)

// experimentField is the field of the form that a pointer of the API is about: "/arms/1/share"
// is "arm1_share". "" means that the form has none, and the problem stands above it.
func experimentField(pointer string) string {
	if m := armAt.FindStringSubmatch(pointer); m != nil {
		if n, err := strconv.Atoi(m[1]); err != nil || n >= maxArms {
			return "" // the form has no row for it
		}
		switch m[2] {
		case "":
			return "arm" + m[1] + "_name"
		case "model_versions":
			return "arm" + m[1] + "_model"
		}
		return "arm" + m[1] + "_" + m[2]
	}
	if pointer == "/arms" {
		return "arm0_share"
	}
	name := strings.TrimPrefix(form.Plain(pointer), "guardrails/")
	name, _, _ = strings.Cut(name, "/")
	switch name {
	case "id":
		return "experiment_id"
	case "experiment_id", "title", "kind", "status", "scenarios", "traffic", "max_degraded_share", "max_empty_share",
		"max_latency_ms", "min_click_rate_ratio", "min_visitors":
		return name
	}
	if strings.HasPrefix(name, "arm") {
		return name
	}
	return ""
}
