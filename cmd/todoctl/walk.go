package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"todoctl/provision"
)

// A walk is a person's way through the pages of a plan.
type walk struct {
	*command
	out      *words
	sess     *session
	settings *settings
	open     func() []provision.Page // the pages, as the configuration is now
	plan     []provision.Change
	anew     []provision.Page // those pages, once a setting was changed
	mailed   bool             // the question about the e-mail was answered
}

// walkthrough asks whether to go on at all, and returns what asks before each
// step: a page and a choice. Without questions it returns nil.
func (c *command) walkthrough(ctx context.Context, sess *session, s *settings, open func() []provision.Page, plan []provision.Change) (func(context.Context, provision.Change) (provision.Answer, error), error) {
	out, people := c.view().(*words)
	if !people || !c.asking() || foreign(plan) {
		return nil, nil
	}
	if err := c.warnCapacity(ctx, out, sess, plan); err != nil {
		return nil, err
	}
	state, through := "Nothing has been changed yet.", "this step"
	if !slices.ContainsFunc(plan, func(p provision.Change) bool { return p.Seen.State != provision.Absent }) {
		state = "Nothing has been made yet."
	}
	if n := changing(plan); n > 1 {
		through = fmt.Sprintf("these %d steps", n)
	}
	out.line("%s", state)
	yes, err := c.confirm(ctx, "Go through "+through+"?", true)
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, context.Canceled
	}
	w := &walk{command: c, out: out, sess: sess, settings: s, open: open, plan: plan, mailed: s.email != ""}
	return func(ctx context.Context, change provision.Change) (provision.Answer, error) {
		c.talk.Lock()
		defer c.talk.Unlock()
		out.hold()
		defer out.release()
		return w.ask(ctx, change)
	}, nil
}

// The answers to a page.
const (
	answerYes    = "yes"
	answerMore   = "more"
	answerChange = "change"
	answerSkip   = "skip"
	answerQuit   = "quit"
)

// ask shows one page and asks what to do with it. Enter makes it.
func (w *walk) ask(ctx context.Context, change provision.Change) (provision.Answer, error) {
	w.anew = nil
	w.page(change)
	if change.Name() == "alarm" && change.Action == provision.Create && !w.mailed {
		w.mailed = true
		email := preferencesOf("alarm")[0]
		if err := w.set(ctx, &change, email); err != nil {
			return provision.Answer{}, err
		}
	}
	for {
		d := change.Step.Describe()
		answer, err := w.choose(ctx, verb(change)+" "+d.Resource+"?", w.options(change)...)
		if err != nil {
			return provision.Answer{}, err
		}
		switch answer {
		case answerYes:
			return provision.Answer{Yes: true, Anew: w.anew}, nil
		case answerMore:
			err = w.explainMore(ctx, change)
		case answerChange:
			var changed bool
			if changed, err = w.change(ctx, &change); changed && err == nil {
				w.page(change)
			}
		case answerSkip:
			var left bool
			if left, err = w.leave(ctx, change); left {
				return provision.Answer{Anew: w.anew}, err
			}
		case answerQuit:
			w.interrupt()
			err = context.Canceled
		}
		if err != nil {
			return provision.Answer{}, err
		}
	}
}

// verb says what will be done to a step, in one word.
func verb(c provision.Change) string {
	switch {
	case c.Name() == testStep:
		return "Test"
	case c.Action == provision.Update:
		return "Change"
	case c.Action == provision.Keep:
		return "Keep"
	}
	return "Create"
}

// options are the answers to a page. A step without settings offers none.
func (w *walk) options(c provision.Change) []option {
	all := []option{{verb(c) + " it", answerYes}, {"Explain more", answerMore}}
	if len(preferencesOf(c.Name())) > 0 {
		all = append(all, option{"Change a setting", answerChange})
	}
	return append(all, option{"Skip this step", answerSkip}, option{"Quit; what exists stays", answerQuit})
}

// aside is where a page is printed while the lines of the steps at work wait.
func (w *walk) aside() *words {
	columns, _ := w.space()
	return &words{w: w.out.w, colour: w.out.colour, plain: w.out.plain, letters: w.out.letters, spoken: w.out.spoken, width: min(columns, 80)}
}

func (w *walk) page(c provision.Change) {
	out, number := w.aside(), 1+slices.IndexFunc(w.plan, func(p provision.Change) bool { return p.Name() == c.Name() })
	if w.explain {
		out.wholePage(number, len(w.plan), w.sess, c)
	} else {
		out.page(number, len(w.plan), w.sess, c)
	}
	switch c.Action {
	case provision.Update:
		out.differences(c.Seen)
	case provision.Keep:
		out.step("ok", c.Name(), "%s", already(c.Step.Describe()))
	}
}

// leave says what will be missing without a step. Where other steps go with it,
// it asks once. False means that the page is asked about again.
func (w *walk) leave(ctx context.Context, c provision.Change) (bool, error) {
	out, d := w.aside(), c.Step.Describe()
	for _, l := range fold(d.Without, out.width-2) {
		out.line("  %s", l)
	}
	along := w.along(c)
	if len(along) == 0 {
		return true, nil
	}
	yes, err := w.confirm(ctx, fmt.Sprintf("Without the %s these are left out too: %s. Skip them?", d.Name, strings.Join(along, ", ")), true)
	return yes && err == nil, err
}

// along are the steps that cannot be made without one that is not there.
func (w *walk) along(c provision.Change) []string {
	if c.Action != provision.Create {
		return nil
	}
	gone := []string{c.Name()}
	for _, p := range w.plan {
		lacks := slices.ContainsFunc(p.Needs, func(need string) bool { return slices.Contains(gone, need) })
		if lacks && p.Action == provision.Create && !p.Skip {
			gone = append(gone, p.Name())
		}
	}
	return gone[1:]
}

// change asks which setting of a page to change and to what, and looks at the
// step again with it.
func (w *walk) change(ctx context.Context, change *provision.Change) (bool, error) {
	all := preferencesOf(change.Name())
	p := all[0]
	if len(all) > 1 {
		var options []option
		for _, p := range all {
			options = append(options, option{p.name, p.flag})
		}
		flag, err := w.choose(ctx, "Which setting?", append(options, option{"Back", ""})...)
		if err != nil || flag == "" {
			return false, err
		}
		p = all[slices.IndexFunc(all, func(p preference) bool { return p.flag == flag })]
	}
	before := w.anew
	err := w.set(ctx, change, p)
	return len(w.anew) > 0 && (len(before) == 0 || &w.anew[0] != &before[0]), err
}

// set asks for the value of one setting, with the present one as the default,
// and makes the pages anew where it is another one.
func (w *walk) set(ctx context.Context, change *provision.Change, p preference) error {
	present := p.get(w.settings)
	value, err := w.value(ctx, *change, p, present)
	if err != nil || value == present {
		return err
	}
	changed, err := w.settings.try(w.command, w.sess, p, value)
	if err != nil {
		return err
	}
	*w.settings = changed
	if err := w.settings.apply(w.command, w.sess); err != nil {
		return err
	}
	w.chose(p.flag, p.get(w.settings))
	w.anew = w.open()
	i := slices.IndexFunc(w.anew, func(page provision.Page) bool { return page.Step.Describe().Name == change.Name() })
	again, err := w.look(ctx, w.anew[i:i+1])
	if err != nil {
		return err
	}
	again[0].Cost = change.Cost
	*change = again[0]
	return nil
}

// look looks at pages anew in the middle of one. A sign-in that has expired by
// then is a question too, so the page gives up its turn to ask.
func (w *walk) look(ctx context.Context, pages []provision.Page) ([]provision.Change, error) {
	w.talk.Unlock()
	defer w.talk.Lock()
	return provision.Plan(ctx, pages, provision.Up)
}

func (w *walk) value(ctx context.Context, change provision.Change, p preference, present string) (string, error) {
	if p.options == nil {
		return w.edit(ctx, p.title, p.hint, present, func(value string) error {
			_, err := w.settings.try(w.command, w.sess, p, value)
			return err
		})
	}
	options := slices.Clone(p.options)
	switch i := slices.IndexFunc(options, func(o option) bool { return o.Value == present }); {
	case i > 0:
		now := options[i] // read before Delete moves the others into its place
		options = slices.Insert(slices.Delete(options, i, i+1), 0, now)
	case i < 0 && change.Seen.State != provision.Absent:
		options = slices.Insert(options, 0, option{"As it is now", present})
	}
	return w.choose(ctx, p.title, options...)
}

// warnCapacity says when this table would leave the free 25/25 of the Region.
func (c *command) warnCapacity(ctx context.Context, out *words, sess *session, plan []provision.Change) error {
	if plan[0].Name() != "table" || plan[0].Action != provision.Create {
		return nil
	}
	rcu, wcu, tables, crowded := sess.outlook.Crowded(sess.cfg)
	if !crowded {
		return nil
	}
	out.step("hint", "table", "%d other tables of this Region already use %d read and %d write units of the free 25; this one would cost about $%.2f a month", tables, rcu, wcu, plan[0].Cost.NowPerMonthUSD)
	yes, err := c.confirm(ctx, "Go on all the same?", false)
	if err != nil {
		return err
	}
	if !yes {
		other := "eu-west-1"
		if sess.cfg.Region == other {
			other = "us-east-1"
		}
		return &Problem{ID: "TODO-TABLE-07", Fix: []string{c.inRegion(other) + "   (each Region has its own 25)"}}
	}
	return nil
}
