//go:build unix

package handler_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"todoctl/handler"
)

const zipChild = "HANDLER_TEST_ZIP"

var zipHash = regexp.MustCompile(`(?m)^SHA-256 (\S+)$`)

// TestZipInAnotherProcess is what TestZipDependsOnNothingAround starts: it packs
// the embedded function and a folder with the same files, and prints the hash.
func TestZipInAnotherProcess(t *testing.T) {
	dir := os.Getenv(zipChild)
	if dir == "" {
		t.Skip("it is started by another test")
	}
	text := filepath.Join(dir, "lambda_function.py")
	if err := os.WriteFile(text, handler.Print(handler.Python), 0o666); err != nil {
		t.Fatal(err)
	}
	own, err := handler.Default("")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := handler.FromDir(os.DirFS(dir), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(own.Zip, folder.Zip) {
		t.Error("the folder's package is another than the embedded one's")
	}
	fmt.Printf("SHA-256 %s\n", own.SHA256)
}

// One hash, whatever the time zone, the umask, the time and the run. Windows and
// macOS need no run of their own: nothing in the package is asked of the system.
// Names come with slashes and sorted, time and mode are constants, the zip says
// Unix everywhere (archive/zip's SetMode), and nothing is compressed.
func TestZipDependsOnNothingAround(t *testing.T) {
	t.Attr("promise", "T23")
	cases := 0
	for _, zone := range []string{"UTC", "Asia/Tokyo"} {
		for _, umask := range []string{"000", "077"} {
			for range 2 {
				cases++
				cmd := exec.Command("sh", "-c", `umask "$1"; exec "$0" -test.v "-test.run=^TestZipInAnotherProcess$"`, os.Args[0], umask)
				cmd.Env = append(os.Environ(), "TZ="+zone, zipChild+"="+t.TempDir())
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if m := zipHash.FindSubmatch(out); m == nil || string(m[1]) != defaultSHA256 {
					t.Errorf("TZ %s, umask %s: %s", zone, umask, out)
				}
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

// A folder's times, modes and order of making do not count.
func TestZipOfAFolderIsItsFilesAlone(t *testing.T) {
	t.Attr("promise", "T23")
	files := map[string]string{
		"lambda_function.py": "from lib.a import lambda_handler\n", "lib/a.py": "def lambda_handler(event, context): pass\n",
		"lib/b.py": "", "data/ö.json": "{}", "z.txt": "z",
	}
	names := []string{"lambda_function.py", "lib/a.py", "lib/b.py", "data/ö.json", "z.txt"}
	var first []byte
	cases := 0
	for _, backwards := range []bool{false, true} {
		for _, mode := range []os.FileMode{0o400, 0o644, 0o777} {
			for _, at := range []time.Time{time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 12, 0, 1, 5, time.Local), time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)} {
				cases++
				dir := t.TempDir()
				order := slices.Clone(names)
				if backwards {
					slices.Reverse(order)
				}
				for _, name := range order {
					path := filepath.Join(dir, name)
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
						t.Fatal(err)
					}
					if err := os.Chmod(path, mode); err != nil {
						t.Fatal(err)
					}
					if err := os.Chtimes(path, at, at); err != nil {
						t.Fatal(err)
					}
				}
				p, err := handler.FromDir(os.DirFS(dir), dir, "")
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = p.Zip
				}
				if !bytes.Equal(p.Zip, first) {
					t.Errorf("backwards %t, mode %v, time %v: another package", backwards, mode, at)
				}
			}
		}
	}
	r, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if f.CreatorVersion>>8 != 3 || len(f.Comment) != 0 || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s says where it was packed: %+v", f.Name, f.FileHeader)
		}
	}
	if bytes.ContainsRune(handler.Print(handler.Python), '\r') {
		t.Error("the embedded file has the line ends of a system")
	}
	t.Attr("cases", strconv.Itoa(cases))
}
