package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Restore puts a backup into a data folder that does not exist or is empty, and the keys file, when the backup has one and keysFile is not
// empty, where no file is. Every file is compared with the manifest before and after. A server can then start on the folder; a newer
// program brings the databases to its schema.
func Restore(ctx context.Context, from, data, keysFile string) (m Manifest, err error) {
	if m, err = Read(from); err != nil {
		return m, err
	}
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return m, fmt.Errorf("%s is not empty: a backup is put into a new folder; move what is there away first, and keep it", data)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("restore into %s: %w", data, err)
	}
	if keysFile != "" {
		if _, err := os.Stat(keysFile); err == nil {
			return m, fmt.Errorf("the keys file %s is there already: leave --keys-file out to keep it, or move it away", keysFile)
		}
	}
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		if err := restoreFile(f, from, data, keysFile); err != nil {
			return m, fmt.Errorf("restore %s: %w; remove %s before you try again", f.Path, err, data)
		}
	}
	counted, _, err := count(ctx, data)
	if err == nil && counted != m.Counts {
		err = fmt.Errorf("%s holds %+v, the backup held %+v", data, counted, m.Counts)
	}
	return m, errors.Join(err, syncFolders(data))
}

// restoreFile copies one file to its place and compares what was written. A manifest is input:
// a path that leads out of the folder is refused.
func restoreFile(f File, from, data, keysFile string) error {
	target := filepath.Join(data, filepath.FromSlash(f.Path))
	if f.Path == keysName {
		if keysFile == "" {
			return nil
		}
		target = keysFile
	} else if !filepath.IsLocal(filepath.FromSlash(f.Path)) || strings.Contains(f.Path, `\`) {
		return errors.New("its name leads out of the folder: this is no backup that aisle made")
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(from, filepath.FromSlash(f.Path)), target); err != nil {
		return err
	}
	if _, sum, err := digest(target); err != nil || sum != f.SHA256 {
		return errors.Join(errors.New("what was written is not what was read"), err)
	}
	return nil
}
