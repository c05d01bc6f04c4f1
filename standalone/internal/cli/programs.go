package cli

import (
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/migrations/command"
	profile "github.com/aisle-rec/aisle/profile-service/service"
	recommender "github.com/aisle-rec/aisle/recommender-service/service"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// programs are the commands that are programs of their own elsewhere: the binary is all of them, so that an image needs only one file.
func programs() (all []*cobra.Command) {
	for _, p := range []struct {
		name, short string
		main        func(args []string) int
	}{
		{profile.Name, "Run the profile-service as a process of its own; --help lists its settings", profile.Main},
		{similarity.Name, "Run the similarity-service as a process of its own; --help lists its settings", similarity.Main},
		{recommender.Name, "Run the recommender-service as a process of its own; --help lists its settings", recommender.Main},
		{"migrate", "Bring Postgres databases to the schema of this version; --help lists flags", command.Main},
	} {
		all = append(all, &cobra.Command{
			// The program reads its own flags, --help included.
			Use: p.name, Short: p.short, DisableFlagParsing: true,
			RunE: func(_ *cobra.Command, args []string) error {
				if code := p.main(args); code != 0 {
					return terminal.ExitCode(code)
				}
				return nil
			},
		})
	}
	return all
}

// Called returns the arguments of a command line without the program's name. A binary, or a
// link to it, that is called like one of the programs is that program: a link "profile-service"
// is "aisle profile-service". args are those of the process, its name first; empty gives nil.
func Called(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	name := filepath.Base(args[0])
	if slices.ContainsFunc(programs(), func(c *cobra.Command) bool { return c.Name() == name }) {
		return append([]string{name}, args[1:]...)
	}
	return args[1:]
}
