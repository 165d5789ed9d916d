package main

import (
	"context"
	"io/fs"
	"slices"
	"strings"

	"todoctl/handler"
	"todoctl/provision"
)

// ownCodes are todoctl's own function in each language.
func (c *command) ownCodes() (map[string]provision.Code, error) {
	codes := map[string]provision.Code{}
	for _, language := range []string{handler.Python, handler.Node, handler.Go} {
		p, err := handler.Default(language)
		if err != nil {
			return nil, err
		}
		codes[language] = c.packed(p, "", handler.Files(language))
	}
	return codes, nil
}

// packed is a package as provision takes it. What is still to be built is in a
// folder, or in files that are written out first.
func (c *command) packed(p handler.Package, folder string, files fs.FS) provision.Code {
	code := provision.Code{Zip: p.Zip, SHA256: p.SHA256, Handler: p.Handler, Source: p.Source, Language: p.Language, Architecture: p.Architecture}
	if p.Digest == "" {
		return code
	}
	// The processors of AWS's own making are the cheaper ones. The rehearsal runs
	// the program on this machine.
	target := goTarget{os: "linux", arch: "arm64"}
	if c.local {
		target = c.thisMachine()
	}
	code.Architecture = map[string]string{"amd64": "x86_64"}[target.arch]
	if code.Architecture == "" {
		code.Architecture = "arm64"
	}
	code.Digest = p.Digest + "/" + target.os + "-" + target.arch
	code.Build = func(ctx context.Context) (provision.Code, error) {
		c.view().Note("Building the Go program; the first time this downloads its modules and takes a minute.")
		program, said, err := c.buildGo(ctx, target, folder, files)
		if err != nil {
			return provision.Code{}, c.notBuilt(ctx, said, err)
		}
		built, err := p.Program(program)
		if err != nil {
			return provision.Code{}, told("TODO-FN-04", err.Error(), "todoctl handler eject another-folder --runtime go")
		}
		done := code
		done.Zip, done.SHA256, done.Build = built.Zip, built.SHA256, nil
		return done, nil
	}
	return code
}

// A goTarget is what a Go program is built for.
type goTarget struct{ os, arch string }

// notBuilt says why there is no program.
func (c *command) notBuilt(ctx context.Context, said string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(said), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "go: downloading")
	})
	switch {
	case said == "":
		return &Problem{ID: "TODO-FN-15", Why: plainText(err), Fix: []string{"install Go from https://go.dev/dl, then: " + c.again()}}
	case strings.Contains(said, "requires go >=") || strings.Contains(said, "invalid go version"):
		return &Problem{ID: "TODO-FN-16", Why: lines[0], Fix: []string{"install Go from https://go.dev/dl, then: " + c.again()}}
	case len(lines) == 0:
		lines = []string{plainText(err)}
	}
	return &Problem{ID: "TODO-FN-17", Why: strings.Join(lines[:min(len(lines), 3)], "; "), Fix: []string{c.again()}}
}

// runsHere refuses the learner's own code that this machine cannot run, before
// anything is made.
func (c *command) runsHere(in runner, language string) error {
	switch {
	case language == handler.Python && !in.Python:
		return &Problem{ID: "TODO-LOCAL-11", Fix: []string{"install Python 3 and boto3, then: todoctl local stop", c.again()}}
	case language == handler.Node && !in.Node:
		return &Problem{ID: "TODO-LOCAL-12", Fix: []string{"install Node.js, then: todoctl local stop", c.again()}}
	}
	return nil
}
