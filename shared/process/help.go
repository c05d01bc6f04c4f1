package process

import (
	"cmp"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/caarlos0/env/v11"
)

// told answers the command line of a service, which takes its settings from the environment: --help and --version. It returns the exit
// code.
func told[C any](name string, defaults settings, args []string) int {
	switch args[0] {
	case "--version", "-version", "version":
		fmt.Println(name, Build())
		return 0
	case "--help", "-h", "-help", "help":
		fmt.Printf("%s runs until SIGINT or SIGTERM. It takes its settings from the environment:\n\n", name)
		var config C
		printSettings(map[string]string{"AISLE_LISTEN": defaults.Listen, "AISLE_ADMIN_LISTEN": defaults.AdminListen}, &defaults, &config)
		fmt.Printf("\n  %s --version prints the version.\n", name)
		return 0
	}
	fmt.Fprintf(
		os.Stderr, "%s: %q is not understood: it takes --help and --version only, its settings come from the environment\n", name, args[0],
	)
	return 1
}

// printSettings lists the variables of structs of settings with their defaults; those in defaults have them from the program.
// One that is needed has no default and says so.
func printSettings(defaults map[string]string, settings ...any) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	shown := map[string]bool{}
	for _, one := range settings {
		fields, err := env.GetFieldParams(one)
		if err != nil {
			fmt.Fprintln(os.Stderr, err) // a mistake in our own struct, which every start would find
			return
		}
		for _, f := range fields {
			if shown[f.Key] { // a service may use a setting that every process has
				continue
			}
			shown[f.Key] = true
			note := cmp.Or(defaults[f.Key], f.DefaultValue)
			if f.Required || f.NotEmpty {
				note = "needed"
			}
			fmt.Fprintf(w, "  %s\t%s\n", f.Key, note)
		}
	}
	_ = w.Flush() // a terminal that is gone needs no message
}
