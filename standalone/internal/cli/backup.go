package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/standalone/internal/backup"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newBackupCommand works on the files of this machine and asks no server; package backup does
// the work. --to must not exist yet: a backup is never mixed with another. Without --keys-file
// no keys are copied.
func newBackupCommand() *cobra.Command {
	o := backup.Options{Version: process.Version(), Now: time.Now}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy the data folder of a server that runs, or not, into a new folder: databases, snapshots and, when named, the keys file",
		Example: `  aisle backup --data aisle-data --keys-file keys.json --to backups/$(date +%F)
  aisle restore --from backups/2026-01-31 --data aisle-data`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := backup.Take(cmd.Context(), o)
			return terminal.Printed(cmd.OutOrStdout(), asJSON, m, err, func(w io.Writer, m backup.Manifest) {
				fmt.Fprintf(w, "%s holds everything that was acknowledged before %s: %s\n", o.To,
					m.BegunAt.Format(time.RFC3339), counted(m))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Data, "data", "aisle-data", "data folder of aisle serve, with its SQLite files")
	flags.StringVar(&o.To, "to", "", "new folder for the backup")
	flags.StringVar(&o.KeysFile, "keys-file", "", "keys file, to be copied as well")
	flags.BoolVar(&asJSON, "json", false, "print the manifest")
	_ = cmd.MarkFlagRequired("to") // it is there
	return cmd
}

// newRestoreCommand is the other direction: it compares every file with the manifest of the
// backup, and refuses a data folder that has something in it.
func newRestoreCommand() *cobra.Command {
	var from, data, keysFile string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Put a backup into a new data folder, on which a server can start",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := backup.Restore(cmd.Context(), from, data, keysFile)
			return terminal.Printed(cmd.OutOrStdout(), asJSON, m, err, func(w io.Writer, m backup.Manifest) {
				fmt.Fprintf(w, "%s holds %s\n", data, counted(m))
				fmt.Fprintf(
					w, "What was acknowledged after %s is lost unless it is sent again: events (with their "+
						"event_id none is stored twice), files, and changes of items, scenarios and rules.\n",
					m.BegunAt.Format(time.RFC3339),
				)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "folder that aisle backup made")
	flags.StringVar(&data, "data", "aisle-data", "data folder for aisle serve: new, or empty")
	flags.StringVar(&keysFile, "keys-file", "", "where the keys file goes; left out when absent")
	flags.BoolVar(&asJSON, "json", false, "print the manifest")
	_ = cmd.MarkFlagRequired("from") // it is there
	return cmd
}

// counted says what is in a backup, so that who made it sees at once whether it is the right
// folder.
func counted(m backup.Manifest) string {
	c := m.Counts
	return fmt.Sprintf(
		"%d events of %d visitors, %d users, %d items, %d models of which %d live, %d scenarios, rules and experiments, %d decisions",
		c.Events, c.Visitors, c.Users, c.Items, c.Models, c.LiveModels, c.Documents, c.Decisions,
	)
}
