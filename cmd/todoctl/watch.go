package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"todoctl/provision"
)

// quietSaves is how long a folder must be still before it is deployed: an editor
// writes in several steps, and "save all" writes several files.
const quietSaves = 50 * time.Millisecond

// checkWatch finds what --watch cannot go with.
func (s *settings) checkWatch(c *command) error {
	switch {
	case !s.watch:
		return nil
	case s.source == "":
		return usage([]string{c.commandLine() + " --source my-api"}, "--watch needs the folder that it watches: --source").as("TODO-USE-04")
	case c.dryRun:
		return usage([]string{c.with(c.name) + " --source " + provision.Quote(s.source) + " --watch"}, "--watch deploys, and --dry-run changes nothing").as("TODO-USE-04")
	case c.output == formatDocument:
		return usage([]string{line(c.choosing("output", formatLines))}, "a document has an end, and --watch has none: it prints JSON a line at a time").as("TODO-USE-04")
	}
	return nil
}

// watch deploys the folder again after each change, until the person has enough:
// that is its proper end. What is deployed is what the step function deploys, and
// nothing else of it is changed between two commands of a person's.
func (c *command) watch(ctx context.Context, sess *session, s *settings) error {
	look := watchFolder
	if c.Watch != nil {
		look = c.Watch
	}
	w, err := look(s.source)
	if err != nil {
		return told("TODO-FN-14", fmt.Sprintf("the folder %s cannot be watched: %v", s.source, plainPathError(err)), c.with("function")+" --source "+provision.Quote(s.source))
	}
	defer func() { w.Stop() }()
	s.replace, s.adopt = false, false // they were for what ran at the beginning
	c.work.pause()
	defer c.work.resume()
	c.settled(true)
	c.unlock() // others may work on the stack between two deployments
	c.view().Note("")
	c.view().Note("Watching %s: each save is deployed. Ctrl-C stops it.", s.source)
	deployed := sess.cfg.Code.ID()
	defer func() {
		if ctx.Err() != nil {
			c.afterKeys()
			c.view().Note("No longer watching; what was deployed last goes on.")
		}
	}()
	broken := false // what was saved last
	for {           // at first too: something may have been saved meanwhile
		if deployed, broken, err = c.redeploy(ctx, sess, s, deployed, broken); errors.Is(err, errNoFolder) {
			w.Stop()
			if w, err = c.folderBack(ctx, s.source, look); err != nil {
				return nil // Ctrl-C
			}
			continue
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil // Ctrl-C
		case <-w.Changes:
		}
		for still := false; !still; {
			if c.Clock.Sleep(ctx, quietSaves) != nil {
				return nil
			}
			select {
			case <-w.Changes:
			default:
				still = true
			}
		}
	}
}

// errNoFolder ends a deployment whose folder is not there: moved, or on its way to
// be written anew, as by a switch to another branch.
var errNoFolder = errors.New("the folder is not there")

// folderBack watches the folder again when it is there again.
func (c *command) folderBack(ctx context.Context, dir string, look func(string) (watcher, error)) (watcher, error) {
	for {
		if err := c.Clock.Sleep(ctx, time.Second); err != nil {
			return watcher{Stop: func() {}}, err
		}
		root, err := c.dirFS(dir)
		if err != nil {
			continue
		}
		_ = root.Close()
		if w, err := look(dir); err == nil {
			return w, nil
		}
	}
}

// redeploy deploys the folder where it differs from what is deployed, tells it in
// one line, and returns what is deployed then. What cannot be deployed is said,
// and what ran before goes on; so is that it is no longer so.
func (c *command) redeploy(ctx context.Context, sess *session, s *settings, deployed string, wasBroken bool) (string, bool, error) {
	began, now := c.Clock.Now(), *sess
	say := func(format string, args ...any) {
		at := began.Local().Format("15:04:05 ")
		c.view().Note("%s", at+strings.Join(fold(fmt.Sprintf(format, args...), min(c.Width, 80)-len(at)), "\n         "))
	}
	if err := s.apply(c, &now); err != nil {
		p := explain(err, c.way())
		if p.ID == "TODO-FN-02" {
			say("%s is no folder now; what ran before goes on. Waiting for it.", s.source)
			return deployed, true, errNoFolder
		}
		say("not deployed: %s. What ran before goes on.", p.What)
		return deployed, true, nil
	}
	if now.cfg.Code.ID() == deployed {
		if wasBroken {
			say("%s is what runs already.", s.source)
		}
		return deployed, false, nil
	}
	if err := c.lock(now); err != nil {
		say("not deployed: %s. Save again later.", explain(err, c.way()).What)
		return deployed, true, nil
	}
	defer c.unlock()
	c.settled(true) // it makes nothing new
	pages, _ := only(provision.Steps(now.cfg, now.clients), "function")
	err := func() error {
		plan, err := provision.Plan(ctx, pages, provision.Up)
		if err != nil {
			return err
		}
		switch seen := plan[0].Seen; {
		case seen.CodeChanged:
			return c.refuseOthersCode(now.cfg)
		case seen.State == provision.Absent, slices.ContainsFunc(seen.Diffs, func(d provision.Diff) bool { return d.Field == "function" }):
			// Whoever has taken it away does not want it back.
			return told("TODO-FN-11", now.cfg.FunctionName()+" is gone, so there is nothing to deploy to", c.with("up")+" --source "+provision.Quote(s.source))
		}
		return provision.Run(ctx, plan, provision.Options{Goal: provision.Up, Clock: c.Clock, Parallel: c.parallel})
	}()
	if ctx.Err() != nil {
		return deployed, false, err
	}
	if err != nil {
		p := explain(err, c.way())
		if p.ID == "TODO-FN-10" || p.ID == "TODO-FN-11" || p.Exit == exitForeign || p.Exit == exitCredentials {
			return deployed, true, err
		}
		what := p.What
		if p.ID == "TODO-FN-15" || p.ID == "TODO-FN-16" || p.ID == "TODO-FN-17" { // what the compiler said
			what += ": " + p.Why
		}
		say("not deployed: %s. The next save tries again.", what)
		return deployed, true, nil
	}
	say("deployed %s: %s, in %.2f s", s.source, packageWords(now.cfg.Code), c.Clock.Now().Sub(began).Seconds())
	return now.cfg.Code.ID(), false, nil
}

// packageWords say how much of a package there is.
func packageWords(code provision.Code) string {
	if code.Build != nil {
		return "a program"
	}
	files := 0
	if r, err := zip.NewReader(bytes.NewReader(code.Zip), int64(len(code.Zip))); err == nil {
		files = len(r.File)
	}
	size := float64(len(code.Zip))
	switch {
	case size < 1<<10:
		return fmt.Sprintf("%s, %.0f bytes", plural(files, "file"), size)
	case size < 1<<20:
		return fmt.Sprintf("%s, %.1f KB", plural(files, "file"), size/(1<<10))
	}
	return fmt.Sprintf("%s, %.1f MB", plural(files, "file"), size/(1<<20))
}

// checkSyntax finds Python that Lambda could not load: it would say so only at the
// first request, as Runtime.UserCodeSyntaxError. Where this machine has no Python,
// or an older one than the function's, nobody knows better.
func (c *command) checkSyntax(ctx context.Context, sess *session, code provision.Code) error {
	if code.Language != provision.Python {
		return nil
	}
	r, err := zip.NewReader(bytes.NewReader(code.Zip), int64(len(code.Zip)))
	if err != nil {
		return err
	}
	var files [][2]string
	for _, f := range r.File { // those below are libraries, as a rule
		if path.Ext(f.Name) != ".py" || strings.Contains(f.Name, "/") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(in)
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
		files = append(files, [2]string{f.Name, string(text)})
	}
	if len(files) == 0 {
		return nil
	}
	if wrong := c.pythonSyntax(ctx, files, sess.cfg.Local); wrong != "" {
		return told("TODO-FN-13", "Python cannot read "+wrong, c.again()+"   (when it is mended)")
	}
	return nil
}
