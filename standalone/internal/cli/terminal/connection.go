// Package terminal has what commands share: how they reach a running service (Connection), how they print answers and progress, and how
// they say the form of a table that they read.
package terminal

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

// Connection says how a command reaches a running service. A group of commands shares one, and
// its fields are filled by the flags before RunE is called.
type Connection struct {
	// Server is the address of the API without a path, "http://127.0.0.1:8080"; Key is empty in
	// open mode.
	Server, Key string
	AsJSON      bool
}

// Register adds the flags of a connection to a command and its sub-commands.
func (c *Connection) Register(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	AddressFlags(flags, &c.Server, &c.Key)
	flags.BoolVar(&c.AsJSON, "json", false, "print the answer as the API sends it")
}

// AddressFlags registers the flags that say where the service is and with what key it is called.
func AddressFlags(flags *pflag.FlagSet, server, key *string) {
	flags.StringVar(server, "server", defaultServer(), "address of the API; AISLE_SERVER when absent, else this")
	flags.StringVar(key, "key", os.Getenv("AISLE_API_KEY"), "secret key; AISLE_API_KEY when absent, none in open mode")
	flags.Lookup("key").DefValue = "" // which --help prints
}

// defaultServer is where a command finds the service when it is not told.
func defaultServer() string { return cmp.Or(os.Getenv("AISLE_SERVER"), "http://127.0.0.1:8080") }

// OtherNames lets flags be called what they are called elsewhere: --url and --api-key are
// --server and --key for every command.
func OtherNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	switch name {
	case "url", "host", "endpoint", "api-url":
		name = "server"
	case "api-key", "token":
		name = "key"
	}
	return pflag.NormalizedName(name)
}

// HTTP returns a client for the flags as they stand, to be called after they were read. The
// typed clients below are for the operations that others use as well; the rest is asked by
// httpclient.JSON.
func (c *Connection) HTTP() *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: c.Server, Key: c.Key})
}

func (c *Connection) Profile() *profileapi.Client         { return profileapi.NewClient(c.HTTP()) }
func (c *Connection) Similarity() *similarityapi.Client   { return similarityapi.NewClient(c.HTTP()) }
func (c *Connection) Recommender() *recommenderapi.Client { return recommenderapi.NewClient(c.HTTP()) }

// Explained adds to a failure what to do about it on the command line. It knows those that a
// first use runs into: no key, no server, and an address that is none. Others pass unchanged.
func Explained(err error) error {
	var problem *apierror.Problem
	var unreached *url.Error
	asked := errors.As(err, &unreached)
	switch {
	case errors.As(err, &problem) && problem.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w (pass --key or set AISLE_API_KEY)", err)
	case asked && !strings.Contains(unreached.URL, "://"):
		// What is written without a scheme is a URL of a scheme that nobody knows, "localhost:", or of none.
		return fmt.Errorf("the address of the server lacks http:// or https://: %s", unreached.URL)
	case asked && errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing answers at %s: start Aisle with \"aisle serve\", or pass its address with --server", unreached.URL)
	}
	return err
}

// Show prints an answer as JSON when that was asked for, else by print. It takes the error of
// the call as well, so that a command can hand both over in one line; with an error nothing is
// Printed.
func Show[T any](cmd *cobra.Command, c *Connection, answer T, err error, print func(io.Writer, T)) error {
	return Printed(cmd.OutOrStdout(), c.AsJSON, answer, err, print)
}

// Printed prints an answer as JSON or by a function, unless asking failed: then it returns err
// and prints nothing. print has no error, since it writes to a terminal.
func Printed[T any](w io.Writer, asJSON bool, answer T, err error, print func(io.Writer, T)) error {
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(answer)
	}
	print(w, answer)
	return nil
}

// Table prints rows under column names. columns has tabs between the names, and each row must
// have as many cells as there are names; cells may not hold tabs or line breaks.
func Table(w io.Writer, columns string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, columns)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // as Fprint: a terminal that is gone needs no message
}

// PrintJSON prints a value as indented JSON.
func PrintJSON[T any](w io.Writer, v T) {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v) // as Table
}

// Body reads one JSON document from a file, "-" for standard input. Members that T lacks are
// left out without an error, and so is what stands behind the document.
func Body[T any](cmd *cobra.Command, path string) (v T, err error) {
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

// Group makes a command that only holds others, which share a connection: its flags are
// persistent, so that they may stand before or behind the name of the sub-command.
func Group(c *Connection, use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	c.Register(cmd)
	cmd.AddCommand(commands...)
	return cmd
}

// ExitCode is an error that says everything was printed and how to end: Execute prints nothing
// for it and returns the number.
type ExitCode int

// Error implements error.
func (e ExitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
