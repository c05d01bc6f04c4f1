package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/auth"
)

// newCreateUserSecretCommand prints the secret alone on standard output. The shop must have a
// key in the file.
func newCreateUserSecretCommand(file *string) *cobra.Command {
	var shop, algorithm string
	cmd := &cobra.Command{
		Use:   "create-user-secret",
		Short: "Make a secret that the shop's server signs user tokens with, and print it, once",
		Long: "Make a secret that the shop's server signs user tokens with, and print it, once. A shop may have several, so that one can " +
			"replace another while tokens of both are in use. " +
			"With --algorithm EdDSA the keys file gets a public key only, and a private one in PEM is printed.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, private, err := auth.GenerateUserSecret(algorithm, time.Now())
			if err != nil {
				return err
			}
			add := func(s *auth.ShopSettings) error {
				s.UserSecrets = append(s.UserSecrets, secret)
				return nil
			}
			if err := auth.EditShop(*file, shop, add); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "user secret %s (%s) for shop %q added to %s:\n", secret.ID, secret.Algorithm, shop, *file)
			fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(private))
			return nil
		},
	}
	cmd.Flags().StringVar(&shop, "shop", auth.DefaultShop, "the shop whose users it is for")
	cmd.Flags().StringVar(&algorithm, "algorithm", auth.HS256, "HS256 (a shared secret) or EdDSA (a pair of keys)")
	return cmd
}

// newRemoveUserSecretCommand fails when the shop has no secret with this id: a typing error
// would leave the one that should go in use.
func newRemoveUserSecretCommand(file *string) *cobra.Command {
	var shop string
	cmd := &cobra.Command{
		Use:   "remove-user-secret ID",
		Short: "Remove a user secret; tokens that were signed with it are refused within a second",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return auth.EditShop(*file, shop, func(s *auth.ShopSettings) error {
				n := len(s.UserSecrets)
				s.UserSecrets = slices.DeleteFunc(s.UserSecrets, func(u auth.UserSecret) bool { return u.ID == args[0] })
				if len(s.UserSecrets) == n {
					return fmt.Errorf("shop %q has no user secret %q in %s", shop, args[0], *file)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&shop, "shop", auth.DefaultShop, "the shop")
	return cmd
}

// newRequireUserTokenCommand takes its value as an argument rather than as a flag, so that it
// cannot be left out: the absence of one must not switch the check off.
func newRequireUserTokenCommand(file *string) *cobra.Command {
	var shop string
	cmd := &cobra.Command{
		Use:   "require-user-token true|false",
		Short: "Say whether a publishable key needs a user token to name a user; running servers follow within a second",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] != "true" && args[0] != "false" {
				return fmt.Errorf("%q is neither true nor false", args[0])
			}
			return auth.EditShop(*file, shop, func(s *auth.ShopSettings) error {
				s.RequireUserToken = args[0] == "true"
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&shop, "shop", auth.DefaultShop, "the shop")
	return cmd
}

// newUserTokenCommand is for trying out and for support; a shop's server signs tokens itself. A
// token works for 24 hours at most.
func newUserTokenCommand(file *string) *cobra.Command {
	var shop, user, privateFile string
	var life time.Duration
	cmd := &cobra.Command{
		Use:   "user-token",
		Short: "Sign a user token with the latest user secret of a shop and print it; no server is asked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, private, err := latestSecret(*file, shop, privateFile)
			if err != nil {
				return err
			}
			token, err := auth.SignUserToken(secret, private, user, time.Now(), life)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&shop, "shop", auth.DefaultShop, "the shop")
	flags.StringVar(&user, "user", "", "id of the user that a page with the token may act for")
	flags.DurationVar(&life, "valid-for", time.Hour, "how long the token works, up to 24h")
	flags.StringVar(&privateFile, "private-key", "", "file of the private key that \"keys create-user-secret --algorithm EdDSA\" printed")
	if err := cmd.MarkFlagRequired("user"); err != nil {
		panic(err) // there is no such flag: a mistake in this file
	}
	return cmd
}

// latestSecret returns the user secret of a shop that was made last, and what it signs with:
// the secret itself for HS256, the text of a private key's file, in PEM, for EdDSA. privateFile
// "" means HS256.
func latestSecret(file, shop, privateFile string) (auth.UserSecret, string, error) {
	f, err := auth.ReadKeysFile(file)
	if err != nil {
		return auth.UserSecret{}, "", err
	}
	algorithm := auth.HS256
	if privateFile != "" {
		algorithm = auth.EdDSA
	}
	secrets := slices.DeleteFunc(f.Shops[shop].UserSecrets, func(u auth.UserSecret) bool { return u.Algorithm != algorithm })
	if len(secrets) == 0 {
		return auth.UserSecret{}, "", fmt.Errorf(
			"shop %q has no user secret for %s in %s: make one with \"aisle keys create-user-secret --shop %s --algorithm %s\"", shop,
			algorithm, file, shop, algorithm,
		)
	}
	latest := secrets[len(secrets)-1]
	if privateFile == "" {
		return latest, latest.Secret, nil
	}
	data, err := os.ReadFile(privateFile)
	if err != nil {
		return latest, "", fmt.Errorf("--private-key: %w", err)
	}
	return latest, string(data), nil
}
