package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// TestAnExportOutlivesItsReplica starts an export at one of two replicas and kills it (-9) midway. The other one knows the export, ends it
// and has its file, with everybody in it once.
func TestAnExportOutlivesItsReplica(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	settings := slices.Concat(threeSettings(""), ownDatabases(t), []string{
		"AISLE_REDIS_URL=" + testenv.Redis(t), "AISLE_BLOB_URL=file://" + t.TempDir(),
	})
	profile := start(t, settings, "profile-service")
	settings = append(settings, "AISLE_PROFILE_URL=http://"+profile.address)
	settings = append(settings, "AISLE_SIMILARITY_URL=http://"+start(t, settings, "similarity-service").address)
	replicas := []*program{start(t, settings, "recommender-service"), start(t, settings, "recommender-service")}
	if _, err := connectTo(profile, "").profile.PutItems(ctx, catalogue()); err != nil {
		t.Fatal(err)
	}
	users := make([]string, 10_000)
	for n := range users {
		users[n] = fmt.Sprint("user-", n)
	}
	clients := make([]*httpclient.Client, len(replicas))
	for n, r := range replicas {
		clients[n] = httpclient.New(httpclient.Options{BaseURL: "http://" + r.address})
	}
	e, err := httpclient.JSON[recommenderapi.Export](ctx, clients[0], http.MethodPost, "/v1/exports", nil,
		recommenderapi.ExportRequest{Scenario: "email.for_you", UserIDs: users, Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/exports/" + e.ExportID
	eventually(t, ctx, "the other replica sees it at work", func() (err error) {
		if e, err = httpclient.JSON[recommenderapi.Export](ctx, clients[1], http.MethodGet, path, nil, nil); err == nil && e.Done == 0 {
			err = fmt.Errorf("it is %+v", e.State)
		}
		return err
	})
	replicas[0].stop(syscall.SIGKILL)
	if e.Done == len(users) {
		t.Fatal("it was done before it could be interrupted")
	}
	eventually(t, ctx, "the other replica ends it", func() (err error) {
		if e, err = httpclient.JSON[recommenderapi.Export](ctx, clients[1], http.MethodGet, path, nil, nil); err == nil &&
			e.State != recommenderapi.ExportDone {
			err = fmt.Errorf("it is %s at %d", e.State, e.Done)
		}
		return err
	})
	resp, err := clients[1].Send(ctx, httpclient.Request{Method: http.MethodGet, Path: path + "/result"})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var written []string
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line recommenderapi.ExportLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		written = append(written, line.UserID)
	}
	if err := lines.Err(); err != nil || !slices.Equal(written, users) {
		t.Errorf("%d of %d people are in the file, or not in order; %v", len(written), len(users), err)
	}
}
