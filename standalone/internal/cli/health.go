package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// newHealthCommand is for container health checks: the image has no shell and no curl. It asks
// /readyz of the admin port and gives up after two seconds, which is less than the usual
// interval of a check.
func newHealthCommand() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running service whether it is ready; exit code 1 when it is not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
			if err != nil {
				return fmt.Errorf("--admin-url: %w", err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				return fmt.Errorf("not ready: %w", err)
			}
			defer answer.Body.Close()
			// What is not ready, in a line or two; a proxy's long error page need not be in the
			// log.
			body, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&url, "admin-url", "http://127.0.0.1:9080", "address of the admin port")
	return cmd
}
