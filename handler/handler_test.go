package handler_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"todoctl/handler"
)

// The hash is Lambda's CodeSha256. When the handler changes on purpose, so does
// this line; when a Go release or a platform changes it, every learner's code
// would be uploaded again for nothing.
const defaultSHA256 = "psL7kRbUHLTWsfJFZVYGmPy5zECAcSS9VhVi988T9TQ="

func TestZipIsTheSameEverywhere(t *testing.T) {
	p, err := handler.Default("")
	if err != nil {
		t.Fatal(err)
	}
	if p.SHA256 != defaultSHA256 {
		t.Errorf("the default package's hash is %s, want %s", p.SHA256, defaultSHA256)
	}
	if p.Handler != "lambda_function.lambda_handler" {
		t.Errorf("handler is %q", p.Handler)
	}
}

func TestPackageHoldsTheFolderWithoutItsJunk(t *testing.T) {
	code := &fstest.MapFile{Data: []byte("def lambda_handler(event, context):\n    pass\n"), Mode: 0o400}
	other := &fstest.MapFile{Data: []byte("x"), Mode: 0o777}
	p, err := handler.FromDir(fstest.MapFS{
		"lambda_function.py": code, "lib/b.py": other, "lib/a.py": other, "README.md": other,
		"__pycache__/a.pyc": other, "lib/__pycache__/b.pyc": other, ".git/config": other, ".DS_Store": other,
		"venv/bin/python": other, ".venv/x": other, "node_modules/x/y.js": other, ".idea/x": other,
		"lambda_function.py~": other, ".lambda_function.py.swp": other, "old.pyc": other, ".env": other,
	}, "a test", "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(p.Zip), int64(len(p.Zip)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		if f.Mode() != 0o644 || f.Method != zip.Store || f.Modified.Year() != 1980 {
			t.Errorf("%s has mode %v, method %d, time %v", f.Name, f.Mode(), f.Method, f.Modified)
		}
	}
	if got, want := strings.Join(names, " "), "README.md lambda_function.py lib/a.py lib/b.py"; got != want {
		t.Errorf("packed %s, want %s", got, want)
	}
	if p.Source != "a test" {
		t.Errorf("source is %q", p.Source)
	}
}

func TestPackageRefusesWhatLambdaWouldNotFind(t *testing.T) {
	file := func(text string) fstest.MapFS {
		return fstest.MapFS{"lambda_function.py": {Data: []byte(text)}}
	}
	for _, c := range []struct {
		name  string
		files fs.FS
		want  string // part of the error; empty for none
	}{
		{"no file", fstest.MapFS{"app.py": {Data: []byte("def lambda_handler(e, c): pass")}}, "no lambda_function.py"},
		{"a folder of that name", fstest.MapFS{"lambda_function.py/x": {}}, "lambda_function.py"},
		{"no function", file("def handler(event, context):\n    pass\n"), "def lambda_handler"},
		{"only a mention", file("# def lambda_handler(event, context):\n"), "def lambda_handler"},
		{"a method", file("class A:\n    def lambda_handler(self, event, context):\n        pass\n"), "def lambda_handler"},
		{"another name that begins so", file("def lambda_handler_2(event, context):\n    pass\n"), "def lambda_handler"},
		{"a function", file("import json\r\n\r\ndef lambda_handler(event, context):\r\n    pass\r\n"), ""},
		{"an assignment", file("lambda_handler = app.handler\n"), ""},
		{"an import", file("from app import lambda_handler\n"), ""},
		{"an import over several lines", file("from app import (\n    log,\n    lambda_handler,\n)\n"), ""},
		{"an import of everything", file("from app import *\n"), ""},
		{"an import of others over several lines", file("from app import (\n    log,\n)\n"), "def lambda_handler"},
		{"an assignment with a type", file("lambda_handler: Callable = app.handler\n"), ""},
		{"a coroutine, which Lambda does not await", file("async def lambda_handler(event, context):\n    pass\n"), "def lambda_handler"},
		{"in a folder of the folder", fstest.MapFS{"src/lambda_function.py": {Data: []byte("def lambda_handler(e, c): pass")}}, "(there is a src/lambda_function.py)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := handler.FromDir(c.files, "a test", "")
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestPrintedFileIsThePackedFile(t *testing.T) {
	text, err := fs.ReadFile(handler.Files(handler.Python), "lambda_function.py")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, handler.Print(handler.Python)) {
		t.Error("Files and Print differ")
	}
	p, err := handler.FromDir(handler.Files(handler.Python), "again", "")
	if err != nil {
		t.Fatal(err)
	}
	if p.SHA256 != defaultSHA256 {
		t.Error("ejected and packed again, the handler has another hash")
	}
}
