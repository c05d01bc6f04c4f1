package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestASignedReleaseIsChecked signs files as a release is signed, and checks them by the commands of docs/releasing.md: they pass, and fail
// when a file, the sums, the key or what it signs for are others.
func TestASignedReleaseIsChecked(t *testing.T) {
	t.Parallel()
	installed(t, "ssh-keygen", "openssh-client")
	tree, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(readFile(t, "../../docs/releasing.md"), "## To check a release")
	check := shellBlock.FindStringSubmatch(section)
	if check == nil {
		t.Fatal("docs/releasing.md says no commands to check a release")
	}
	const signed = `
echo program >aisle_0.1.0_amd64.deb
echo another >aisle_0.1.0_arm64.deb
folder=$(mktemp -d)
ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
AISLE_SIGNING_KEY=$folder/key "$TREE/scripts/sign.sh" .
echo "release@aisle-rec.example namespaces=\"aisle-release\" $(cat "$folder/key.pub")" >allowed_signers
`
	for name, c := range map[string]struct {
		change string
		passes bool
	}{
		"as it was signed":               {"true", true},
		"some of its files":              {"rm aisle_0.1.0_arm64.deb", true},
		"a file is changed":              {"echo tampered >aisle_0.1.0_amd64.deb", false},
		"a file and its sum are changed": {"echo tampered >aisle_0.1.0_amd64.deb; sha256sum aisle_* >SHA256SUMS", false},
		"somebody else signed it": {
			"ssh-keygen -q -t ed25519 -N '' -f other; ssh-keygen -q -Y sign -n aisle-release -f other <SHA256SUMS >SHA256SUMS.sig", false,
		},
		"it is signed as something else": {
			`ssh-keygen -q -Y sign -n file -f "$folder/key" <SHA256SUMS >SHA256SUMS.sig`, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := []string{"TREE=" + tree, "TMPDIR=" + t.TempDir()}
			if out, err := shell(t.Context(), dir, signed+c.change, env...); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := shell(t.Context(), dir, check[1]); (err == nil) != c.passes {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
