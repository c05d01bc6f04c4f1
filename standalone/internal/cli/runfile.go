package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aisle-rec/aisle/similarity-service/service"
)

// runFile is an evaluation as --save-run writes it: one JSON object with the options of the
// evaluation and whether it is served. Files of --report and --save-run are not part of it.
type runFile struct {
	service.EvaluateOptions
	Served bool `json:"served,omitempty"`
}

// save writes every option, defaults included, so that a later version with other defaults
// makes the same report. It does nothing without --save-run.
func (e *evaluation) save() error {
	if e.saveRun == "" {
		return nil
	}
	data, err := json.MarshalIndent(runFile{e.EvaluateOptions.WithDefaults(), e.served}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the run: %w", err)
	}
	if err := os.WriteFile(e.saveRun, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the run: %w", err)
	}
	return nil
}

// takeRun reads the options of --run; flags that were given stand above them. A member that it
// does not know is an error: a misspelt option must not leave its default in place unnoticed.
func (e *evaluation) takeRun(flags *pflag.FlagSet) error {
	if e.run == "" {
		return nil
	}
	data, err := os.ReadFile(e.run)
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	// The flags have written their values, defaults too, into the options that the file
	// replaces: they are kept aside, and those that were given are put back.
	given := e.EvaluateOptions
	served := e.served
	var file runFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return fmt.Errorf("read the run %s: %w", e.run, err)
	}
	e.EvaluateOptions, e.served = file.EvaluateOptions.WithDefaults(), file.Served
	for name, take := range map[string]func(){
		"data": func() { e.Path = given.Path }, "format": func() { e.Format = given.Format },
		"train-fraction": func() { e.TrainFraction = given.TrainFraction }, "algorithms": func() { e.Algorithms = given.Algorithms },
		"folds": func() { e.Folds = given.Folds }, "seeds": func() { e.Seeds = given.Seeds }, "k": func() { e.K = given.K },
		"neighbours": func() { e.Neighbours = given.Neighbours }, "history-cap": func() { e.HistoryCap = given.HistoryCap },
		"seed": func() { e.Seed = given.Seed }, "budget": func() { e.BudgetSeconds = given.BudgetSeconds },
		"test-all": func() { e.TestAll = given.TestAll }, "scan-test-optimum": func() { e.ScanTest = given.ScanTest },
		"served": func() { e.served = served },
	} {
		if flags.Changed(name) {
			take()
		}
	}
	return nil
}

// takeSets reads --set into Parameters: by algorithm, by name, a number. Those of a run file
// stay unless they are named again.
func (e *evaluation) takeSets() error {
	for _, set := range e.sets {
		name, text, _ := strings.Cut(set, "=")
		algorithm, parameter, ok := strings.Cut(name, ".")
		value, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil {
			return fmt.Errorf("--set is %q, want ALGORITHM.PARAMETER=NUMBER, such as two_hop.beta=.2", set)
		}
		if e.Parameters == nil {
			e.Parameters = map[string]map[string]float64{}
		}
		if e.Parameters[algorithm] == nil {
			e.Parameters[algorithm] = map[string]float64{}
		}
		e.Parameters[algorithm][parameter] = value
	}
	return nil
}
