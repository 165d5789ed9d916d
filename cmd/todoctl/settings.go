package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"todoctl/handler"
	"todoctl/provision"
)

// settings are the flags of up and of the steps that say what should be.
type settings struct {
	adopt   bool
	index   string
	policy  string
	runtime string
	auth    string
	guard   string
	email   string
	limit   int
	source  string
	replace bool // the code, whatever runs
	watch   bool // deploy the folder again after each save
	skip    []string
}

// settingFlags are the flags of settings, by the step that they belong to.
func (s *settings) settingFlags(cmd *cobra.Command, steps ...string) {
	f := cmd.Flags()
	f.BoolVar(&s.adopt, "adopt", false, "take over resources of these names that todoctl did not make")
	for _, step := range steps {
		switch step {
		case "table":
			f.StringVar(&s.index, "index", "", "how lists are read: none, the whole table (default), or newest, from an index")
			f.Lookup("index").NoOptDefVal = string(provision.IndexNewest)
		case "role":
			f.StringVar(&s.policy, "policy", "", "what the function may do: least (default), or tutorial (the book's)")
		case "function":
			f.StringVar(&s.runtime, "runtime", "", "what the code is written in: python3.12 (default) or newer, nodejs24.x, or go")
			f.StringVar(&s.source, "source", "", "folder with your own code: lambda_function.py, index.mjs, or a Go program; caches, .git, .venv, .env and what editors leave behind stay out")
			f.BoolVar(&s.replace, "replace-code", false, "put this code in the place of whatever runs, also of changes in the console")
			f.BoolVar(&s.watch, "watch", false, "go on, and deploy the folder again after each save, until Ctrl-C")
		case "url":
			f.StringVar(&s.auth, "auth", "", "who may call the URL: none, that is everybody (default), or iam")
		case "alarm":
			f.StringVar(&s.guard, "guard", "", "what watches the bill: both (default), budget or alarm")
			f.StringVar(&s.email, "email", "", "who is told when the bill grows")
			f.IntVar(&s.limit, "limit", 0, "the monthly bill, in US dollars, that is worth a mail (default 1)")
		}
	}
}

// runtimes are the values of --runtime: the default, what is newer, and other
// languages.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var runtimes = []string{"python3.12", "python3.13", "python3.14", "nodejs24.x", "go"}

// A preference is a setting that a step's page offers to change, and its flag.
type preference struct {
	step, flag string
	name       string // in a list of them
	title      string // the question
	hint       string
	options    []option // the values that there are, the default first; nil: a text
	get        func(s *settings) string
	set        func(s *settings, value string) error
}

// text is a preference's value where that is a string of settings.
func text(field func(s *settings) *string) (get func(*settings) string, set func(*settings, string) error) {
	return func(s *settings) string { return *field(s) }, func(s *settings, value string) error {
		*field(s) = value
		return nil
	}
}

// preferences are all of them, in the order of the pages.
func preferences() []preference {
	of := func(step, flag, name, title, hint string, field func(s *settings) *string, options ...option) preference {
		get, set := text(field)
		return preference{step, flag, name, title, hint, options, get, set}
	}
	versions := make([]option, len(runtimes))
	for i, r := range runtimes {
		versions[i] = option{runtimeWords(r), r}
	}
	return []preference{
		of("table", "index", "How lists are read", "How are lists read?", "", func(s *settings) *string { return &s.index },
			option{"The whole table each time, as in the book", "none"}, option{"The newest first, from an index with 5 RCU and 5 WCU of its own", "newest"}),
		of("role", "policy", "What it may do", "What may the function do?", "", func(s *settings) *string { return &s.policy },
			option{"Only what it needs: items of this table, lines of its log", "least"}, option{"What the book attaches: everything on every table", "tutorial"}),
		of("function", "runtime", "The language", "In which language is the code?", "", func(s *settings) *string { return &s.runtime }, versions...),
		of("function", "source", "The code", "Which folder has your own code?", "Left empty: todoctl's own handler.", func(s *settings) *string { return &s.source }),
		of("url", "auth", "Who may call it", "Who may call the URL?", "", func(s *settings) *string { return &s.auth },
			option{"Everybody who has the link", "none"}, option{"Signed requests of this account only", "iam"}),
		of("alarm", "email", "Who is told", "Which e-mail address is told when the bill grows?", "Left empty: nobody for now; todoctl alarm --email does it later.", func(s *settings) *string { return &s.email }),
		{"alarm", "limit", "The amount", "From which monthly bill on, in US dollars?", "A whole number.", nil,
			func(s *settings) string { return strconv.Itoa(cmp.Or(s.limit, 1)) },
			func(s *settings, value string) error {
				n, err := strconv.Atoi(strings.TrimSpace(value))
				if err != nil {
					return fmt.Errorf("%q is not a whole number", value)
				}
				s.limit = cmp.Or(n, -1) // 0 as a flag means that nothing was chosen
				return nil
			}},
		of("alarm", "guard", "What watches", "What watches the bill?", "", func(s *settings) *string { return &s.guard },
			option{"An alarm and a budget", "both"}, option{"A budget only", "budget"}, option{"An alarm only", "alarm"}),
	}
}

// preferencesOf are those of one step.
func preferencesOf(step string) []preference {
	return slices.DeleteFunc(preferences(), func(p preference) bool { return p.step != step })
}

// try sets a value in a copy of the settings and checks it as if it had been
// given as a flag.
func (s *settings) try(c *command, sess *session, p preference, value string) (settings, error) {
	changed := *s
	if err := p.set(&changed, value); err != nil {
		return changed, err
	}
	err := changed.check(c)
	if err == nil && p.flag == "source" {
		trial := *sess
		err = changed.apply(c, &trial)
	}
	if problem, ok := errors.AsType[*Problem](err); ok {
		err = errors.New(problem.What)
	}
	return changed, err
}

// chose puts a flag into the command line, instead of what it said before, so
// that the line to continue with repeats what was chosen on the way.
func (c *command) chose(flag, value string) {
	c.Args = c.choosing(flag, value)
	c.path = c.commandLine()
}

// choosing is what was typed with another value of a flag, "" for none.
func (c *command) choosing(flag, value string) []string {
	name := "--" + flag
	var args []string
	for i := 0; i < len(c.Args); i++ {
		switch {
		case c.Args[i] == name:
			if i+1 < len(c.Args) && !strings.HasPrefix(c.Args[i+1], "-") { // not of a flag that stands alone
				i++
			}
		case strings.HasPrefix(c.Args[i], name+"="):
		default:
			args = append(args, c.Args[i])
		}
	}
	if value != "" {
		args = append(args, name, value)
	}
	return args
}

// inRegion is the command that was typed for another Region.
func (c *command) inRegion(region string) string { return line(c.choosing("region", region)) }

// apply checks the settings and puts them into the configuration.
func (s *settings) apply(c *command, sess *session) error {
	cfg := &sess.cfg
	cfg.Adopt = s.adopt
	cfg.Index = provision.Index(s.index)
	cfg.Policy = provision.Policy(s.policy)
	cfg.Runtime = s.runtime
	language := handler.LanguageOf(cmp.Or(s.runtime, provision.DefaultRuntime))
	cfg.Auth = provision.Auth(s.auth)
	cfg.Guard = provision.Guard(s.guard)
	cfg.LimitUSD = s.limit
	cfg.Email = s.email
	cfg.ReplaceCode = s.replace
	if s.source == "" {
		cfg.Code, cfg.OwnCode = cfg.Codes[language], false
		return nil
	}
	root, err := c.dirFS(s.source)
	if err != nil {
		if f, err := c.openFile(s.source); err == nil {
			_ = f.Close()
			return told("TODO-FN-02", s.source+" is a file, and --source names the folder that it is in", line(c.choosing("source", filepath.Dir(s.source))))
		}
		return told("TODO-FN-02", err.Error(), "todoctl handler eject "+provision.Quote(s.source))
	}
	defer func() { _ = root.Close() }()
	code, err := handler.FromDir(root.FS(), s.source, handler.LanguageOf(s.runtime))
	if err != nil {
		p := told("TODO-FN-03", err.Error(), "todoctl handler eject another-folder   (shows what belongs there)")
		if errors.Is(err, handler.ErrTooLarge) {
			p.ID = "TODO-FN-04"
		}
		if missing, ok := errors.AsType[*handler.MissingError](err); ok && missing.Below != "" {
			p.Fix = slices.Insert(p.Fix, 0, line(c.choosing("source", filepath.Join(s.source, missing.Below))))
		}
		return p
	}
	cfg.Code, cfg.OwnCode = c.packed(code, s.source, nil), true
	if sess.cfg.Local {
		if err := c.runsHere(sess.runner, code.Language); err != nil {
			return err
		}
	}
	return c.checkSyntax(context.Background(), sess, cfg.Code)
}

// check finds wrong values before anything goes over the network; those of flags
// that have few are checked by checkChoices.
func (s *settings) check(c *command) error {
	if s.email != "" && !isEmail(s.email) {
		return usage([]string{line(c.choosing("email", "you@example.com"))}, "--email %q is not an e-mail address", s.email)
	}
	if s.limit < 0 {
		return errLimit(line(c.choosing("limit", "1")))
	}
	return s.checkWatch(c)
}

func errLimit(again string) error {
	return usage([]string{again}, "--limit must be 1 US dollar or more")
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
