package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	profile "github.com/aisle-rec/aisle/profile-service/service"
	recommender "github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/telemetry"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
	"github.com/aisle-rec/aisle/standalone/internal/gateway"
)

// gatewayFlags are the settings of a gateway; as those of serve, each can come from the
// environment: --profile-url is AISLE_PROFILE_URL.
type gatewayFlags struct {
	serverFlags
	keysFile        string // for the admin port alone
	keysFileAnyMode bool
	// Base addresses of the replicas of each service, at least one each.
	profile, similarity, recommender []string
	// Addresses or networks of proxies whose X-Forwarded-For is believed.
	trusted []string
}

func (f *gatewayFlags) register(flags *pflag.FlagSet) {
	f.serverFlags.register(flags, "the API, the console and the page script")
	flags.StringSliceVar(
		&f.profile, "profile-url", []string{"http://127.0.0.1:8081"},
		"addresses of the replicas of the profile-service, with commas between",
	)
	flags.StringSliceVar(&f.similarity, "similarity-url", []string{"http://127.0.0.1:8082"}, "those of the similarity-service")
	flags.StringSliceVar(&f.recommender, "recommender-url", []string{"http://127.0.0.1:8083"}, "those of the recommender-service")
	flags.StringSliceVar(
		&f.trusted, "trusted-proxies", nil,
		"addresses or networks (10.0.0.0/8) of proxies before the gateway, whose X-Forwarded-For names the client",
	)
	flags.StringVar(
		&f.keysFile, "keys-file", "", "keys file of the services, for the admin port alone; without one only this machine may use that",
	)
	flags.BoolVar(
		&f.keysFileAnyMode, "keys-file-any-mode", false, "take a keys file that others can read, for mounts where files have no modes",
	)
}

// NewGatewayCommand puts package gateway behind two ports. It has no store and keeps no data:
// several gateways can stand beside each other.
func NewGatewayCommand() *cobra.Command {
	var f gatewayFlags
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Put services that run as processes of their own, or several replicas of each, behind one address",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd.Flags()); err != nil {
				return err
			}
			logger, err := f.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), cmd.Flags(), logger)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// run checks the settings, opens the ports, makes the gateway and serves until ctx ends. The
// ports are opened first, so that an address in use is the error that is told, and closed again
// when a later step fails; from httpserver.Run on, that one closes them.
func (f *gatewayFlags) run(ctx context.Context, flags *pflag.FlagSet, logger *slog.Logger) (err error) {
	trusted, err := httpserver.ParseProxies(f.trusted)
	if err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	stopTracing, err := telemetry.StartTracing(ctx, "gateway", logger)
	if err != nil {
		return err
	}
	ports := httpserver.Ports{MaxConnections: f.connections, About: process.About("gateway", shownFlags(flags))}
	if ports.Public, ports.Admin, err = f.open(); err != nil {
		return err
	}
	var guarded []string // addresses where keys are asked for; the services ask those who use the API
	if f.hasAdmin() {
		guarded = []string{f.adminListen}
	}
	registry := telemetry.NewRegistry(process.Version())
	// Requests of the API pass with their key unread: the service behind checks it.
	ports.Auth, err = auth.NewAuthenticator(auth.Options{
		KeysFile: f.keysFile, KeysFileAnyMode: f.keysFileAnyMode, Listen: guarded, Logger: logger,
	})
	var g *gateway.Gateway
	if err == nil {
		g, err = gateway.New(gateway.Config{
			Pages:    recommender.Name,
			Services: map[string][]string{profile.Name: f.profile, similarity.Name: f.similarity, recommender.Name: f.recommender},
			Trusted:  trusted,
		}, registry, logger)
	}
	if err != nil {
		return errors.Join(err, closed(ports.Public, ports.Admin))
	}
	address, admin := "http://"+ports.Public.Addr().String(), "off"
	if ports.Admin != nil {
		admin = ports.Admin.Addr().String()
	}
	logger.Info(
		"serving", "address", address, "reference", address+"/reference", "profile", f.profile, "similarity", f.similarity, "recommender",
		f.recommender, "admin", admin, "version", process.Version(),
	)
	defer stopTracing(context.WithoutCancel(ctx)) // spans that cannot be sent at the end are lost, which is no failure of the gateway
	return httpserver.Run(ctx, g, ports, logger)
}
