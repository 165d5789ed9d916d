package handler_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"todoctl/handler"
)

// Which folder is whose code follows from its files.
func TestPackageFindsItsLanguage(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	python, node := file("def lambda_handler(event, context): pass"), file("export const handler = async () => 1")
	for _, c := range []struct {
		name, asked    string
		files          fstest.MapFS
		language, want string // want: the handler, or a part of the error
	}{
		{"Python", "", fstest.MapFS{"lambda_function.py": python}, handler.Python, "lambda_function.lambda_handler"},
		{"an ES module", "", fstest.MapFS{"index.mjs": node}, handler.Node, "index.handler"},
		{"a function", "", fstest.MapFS{"index.mjs": file("export async function handler(event) {}")}, handler.Node, "index.handler"},
		{"an export at the end", "", fstest.MapFS{"index.mjs": file("const f = () => 1\nexport { f as handler }")}, handler.Node, "index.handler"},
		{"CommonJS", "", fstest.MapFS{"index.cjs": file("exports.handler = async () => 1")}, handler.Node, "index.handler"},
		{"CommonJS as a whole", "", fstest.MapFS{"index.js": file("module.exports = { handler }")}, handler.Node, "index.handler"},
		{"both, and one is asked for", handler.Node, fstest.MapFS{"lambda_function.py": python, "index.mjs": node}, handler.Node, "index.handler"},
		{"a program", "", fstest.MapFS{"bootstrap": file("#!/bin/sh")}, handler.Go, "bootstrap"},
		{"a module", "", fstest.MapFS{"go.mod": file("module m"), "main.go": file("// x\npackage main\n")}, handler.Go, "bootstrap"},
		{"another export", "", fstest.MapFS{"index.mjs": file("export const handle = 1\n// handler")}, "", "Lambda would not find the function of the handler index.handler"},
		{"no file for Node.js", handler.Node, fstest.MapFS{"app.mjs": node}, "", "no index.mjs"},
		{"no program in a module", "", fstest.MapFS{"go.mod": file("module m"), "m.go": file("package m\n"), "m_test.go": file("package main\n")}, "", "package main"},
		{"nothing for Go", handler.Go, fstest.MapFS{"main.go": file("package main\n")}, "", "neither a go.mod nor a program bootstrap"},
		{"nothing at all", "", fstest.MapFS{"x": file("")}, "", "no lambda_function.py"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := handler.FromDir(c.files, "a test", c.asked)
			if c.language == "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want an error with %q", err, c.want)
				}
				return
			}
			if err != nil || p.Language != c.language || p.Handler != c.want {
				t.Errorf("%v: %s, %s", err, p.Language, p.Handler)
			}
		})
	}
}

// Lambda starts a program that may be started, and nothing else is that.
func TestAProgramIsPackedToBeStarted(t *testing.T) {
	p, err := handler.FromDir(fstest.MapFS{"bootstrap": {Data: []byte("#!/bin/sh"), Mode: 0o400}, "data.txt": {Mode: 0o777}}, "a test", "")
	if err != nil {
		t.Fatal(err)
	}
	built, err := handler.Package{Source: "a test"}.Program([]byte("#!/bin/sh"))
	if err != nil || built.SHA256 == "" || built.Architecture != "arm64" {
		t.Fatalf("%v: %+v", err, built)
	}
	for _, packed := range [][]byte{p.Zip, built.Zip} {
		r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.File {
			if want := map[string]fs.FileMode{"bootstrap": 0o755, "data.txt": 0o644}[f.Name]; f.Mode() != want {
				t.Errorf("%s has the mode %v", f.Name, f.Mode())
			}
		}
	}
}

// Node's modules are code in its language, and junk in the others.
func TestModulesOfNodeArePackedForNode(t *testing.T) {
	for name, text := range map[string]string{"index.mjs": "export const handler = 1", "lambda_function.py": "def lambda_handler(e, c): pass"} {
		p, err := handler.FromDir(fstest.MapFS{name: {Data: []byte(text)}, "node_modules/a/b.js": {}}, "a test", "")
		if err != nil {
			t.Fatal(err)
		}
		if has := bytes.Contains(p.Zip, []byte("node_modules/a/b.js")); has != (name == "index.mjs") {
			t.Errorf("%s: node_modules is packed: %t", name, has)
		}
	}
}

// What a program is built from says whether it has to be built anew.
func TestTheDigestFollowsTheFiles(t *testing.T) {
	files := fstest.MapFS{"go.mod": {Data: []byte("module m")}, "main.go": {Data: []byte("package main\n")}, ".git/x": {}}
	digest := func() string {
		p, err := handler.FromDir(files, "a test", "")
		if err != nil || p.Zip != nil {
			t.Fatalf("%v, %d bytes", err, len(p.Zip))
		}
		return p.Digest
	}
	first := digest()
	files[".git/x"].Data = []byte("y")
	if digest() != first {
		t.Error("junk changes it")
	}
	files["main.go"].Data = append(files["main.go"].Data, ' ')
	if digest() == first {
		t.Error("a blank does not change it")
	}
}

// The program that is written out is built with todoctl's own versions; that it
// can be is what TestEachRuntimeConforms shows.
func TestTheProgramHasTodoctlsVersions(t *testing.T) {
	line := regexp.MustCompile(`(?m)^(?:\t|require )(\S+) (v\S+)`)
	language := regexp.MustCompile(`(?m)^go (\S+)$`)
	own, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(handler.Files(handler.Go), "go.mod")
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, m := range line.FindAllStringSubmatch(string(own), -1) {
		versions[m[1]] = m[2]
	}
	needs := line.FindAllStringSubmatch(string(text), -1)
	if len(needs) < 4 {
		t.Errorf("it needs %v", needs)
	}
	for _, m := range needs {
		if versions[m[1]] != m[2] {
			t.Errorf("%s is %s, and todoctl's own %s", m[1], m[2], versions[m[1]])
		}
	}
	if a, b := language.FindString(string(own)), language.FindString(string(text)); a != b || a == "" {
		t.Errorf("it says %q, and todoctl's own %q", b, a)
	}
	names, err := fs.Glob(handler.Files(handler.Go), "twin/*")
	if err != nil || len(names) < 5 {
		t.Errorf("the twin has %v (%v)", names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s needs the rest of todoctl", name)
		}
	}
}

// All of a program is printed, each file under its name.
func TestPrintShowsEveryFile(t *testing.T) {
	for language, want := range map[string][]string{
		handler.Python: {"def lambda_handler("}, handler.Node: {"export const handler ="},
		handler.Go: {"// ---- go.mod\n", "// ---- main.go\n", "// ---- twin/twin.go\n", `"todo/twin"`},
	} {
		for _, part := range want {
			if !strings.Contains(string(handler.Print(language)), part) {
				t.Errorf("%s: %q is missing", language, part)
			}
		}
		if strings.Contains(string(handler.Print(language)), "todoctl/handler") {
			t.Errorf("%s: it names a package that only todoctl has", language)
		}
	}
}
