package cli

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/auth"
)

// newKeysCommand changes a keys file on this machine; it asks no server. Servers that run
// follow the file, so that no restart is needed. Package auth reads, checks and writes it.
func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Make, list and remove API keys"}
	file := cmd.PersistentFlags().String(
		"keys-file", cmp.Or(os.Getenv("AISLE_KEYS_FILE"), "keys.json"),
		"the keys file, which all services read and follow; AISLE_KEYS_FILE names another when absent",
	)
	cmd.AddCommand(newKeysInitCommand(file), newKeysCreateCommand(file), newKeysListCommand(file), newKeysRemoveCommand(file),
		newCreateUserSecretCommand(file), newRemoveUserSecretCommand(file), newUserTokenCommand(file), newRequireUserTokenCommand(file))
	return cmd
}

// newKeysCreateCommand prints the key alone on standard output, so that a script can take it,
// and everything else on standard error. Only a digest of it is in the file: a lost key cannot
// be read again.
func newKeysCreateCommand(file *string) *cobra.Command {
	n := auth.NewKey{}
	var kind string
	var validFor time.Duration
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key, add its digest to the keys file and print it, once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n.Kind = auth.Kind(kind)
			// A publishable key is in every page for all to read; its origins are what bounds
			// its use.
			if n.Kind == auth.KindPublishable && len(n.Origins) == 0 {
				return fmt.Errorf(
					"a publishable key needs --origin https://shop.example, the page that may use it (repeat the flag for several)",
				)
			}
			// nil stands for all that the kind may; an empty list would be a key that may
			// nothing.
			if len(n.Scopes) == 0 {
				n.Scopes = nil
			}
			now := time.Now()
			if validFor < 0 {
				return fmt.Errorf("--valid-for %s lies in the past: pass a positive duration such as 720h", validFor)
			}
			if validFor > 0 {
				end := now.Add(validFor).UTC().Truncate(time.Second)
				n.Expires = &end
			}
			secret, key, err := auth.Generate(n, now)
			if err != nil {
				return err
			}
			if err := auth.AppendKey(*file, key); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s key %s for shop %q added to %s. It is shown only now:\n", key.Kind, key.ID, key.Shop, *file)
			fmt.Fprintln(cmd.OutOrStdout(), secret)
			if key.Kind == auth.KindPublishable {
				fmt.Fprintln(
					cmd.ErrOrStderr(), "A page names a logged-in user with a user token: aisle keys create-user-secret, docs/security.md.",
				)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&n.Shop, "shop", auth.DefaultShop, "the shop that the key opens")
	flags.StringVar(&kind, "kind", string(auth.KindSecret), "secret (servers), publishable (browsers) or service (between Aisle services)")
	flags.StringSliceVar(
		&n.Scopes, "scope", nil, "what it may do: "+strings.Join(auth.Scopes(), " ")+"; all that the kind may when not given",
	)
	flags.StringSliceVar(&n.Origins, "origin", nil, "web origin that may use a publishable key, such as https://shop.example")
	flags.Float64Var(
		&n.Rate, "rate", 0, "requests per second, of a publishable key per client address; as the server's setting when not given",
	)
	flags.StringVar(&n.Note, "note", "", "a reminder of what the key is for")
	flags.DurationVar(&validFor, "valid-for", 0, "how long the key works, such as 720h; for ever when not given")
	return cmd
}

// newKeysInitCommand makes the file of a deployment that starts closed: with an empty file
// every call is refused, while without one this machine may call without a key.
func newKeysInitCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Make an empty keys file unless there is one; nobody can call before a key is created",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return auth.InitKeysFile(*file) },
	}
}

// newKeysListCommand prints what the file says of each key. A key is told apart by its id,
// which is no secret.
func newKeysListCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys by id; the keys themselves are not kept",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := auth.ReadKeysFile(*file)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tKIND\tSHOP\tSCOPES\tORIGINS\tCREATED\tNOTE")
			for _, k := range f.Keys {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Kind, k.Shop, strings.Join(k.Scopes, " "),
					strings.Join(k.Origins, " "), k.CreatedAt.Format(time.DateOnly), k.Note)
			}
			return w.Flush()
		},
	}
}

// newKeysRemoveCommand fails when the file has no key with this id.
func newKeysRemoveCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID",
		Short: "Remove a key; running servers refuse it within a second",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return auth.RemoveKey(*file, args[0]) },
	}
}
