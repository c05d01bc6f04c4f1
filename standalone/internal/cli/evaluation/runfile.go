package evaluation

import (
	"bytes"
	"encoding/json"
	"errors"
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
	restore := givenFlags(flags)
	var file runFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return fmt.Errorf("read the run %s: %w", e.run, err)
	}
	e.EvaluateOptions, e.served = file.EvaluateOptions.WithDefaults(), file.Served
	return restore()
}

// givenFlags notes the flags that were given. The variables of flags are the options that a run
// file replaces; what it returns puts back those that were given.
func givenFlags(flags *pflag.FlagSet) (restore func() error) {
	lists, texts := map[*pflag.Flag][]string{}, map[*pflag.Flag]string{}
	flags.Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(pflag.SliceValue); ok { // whose Set adds
			lists[f] = list.GetSlice()
		} else {
			texts[f] = f.Value.String()
		}
	})
	return func() error {
		var errs []error
		for f, list := range lists {
			errs = append(errs, f.Value.(pflag.SliceValue).Replace(list))
		}
		for f, text := range texts {
			errs = append(errs, f.Value.Set(text))
		}
		return errors.Join(errs...)
	}
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
