// Package evaluation has the commands that measure models on a data set and need no server: evaluate compares them, tune finds settings of
// placements. Reports are printed by WriteReport and written as pages by WritePage.
package evaluation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/similarity-service/service"
	"github.com/aisle-rec/aisle/standalone/internal/cli/serving"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
	"github.com/aisle-rec/aisle/standalone/internal/served"
	"github.com/aisle-rec/aisle/standalone/internal/tune"
)

// evaluation is what the flags of the command say. The embedded options go to the
// similarity-service's evaluation as they are; the other fields are read by complete and by
// what follows the run.
type evaluation struct {
	service.EvaluateOptions
	// page is the file of --report, "" for none.
	page string
	// resplit is "" or "random"; run and saveRun are the files of --run and --save-run.
	resplit, run, saveRun string
	// sets are the values of --set as given: "two_hop.beta=.2".
	sets           []string
	asJSON, served bool
	// read has the flags that say how to read a table; complete moves them to Table of the
	// options.
	read terminal.TableFlags
}

// NewEvaluateCommand runs service.Evaluate of the similarity-service in this process. It uses
// no server and no store. Its order: flags and run file, the evaluation, the run file of
// --save-run, the page, and at last the printout, so that a file that cannot be written is an
// error before anything is printed.
func NewEvaluateCommand() *cobra.Command {
	var e evaluation
	cmd := &cobra.Command{
		Use:   "evaluate --data PATH --format FORMAT",
		Short: "Compare the recommendation models on a data set from files",
		Long: `Evaluate reads a data set, chooses among the models and their parameters on a held-out part of its training data, and
measures the winner on the test part, beside popularity and cosine. It needs no server.

With --folds the training part is cross-validated instead, every model on every fold, and the test part is not looked
at; --seeds repeats all of it. Then figures are means with their deviation over the runs, and every two models are
compared by a paired test. --set leaves a parameter as it is given while the others are searched. --save-run writes
every option to a file, from which --run makes the same report; flags beside --run change what it says.

With --served a throw-away instance then learns the training part through the public API, recomputes with the settings
that are delivered and is asked for recommendations for every test case; its lists are scored like those of the
winner. That takes as long as importing the data set and a recompute.

Formats: lightgcn (a folder with train.txt and test.txt), sessions (train_sessions.txt and test_prefixes.txt, or a
table of clicks, or a folder with two, train.csv and test.csv), baskets (a table of order lines), movielens and csv
(tables of interactions). Files may be plain, .gz or .zst; tables also xlsx or NDJSON. Columns are known by usual words
in several languages; --map names others: user_id, item_id, order_id, session_id, rating, weight, quantity,
occurred_at. Columns that are not used are named in the report.`,
		Example: "  aisle evaluate --data ./ml-100k --format movielens --k 10\n" +
			"  aisle evaluate --data orders.csv --format baskets --folds 5 --seeds 3 --save-run run.json\n" +
			"  aisle evaluate --run run.json --set two_hop.beta=.2 --json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := e.complete(cmd.Flags()); err != nil {
				return err
			}
			for _, path := range []string{e.page, e.saveRun} {
				if err := writable(path); err != nil {
					return err
				}
			}
			progress := terminal.NewProgress(cmd.ErrOrStderr())
			e.Progress = progress.Report
			if e.served {
				e.Serve = serveLists(cmd.ErrOrStderr(), e.Seed, progress.Report)
			}
			report, err := service.Evaluate(cmd.Context(), e.EvaluateOptions)
			progress.End()
			if err != nil {
				return err
			}
			if err := e.save(); err != nil {
				return err
			}
			if err := WritePage(e.page, report); err != nil {
				return err
			}
			if e.asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(report)
			}
			return WriteReport(cmd.OutOrStdout(), report)
		},
	}
	e.flags(cmd.Flags())
	return cmd
}

// writable tells before hours of work that their result cannot be written. A file that is there
// stays as it is.
func writable(path string) error {
	if path == "" {
		return nil
	}
	_, missing := os.Stat(path)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("the result cannot be written: %w", err)
	}
	err = file.Close()
	if missing != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// WritePage writes a report as a page to a file, which is replaced when it exists; to none when
// path is empty. An error of Close counts: it may be the first that tells of a full disk.
func WritePage(path string, r service.Report) (err error) {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return service.WriteReport(file, r)
}

// flags registers every flag. Those whose text says no default have 0 or nothing, which the
// service fills in.
func (e *evaluation) flags(flags *pflag.FlagSet) {
	flags.StringVar(&e.Path, "data", "", "folder or file of the data set")
	flags.StringVar(&e.Format, "format", "", "one of "+strings.Join(service.EvaluateFormats(), ", "))
	flags.Float64Var(
		&e.TrainFraction, "train-fraction", 0, "share of a table that teaches, above 0 and below 1 (default: the format's own split)",
	)
	flags.StringVar(&e.resplit, "resplit", "", "random: draw the test part of lightgcn data again, keeping its size per user")
	flags.BoolVar(&e.Ordered, "ordered", false, "the items of a line of lightgcn data stand in the order in which they came, oldest first")
	flags.BoolVar(
		&e.WithoutReloads, "without-reloads", false,
		"leave out clicks of sessions on the item clicked just before, and the cases that ask for one, as a recompute does",
	)
	flags.StringSliceVar(
		&e.Algorithms, "algorithms", nil, "only these compete (default: all of "+strings.Join(service.EvaluateAlgorithms(), ",")+")",
	)
	flags.StringArrayVar(&e.sets, "set", nil, "ALGORITHM.PARAMETER=VALUE, such as two_hop.beta=.2: the search leaves it so")
	flags.IntVar(&e.Folds, "folds", 0, "cross-validate the training part in so many folds instead of scoring the test part")
	flags.IntVar(&e.Seeds, "seeds", 1, "repeat everything with so many seeds, --seed and those after it")
	flags.IntVar(&e.K, "k", 20, "length of the measured lists")
	flags.IntVar(&e.Neighbours, "neighbours", 200, "neighbours kept per item")
	flags.IntVar(&e.HistoryCap, "history-cap", 2000, "latest entries of a user's history or a basket that count as occurring together")
	flags.Uint64Var(&e.Seed, "seed", 1, "seed of every random draw")
	flags.Float64Var(&e.BudgetSeconds, "budget", 200, "nominal CPU seconds for the search of parameters, of each run")
	flags.BoolVar(&e.TestAll, "test-all", false, "score the test part for every algorithm; the winner is still the one of the validation")
	flags.BoolVar(
		&e.ScanTest, "scan-test-optimum", false,
		"afterwards, scan the test part for the winning two-hop family's best parameters in hindsight and report the "+
			"loss of the honest choice",
	)
	flags.BoolVar(
		&e.served, "served", false,
		"afterwards, have a throw-away instance learn the training part and answer the test part through its API, and compare",
	)
	flags.StringVar(&e.run, "run", "", "file of --save-run whose options to take; flags that are given as well replace them")
	flags.StringVar(&e.saveRun, "save-run", "", "file to write every option to, for --run")
	flags.StringVar(&e.page, "report", "", "file to write the report to as one HTML page with figures")
	flags.BoolVar(&e.asJSON, "json", false, "write the report as JSON")
	e.read.Add(flags)
}

// complete turns flags and the run file into options. The run file is read first: a flag that
// is given beside it counts more. Mappings of columns and values of --set are added to those of
// the file.
func (e *evaluation) complete(flags *pflag.FlagSet) error {
	if err := e.takeRun(flags); err != nil {
		return err
	}
	if e.Path == "" || e.Format == "" {
		return errors.New("--data and --format are needed, or --run with a file that has them")
	}
	// In options 0 stands for the default, which is not what a 0 given by hand asks for.
	for _, name := range []string{"k", "neighbours", "history-cap", "seeds", "budget", "train-fraction"} {
		if flags.Changed(name) && flags.Lookup(name).Value.String() == "0" {
			return fmt.Errorf("--%s is 0, want more; leave it out for the default", name)
		}
	}
	if flags.Changed("resplit") {
		if e.resplit != "" && e.resplit != "random" {
			return fmt.Errorf("--resplit is %q, want random or nothing", e.resplit)
		}
		e.Resplit = e.resplit == "random"
	}
	if err := e.takeSets(); err != nil {
		return err
	}
	mapping, err := e.read.Mapping()
	if err != nil {
		return err
	}
	for column, field := range mapping {
		if e.Table.Mapping == nil {
			e.Table.Mapping = map[string]string{}
		}
		e.Table.Mapping[column] = field
	}
	for _, f := range []struct {
		given string
		to    *string
	}{
		{e.read.Separator, &e.Table.Separator}, {e.read.Encoding, &e.Table.Encoding}, {e.read.Decimal, &e.Table.Decimal},
		{e.read.DateFormat, &e.Table.DateFormat}, {e.read.Timezone, &e.Table.Timezone},
	} {
		// Only what was given: the options may have come from a run file.
		if f.given != "" {
			*f.to = f.given
		}
	}
	return nil
}

// serveLists answers the test part with a throw-away instance that has the settings that are
// delivered, in a temporary folder that package served removes. Its log goes to w, errors only.
func serveLists(w io.Writer, seed uint64, report tune.Progress) service.Serve {
	return func(ctx context.Context, shop *service.ShopData) (service.ShopAnswers, error) {
		logger, err := telemetry.NewLogger(w, "text", slog.LevelError)
		if err != nil {
			return service.ShopAnswers{}, err
		}
		return served.Lists(ctx, shop, served.Options{
			SearchSeconds: serving.SearchSeconds, Seed: seed, Now: time.Now(), Progress: report,
		}, logger)
	}
}
