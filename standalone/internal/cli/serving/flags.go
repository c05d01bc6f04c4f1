package serving

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/telemetry"
)

// serverFlags are the settings that every server has: its two ports and its log.
type serverFlags struct {
	// Both are "host:port"; adminListen may be "off" or empty for no admin port.
	listen, adminListen string
	connections         int
	logFormat, logLevel string
}

// register adds the flags; api says what is served beside the admin port.
func (f *serverFlags) register(flags *pflag.FlagSet, api string) {
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of "+api)
	flags.StringVar(&f.adminListen, "admin-listen", "127.0.0.1:9080", "address of health checks, metrics and profiles; \"off\" for none")
	flags.IntVar(
		&f.connections, "max-connections", httpserver.DefaultMaxConnections,
		"connections that are open at the same time; beyond, those that wait for a request are closed",
	)
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
}

// logger returns the log, which is written to w.
func (f *serverFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", f.logLevel)
	}
	logger, err := telemetry.NewLogger(w, f.logFormat, level)
	if err != nil {
		return nil, fmt.Errorf("--log-format: %w", err)
	}
	return logger, nil
}

// hasAdmin reports whether there is an admin port.
func (f *serverFlags) hasAdmin() bool { return f.adminListen != "off" && f.adminListen != "" }

// open opens the ports; admin is nil where there is none. When it fails, none is open.
func (f *serverFlags) open() (public, admin net.Listener, err error) {
	if f.connections < httpserver.MinConnections {
		return nil, nil, fmt.Errorf("--max-connections %d: use at least %d", f.connections, httpserver.MinConnections)
	}
	if public, err = httpserver.Listen(f.listen); err != nil {
		return nil, nil, fmt.Errorf("%w (--listen)", err)
	}
	if f.hasAdmin() {
		if admin, err = httpserver.Listen(f.adminListen); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%w (--admin-listen)", err), public.Close())
		}
	}
	return public, admin, nil
}

// closed closes ports that open opened.
func closed(public, admin net.Listener) error {
	err := public.Close()
	if admin != nil {
		err = errors.Join(err, admin.Close())
	}
	return err
}

// weightsFlag is a flag of names with numbers: "view_item=2,quiz_answer=0.5". Whether a weight
// is allowed the services say.
type weightsFlag map[string]float64

// Set implements pflag.Value. It replaces what an earlier flag set; of a name that is there
// twice the last counts.
func (w *weightsFlag) Set(text string) error {
	read := weightsFlag{}
	for _, part := range strings.Split(text, ",") {
		name, number, _ := strings.Cut(part, "=")
		weight, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return fmt.Errorf("%q is not a type and its weight, such as view_item=2", part)
		}
		read[name] = weight
	}
	*w = read
	return nil
}

// Type implements pflag.Value: --help shows it as the placeholder of the value.
func (w *weightsFlag) Type() string { return "weights" }

// String implements pflag.Value, in order of name, so that the admin port shows the same text
// each time.
func (w *weightsFlag) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(*w)) {
		parts = append(parts, name+"="+strconv.FormatFloat((*w)[name], 'g', -1, 64))
	}
	return strings.Join(parts, ",")
}

// fromEnvironment fills the flags that the command line does not set from AISLE_ variables:
// --database-url is AISLE_DATABASE_URL. A variable that is set but empty counts. It returns the
// first value that its flag refuses, with the variable's name.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "AISLE_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		// Value.Set leaves Changed alone, by which shown tells the command line from the
		// environment.
		if value, ok := os.LookupEnv(name); ok && !flag.Changed && failed == nil {
			if err := flag.Value.Set(value); err != nil {
				failed = fmt.Errorf("%s: %w", name, err)
			}
		}
	})
	return failed
}

// shownFlags are the settings in effect as others may see them, on the admin port: those with a
// value, without secrets.
func shownFlags(flags *pflag.FlagSet) map[string]string {
	shown := map[string]string{}
	flags.VisitAll(func(flag *pflag.Flag) {
		if value := flag.Value.String(); value != "" && value != "[]" {
			shown[flag.Name] = process.Shown(flag.Name, value)
		}
	})
	return shown
}
