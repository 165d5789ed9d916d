package main

import (
	"errors"
	"net/mail"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"todoctl/handler"
	"todoctl/provision"
)

// settings are the flags of up and of the steps that say what should be.
type settings struct {
	adopt   bool
	policy  string
	runtime string
	auth    string
	guard   string
	email   string
	limit   int
	source  string
	skip    []string
}

// settingFlags are the flags of settings, by the step that they belong to.
func (s *settings) settingFlags(cmd *cobra.Command, steps ...string) {
	f := cmd.Flags()
	f.BoolVar(&s.adopt, "adopt", false, "take over resources of these names that todoctl did not make")
	for _, step := range steps {
		switch step {
		case "role":
			f.StringVar(&s.policy, "policy", "", "what the function may do: least (default), or tutorial (the book's)")
		case "function":
			f.StringVar(&s.runtime, "runtime", "", "Lambda runtime: python3.12 (default) or newer")
			f.StringVar(&s.source, "source", "", "folder with your own lambda_function.py")
		case "url":
			f.StringVar(&s.auth, "auth", "", "who may call the URL: none, that is everybody (default), or iam")
		case "alarm":
			f.StringVar(&s.guard, "guard", "", "what watches the bill: both (default), budget or alarm")
			f.StringVar(&s.email, "email", "", "who is told when the bill grows")
			f.IntVar(&s.limit, "limit", 0, "the monthly bill, in US dollars, that is worth a mail (default 1)")
		}
	}
}

// runtimes are the values of --runtime: the default and what is newer.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var runtimes = []string{"python3.12", "python3.13", "python3.14"}

// apply checks the settings and puts them into the configuration.
func (s *settings) apply(c *command, sess *session) error {
	cfg := &sess.cfg
	cfg.Adopt = s.adopt
	cfg.Policy = provision.Policy(s.policy)
	cfg.Runtime = s.runtime
	cfg.Auth = provision.Auth(s.auth)
	cfg.Guard = provision.Guard(s.guard)
	cfg.LimitUSD = s.limit
	cfg.Email = s.email
	if s.source == "" {
		return nil
	}
	if sess.cfg.Local && !sess.runner.Python {
		return &Problem{ID: "TODO-LOCAL-11", Fix: []string{"install Python 3 and boto3, then: todoctl local stop", c.again()}}
	}
	root, err := c.dirFS(s.source)
	if err != nil {
		return told("TODO-FN-02", err.Error(), "todoctl handler eject "+provision.Quote(s.source))
	}
	defer func() { _ = root.Close() }()
	code, err := handler.FromDir(root.FS(), s.source)
	if err != nil {
		p := told("TODO-FN-03", err.Error(), "todoctl handler eject another-folder   (shows what belongs there)")
		if errors.Is(err, handler.ErrTooLarge) {
			p.ID = "TODO-FN-04"
		}
		return p
	}
	cfg.Code, cfg.OwnCode = provision.Code(code), true
	return nil
}

// check finds wrong values before anything goes over the network.
func (s *settings) check(c *command) error {
	again := c.with(c.name)
	oneOf := func(flag, value string, known ...string) error {
		if value == "" || slices.Contains(known, value) {
			return nil
		}
		return usage([]string{again + " --" + flag + " " + known[0]}, "--%s %q is not known: it is %s", flag, value, strings.Join(known, ", "))
	}
	if s.email != "" && !isEmail(s.email) {
		return usage([]string{again + " --email you@example.com"}, "--email %q is not an e-mail address", s.email)
	}
	c.email = s.email
	if s.limit < 0 {
		return usage([]string{again + " --limit 1"}, "--limit must be 1 US dollar or more")
	}
	return errors.Join(
		oneOf("policy", s.policy, values(choices["policy"])...),
		oneOf("runtime", s.runtime, runtimes...),
		oneOf("auth", s.auth, values(choices["auth"])...),
		oneOf("guard", s.guard, values(choices["guard"])...),
	)
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
