package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// connection says how a command reaches a running service. A group of commands shares one, and
// its fields are filled by the flags before RunE is called.
type connection struct {
	// server is the address of the API without a path, "http://127.0.0.1:8080"; key is empty in
	// open mode.
	server, key string
	asJSON      bool
}

// register adds the flags of a connection to a command and its sub-commands.
func (c *connection) register(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	addressFlags(flags, &c.server, &c.key)
	flags.BoolVar(&c.asJSON, "json", false, "print the answer as the API sends it")
}

// addressFlags registers the flags that say where the service is and with what key it is called.
func addressFlags(flags *pflag.FlagSet, server, key *string) {
	flags.StringVar(server, "server", defaultServer(), "address of the API; AISLE_SERVER when absent, else this")
	flags.StringVar(key, "key", os.Getenv("AISLE_API_KEY"), "secret key; AISLE_API_KEY when absent, none in open mode")
	flags.Lookup("key").DefValue = "" // which --help prints
}

// defaultServer is where a command finds the service when it is not told.
func defaultServer() string { return cmp.Or(os.Getenv("AISLE_SERVER"), "http://127.0.0.1:8080") }

// otherNames lets flags be called what they are called elsewhere: --url and --api-key are
// --server and --key for every command.
func otherNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "url", "host", "endpoint", "api-url":
		name = "server"
	case "api-key", "token":
		name = "key"
	}
	return pflag.NormalizedName(name)
}

// http returns a client for the flags as they stand, to be called after they were read. The
// typed clients below are for the operations that others use as well; the rest is asked by
// httpclient.JSON.
func (c *connection) http() *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: c.server, Key: c.key})
}

func (c *connection) profile() *profileapi.Client         { return profileapi.NewClient(c.http()) }
func (c *connection) similarity() *similarityapi.Client   { return similarityapi.NewClient(c.http()) }
func (c *connection) recommender() *recommenderapi.Client { return recommenderapi.NewClient(c.http()) }

// explained adds to a failure what to do about it on the command line. It knows the two that a
// first use runs into: no key, and no server. Others pass unchanged.
func explained(err error) error {
	var problem *apierror.Problem
	var unreached *url.Error
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w (pass --key or set AISLE_API_KEY)", err)
	case errors.Is(err, syscall.ECONNREFUSED) && errors.As(err, &unreached):
		return fmt.Errorf("nothing answers at %s: start Aisle with \"aisle serve\", or pass its address with --server", unreached.URL)
	}
	return err
}

// show prints an answer as JSON when that was asked for, else by print. It takes the error of
// the call as well, so that a command can hand both over in one line; with an error nothing is
// printed.
func show[T any](cmd *cobra.Command, c *connection, answer T, err error, print func(io.Writer, T)) error {
	return printed(cmd.OutOrStdout(), c.asJSON, answer, err, print)
}

// table prints rows under column names. columns has tabs between the names, and each row must
// have as many cells as there are names; cells may not hold tabs or line breaks.
func table(w io.Writer, columns string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, columns)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // as Fprint: a terminal that is gone needs no message
}

// printJSON prints a value as indented JSON.
func printJSON[T any](w io.Writer, v T) {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v) // as table
}

// body reads one JSON document from a file, "-" for standard input. Members that T lacks are
// left out without an error, and so is what stands behind the document.
func body[T any](cmd *cobra.Command, path string) (v T, err error) {
	in := cmd.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return v, fmt.Errorf("open the document: %w", err)
		}
		defer file.Close()
		in = file
	}
	if err := json.NewDecoder(in).Decode(&v); err != nil {
		return v, fmt.Errorf("read %s as JSON: %w", path, err)
	}
	return v, nil
}

// group makes a command that only holds others, which share a connection: its flags are
// persistent, so that they may stand before or behind the name of the sub-command.
func group(c *connection, use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	c.register(cmd)
	cmd.AddCommand(commands...)
	return cmd
}
