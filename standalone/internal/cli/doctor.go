package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
	"github.com/aisle-rec/aisle/standalone/internal/doctor"
)

// newDoctorCommand prints the checks of package doctor, which asks the API and the admin ports.
// The exit code is that of the worst check, so that a cron job or a container can act on it.
func newDoctorCommand() *cobra.Command {
	o := doctor.Options{Version: process.Version(), Now: time.Now}
	var asJSON, quiet bool
	var bundle string
	cmd := &cobra.Command{
		Use: "doctor",
		Short: "Ask a deployment how it stands, and say what is wrong and how to mend it; exit code 0 well, 1 with " +
			"warnings, 2 when something failed",
		Example: `  aisle doctor                                            # the one binary on this machine
  aisle doctor --server https://rec.shop.example --key sk_… --admin-url http://127.0.0.1:9081 --admin-url http://127.0.0.1:9082
  aisle doctor --bundle support.tar.gz                    # what support needs; no secret is in it`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			// Of the one binary both ports are on this machine; elsewhere the admin port is
			// usually closed to the outside, and asking it without being told would only add a
			// check that fails. Beside another port of this machine that one may be another Aisle's.
			case len(o.Admin) == 0 && isUsual(o.Server):
				o.Admin = []string{"http://127.0.0.1:9080"}
			case len(o.Admin) == 1 && o.Admin[0] == "off":
				o.Admin = nil
			}
			found, err := doctor.Examine(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := printReport(cmd.OutOrStdout(), found.Report, asJSON, quiet); err != nil {
				return err
			}
			if bundle != "" {
				if err := found.WriteBundle(bundle); err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%s holds the report and what it rests on, without keys and passwords.\n", bundle)
			}
			if code := found.Report.ExitCode(); code > 0 {
				return terminal.ExitCode(code)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	terminal.AddressFlags(flags, &o.Server, &o.Key)
	flags.StringArrayVar(
		&o.Admin, "admin-url", nil, "address of the admin port of a process, once for each; \"off\" for none; "+
			"127.0.0.1:9080 when the server is at port 8080 of this machine",
	)
	flags.StringVar(
		&o.AdminKey, "admin-key", os.Getenv("AISLE_ADMIN_KEY"), "service key with the scope admin:read, for admin "+
			"ports of other machines; AISLE_ADMIN_KEY when absent",
	)
	flags.Lookup("admin-key").DefValue = ""
	flags.StringVar(&o.Data, "data", "", "data folder on this machine, to look at its disk and modes as well")
	flags.StringVar(&o.KeysFile, "keys-file", os.Getenv("AISLE_KEYS_FILE"), "keys file on this machine, to look at its modes as well; "+
		"AISLE_KEYS_FILE when absent")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	flags.BoolVarP(&quiet, "quiet", "q", false, "print only what is not well")
	flags.StringVar(&bundle, "bundle", "", "also write a new file .tar.gz with report, status, metrics, settings, jobs and anomalies, "+
		"without secrets")
	return cmd
}

// isUsual reports whether the API is on this machine and at its usual port, beside which its admin port then is. An address without a
// scheme, "127.0.0.1:8080", counts too.
func isUsual(server string) bool {
	u, err := url.Parse(server)
	host := server
	if err == nil && u.Host != "" {
		host = u.Host
	}
	return auth.IsLoopback(host) && strings.HasSuffix(host, ":8080")
}

// printReport prints one line for each check and a line with what to do below those that name
// it. quiet leaves out the checks that are well; the last line counts all of them in any case.
func printReport(w io.Writer, r doctor.Report, asJSON, quiet bool) error {
	if asJSON {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	counts := map[doctor.Verdict]int{}
	for _, c := range r.Checks {
		counts[c.Verdict]++
		if quiet && c.Verdict == doctor.OK {
			continue
		}
		fmt.Fprintf(w, "%-5s %s: %s\n", strings.ToUpper(string(c.Verdict)), c.Name, strings.ReplaceAll(c.Detail, "\n", "; "))
		if c.Mend != "" {
			fmt.Fprintf(w, "      → %s\n", c.Mend)
		}
	}
	_, err := fmt.Fprintf(
		w, "%d checks: %d ok, %d warnings, %d failed\n", len(r.Checks), counts[doctor.OK], counts[doctor.Warn], counts[doctor.Fail],
	)
	return err
}
