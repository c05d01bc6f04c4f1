package similarityapi

import "github.com/aisle-rec/aisle/shared/wire"

// Model is one immutable version of a relation's output.
type Model struct {
	Version     string             `json:"version"`
	Relation    string             `json:"relation"`
	Algorithm   string             `json:"algorithm"`
	Parameters  map[string]any     `json:"parameters"`
	State       string             `json:"state" enum:"live,ready,rejected,retired"`
	CreatedAt   wire.Time          `json:"created_at"`
	Items       int                `json:"items"`
	Neighbours  int                `json:"neighbours"`
	Checksum    string             `json:"checksum"`
	Metrics     map[string]Metric  `json:"metrics"`
	Gate        *Gate              `json:"gate,omitempty"`
	Preparation *PreparationReport `json:"preparation,omitempty"`
	JobID       string             `json:"job_id"`
}

// Metric is a figure with its 95 % interval: over the cases of one run by bootstrap, over several runs by Student's t.
type Metric struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	SD    float64 `json:"sd,omitempty" doc:"Standard deviation of one of several runs"`
}

// Gate is the verdict that decided whether a model may serve.
type Gate struct {
	Passed  bool        `json:"passed"`
	Verdict string      `json:"verdict" enum:"passed,refused,unmeasured" doc:"unmeasured: too little was held out; the search decided"`
	Missing string      `json:"missing,omitempty" doc:"What is missing for a measurement"`
	Checks  []GateCheck `json:"checks"`
	Forced  bool        `json:"forced,omitempty" doc:"Published against the verdict"`
	Reason  string      `json:"reason,omitempty"`
	Against string      `json:"against,omitempty" doc:"The live version it was compared with"`
}

// GateCheck is one condition of the gate.
type GateCheck struct {
	Name   string  `json:"name"`
	Passed bool    `json:"passed"`
	Value  float64 `json:"value"`
	Limit  float64 `json:"limit"`
	Detail string  `json:"detail"`
}

// PreparationReport counts what is left of the interactions after each step, with a few examples of what was dropped.
type PreparationReport struct {
	Steps []PreparationStep `json:"steps"`
}

// PreparationStep is one step of the preparation.
type PreparationStep struct {
	Name     string   `json:"name"`
	Rows     int64    `json:"rows"`
	Dropped  int64    `json:"dropped"`
	Examples []string `json:"examples,omitempty"`
}

// The states of a job.
const (
	JobQueued    = "queued"
	JobRunning   = "running"
	JobSucceeded = "succeeded"
	JobFailed    = "failed"
	JobCancelled = "cancelled"
)

// Job is a piece of long work.
type Job struct {
	JobID      string         `json:"job_id"`
	Kind       string         `json:"kind" enum:"recompute,evaluation"`
	State      string         `json:"state" enum:"queued,running,succeeded,failed,cancelled"`
	Stage      string         `json:"stage,omitempty"`
	Progress   float64        `json:"progress" minimum:"0" maximum:"1" doc:"Share of the work done"`
	CreatedAt  wire.Time      `json:"created_at"`
	StartedAt  wire.Time      `json:"started_at,omitempty"`
	FinishedAt wire.Time      `json:"finished_at,omitempty"`
	Error      string         `json:"error,omitempty"`
	Retries    int            `json:"retries,omitempty" doc:"How often it was begun again after a failure that may pass"`
	Request    JobRequest     `json:"request"`
	Models     []string       `json:"models,omitempty" doc:"Versions made"`
	Result     map[string]any `json:"result,omitempty"`
	Log        []JobStage     `json:"log,omitempty" doc:"When each stage began; the latest 200"`
}

// JobStage is a stage of a job and when it began.
type JobStage struct {
	At    wire.Time `json:"at"`
	Stage string    `json:"stage"`
}

// Done reports whether the job has come to an end.
func (j Job) Done() bool {
	return j.State == JobSucceeded || j.State == JobFailed || j.State == JobCancelled
}

// JobRequest starts a job.
type JobRequest struct {
	Kind          string   `json:"kind,omitempty" enum:"recompute,evaluation" default:"recompute"`
	Relations     []string `json:"relations,omitempty" doc:"All when empty"`
	TouchedOnly   bool     `json:"touched_only,omitempty" doc:"Refresh only the items with new events, with the live model's parameters"`
	Publish       string   `json:"publish,omitempty" enum:"never,gate,always" default:"gate"`
	Reason        string   `json:"reason,omitempty" doc:"Asked for with publish=always"`
	Seed          uint64   `json:"seed,omitempty"`
	BudgetSeconds float64  `json:"budget_seconds,omitempty" minimum:"0" maximum:"86400"`

	Algorithms []string                      `json:"algorithms,omitempty"`
	Parameters map[string]map[string]float64 `json:"parameters,omitempty"`
	Folds      int                           `json:"folds,omitempty" minimum:"0" maximum:"20"`
	Seeds      int                           `json:"seeds,omitempty" minimum:"0" maximum:"20"`
}

// Schedule starts a job at the times of a cron expression.
type Schedule struct {
	ScheduleID    string     `json:"schedule_id,omitempty" readOnly:"true"`
	Cron          string     `json:"cron" minLength:"1" maxLength:"256" example:"0 3 * * *" doc:"Five fields, or such as @daily; in UTC"`
	JitterSeconds int        `json:"jitter_seconds,omitempty" minimum:"0" maximum:"86400" doc:"Each run starts up to this much later"`
	Paused        bool       `json:"paused,omitempty"`
	Request       JobRequest `json:"request"`
	CreatedAt     wire.Time  `json:"created_at,omitempty" readOnly:"true"`
	NextAt        wire.Time  `json:"next_at,omitempty" readOnly:"true"`
}
