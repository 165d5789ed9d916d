package handler_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"todoctl/handler"
)

const smallest = "def lambda_handler(event, context): pass"

// folder is one with the smallest function, whose file of a name has a size.
func folder(t *testing.T, name string, size int64, content io.Reader) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lambda_function.py"), []byte(smallest), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if content != nil {
		if _, err := io.CopyN(f, content, size); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What fits without is not compressed; what fits with it is, and the same each
// time; what fits neither way, or is more than Lambda unpacks, is refused.
func TestOnlyWhatDoesNotFitIsCompressed(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{})
	for _, c := range []struct {
		name    string
		size    int64
		content io.Reader
		method  uint16
		want    string // part of the error; empty for none
	}{
		{"fits", 49 << 20, nil, zip.Store, ""},
		{"fits when it is compressed", 50 << 20, nil, zip.Deflate, ""},
		{"fits neither way", 50 << 20, noise, 0, "is larger than Lambda takes: 50.0 MB packed, where 50 are the most; its largest files are data.bin (50.0 MB), lambda_function.py (0.0 MB)"},
		{"is more than Lambda unpacks", 250 << 20, nil, 0, "is larger than Lambda takes: 250.0 MB of files, where 250 are the most; its largest files are data.bin (250.0 MB)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, "data.bin", c.size, c.content)
			p, err := handler.FromDir(os.DirFS(dir), "mine", "")
			if c.want != "" {
				if err == nil || !strings.HasPrefix(err.Error(), "mine "+c.want) {
					t.Errorf("error %v, want mine %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if again, err := handler.FromDir(os.DirFS(dir), "mine", ""); err != nil || !bytes.Equal(again.Zip, p.Zip) {
				t.Errorf("packed again it is another zip (%v)", err)
			}
			r, err := zip.NewReader(bytes.NewReader(p.Zip), int64(len(p.Zip)))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.File {
				if f.Method != c.method {
					t.Errorf("%s is packed with method %d", f.Name, f.Method)
				}
			}
		})
	}
}

// A link to a file in the folder is packed as the file. Whatever else a link leads
// to would be missing in Lambda, or be something that nobody meant to upload.
func TestALinkIsPackedAsItsFileOrRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, target, want string }{
		{"a file", "data.bin", ""},
		{"a folder", ".", "link is a link to a folder, which is not followed: put the folder itself in its place"},
		{"nothing", "nowhere", "link is a link that leads out of the folder, or to nothing: put the file itself in its place"},
		{"a file outside", outside, "link is a link that leads out of the folder, or to nothing: put the file itself in its place"},
		{"a file outside, by steps", "../" + filepath.Base(filepath.Dir(outside)) + "/secret.txt", "link is a link that leads out of the folder, or to nothing: put the file itself in its place"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, "data.bin", 3, strings.NewReader("abc"))
			for _, name := range []string{"link", ".venv"} { // the second is left out, wherever it leads
				if err := os.Symlink(c.target, filepath.Join(dir, name)); err != nil {
					t.Skip(err) // Windows lets few make one
				}
			}
			root, err := os.OpenRoot(dir) // as todoctl opens it
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = root.Close() }() // it is only read
			p, err := handler.FromDir(root.FS(), "mine", "")
			if c.want != "" {
				if err == nil || err.Error() != c.want {
					t.Errorf("error %v, want %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := zip.NewReader(bytes.NewReader(p.Zip), int64(len(p.Zip)))
			if err != nil {
				t.Fatal(err)
			}
			f, err := r.Open("link")
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(f); string(text) != "abc" || err != nil {
				t.Errorf("link holds %q, %v", text, err)
			}
		})
	}
}
