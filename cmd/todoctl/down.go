package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

type downOptions struct {
	backup  string
	discard bool
}

func newDown() *cobra.Command {
	var opt downOptions
	cmd := &cobra.Command{
		Use:     "down",
		Aliases: []string{"teardown"},
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c := this(cmd); opt.backup == "" && cmd.Flags().Changed("backup") { // an empty variable of a script's
				return usage([]string{c.downInto("items.jsonl")}, "--backup takes a file, and this one has no name").as("TODO-USE-08")
			}
			return downRun(cmd.Context(), this(cmd), opt)
		},
	}
	cmd.Flags().StringVar(&opt.backup, "backup", "", "new file that gets every item before the table goes")
	cmd.Flags().BoolVar(&opt.discard, "discard-data", false, "delete the items without a backup")
	cmd.MarkFlagsMutuallyExclusive("backup", "discard-data")
	return cmd
}

func downRun(ctx context.Context, c *command, opt downOptions) error {
	if err := c.consent(); err != nil {
		if p, ok := errors.AsType[*Problem](err); ok && opt.backup == "" && !opt.discard {
			p.Fix = []string{c.commandLine("--yes", "--backup", "items.jsonl"), c.commandLine("--yes", "--discard-data")}
		}
		return err
	}
	sess, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.lock(sess); err != nil {
		return err
	}
	c.view().Header(sess)
	if err := c.letAppear(ctx, sess); err != nil {
		return err
	}
	pages := provision.Teardown(sess.cfg, sess.clients)
	plan, err := c.look(ctx, pages, provision.Down)
	if err != nil {
		return err
	}
	c.view().Plan(plan, provision.Down)
	c.tally.plan(plan, provision.Down)
	if changing(plan) == 0 && !c.dryRun {
		proved := c.prove(ctx, sess, plan)
		return cmp.Or(unseen(plan), proved)
	}
	c.view().Note("")
	if changing(plan) == 0 {
		c.view().Note("Nothing to do.")
		return unseen(plan)
	}
	c.tellCode(sess, plan)
	items, err := c.tellItems(ctx, sess, plan, opt.discard)
	if err != nil {
		return err
	}
	if c.dryRun {
		c.view().Note("%d to do; nothing was changed.", changing(plan))
		return cmp.Or(unseen(plan), error(errDiffers))
	}
	if err := provision.Undeletable(plan); err != nil {
		return err
	}
	if opt, err = c.agree(ctx, sess, items, opt); err != nil {
		return err
	}
	if err := c.remove(ctx, sess, plan, opt); err != nil {
		return err
	}
	return c.prove(ctx, sess, plan)
}

// unseen says what AWS did not let us look at, and so is left alone.
func unseen(plan []provision.Change) error {
	var errs []error
	for _, c := range plan {
		errs = append(errs, c.Err)
	}
	return errors.Join(errs...)
}

// tellCode says that code goes which somebody has changed since todoctl uploaded
// it: it may be nowhere else.
func (c *command) tellCode(sess session, plan []provision.Change) {
	for _, change := range plan {
		if change.Seen.CodeChanged && change.Action == provision.Delete {
			c.view().Note("The code of %s was changed outside todoctl, and goes too. A copy first:", sess.cfg.FunctionName())
			c.view().Note("  %s", c.with("handler pull")+" DIR")
			c.view().Note("")
		}
	}
}

// tellItems says how many items are at stake. Those that are given up are not
// counted: that takes long, and may not be allowed.
func (c *command) tellItems(ctx context.Context, sess session, plan []provision.Change, discard bool) (int, error) {
	if discard {
		if plan[tableIn(plan)].Action == provision.Delete {
			c.view().Note("The table goes with all its items, and without a backup.")
		}
		return 0, nil
	}
	items, err := c.countItems(ctx, sess, plan)
	if err == nil && plan[tableIn(plan)].Action == provision.Delete {
		c.doc.Items = &items
	}
	if items > 0 {
		c.view().Note("The table holds %s.", plural(items, "item"))
	}
	return items, err
}

// countItems counts the items of a table that is ours and about to go.
func (c *command) countItems(ctx context.Context, sess session, plan []provision.Change) (int, error) {
	table := plan[tableIn(plan)]
	if table.Action != provision.Delete {
		return 0, nil
	}
	ctx, end := c.working(ctx, "counting the items")
	defer end()
	items, err := provision.CountItems(ctx, sess.cfg, sess.clients.DynamoDB)
	if errors.Is(err, provision.ErrNoTable) {
		return 0, c.noTable(ctx, table)
	}
	if err != nil {
		return 0, &provision.StepError{Step: table.Name(), Action: "count the items of", Err: err}
	}
	return items, nil
}

func tableIn(plan []provision.Change) int {
	return slices.IndexFunc(plan, func(p provision.Change) bool { return p.Name() == "table" })
}

// noTable asks again when DynamoDB would not read the table: one that is only
// being made, or is going, or gone, has no items to lose. It returns an error
// when the table is there all the same.
func (c *command) noTable(ctx context.Context, table provision.Change) error {
	seen, err := table.Step.Observe(ctx)
	if err != nil {
		return &provision.StepError{Step: table.Name(), Action: "look at", Err: err}
	}
	if seen.State == provision.Absent || seen.Pending != "" {
		return nil
	}
	return told("TODO-TABLE-08", fmt.Sprintf("%s is there, and DynamoDB says that it has no such table to read", table.Step.Describe().Resource), c.again())
}

// agree gets the consent that a removal needs: what happens to the items, and
// the stack's name, typed. It changes nothing.
func (c *command) agree(ctx context.Context, sess session, items int, opt downOptions) (downOptions, error) {
	if items > 0 && opt.backup == "" && !opt.discard {
		if !c.asking() {
			return opt, told("TODO-USE-07", fmt.Sprintf("the table holds %s, and --yes alone does not delete data", plural(items, "item")),
				c.commandLine("--backup", "items.jsonl"), c.commandLine("--discard-data"))
		}
		file := fmt.Sprintf("%s-%s.jsonl", sess.cfg.TableName(), c.Clock.Now().Format("20060102-150405"))
		answer, err := c.choose(ctx, fmt.Sprintf("Save the %s to a file first?", plural(items, "item")),
			option{"Yes, to " + file, "backup"}, option{"No, delete " + map[bool]string{true: "it", false: "them"}[items == 1] + " for good", "discard"}, option{"Stop here", "stop"})
		switch {
		case err != nil:
			return opt, err
		case answer == "backup":
			opt.backup = file
		case answer == "discard":
			opt.discard = true
		default:
			return opt, context.Canceled
		}
	}
	if !c.asking() {
		return opt, nil
	}
	typed, err := c.input(ctx, fmt.Sprintf("Type %s to remove all this", sess.cfg.Stack), "Anything else stops here; nothing has been changed yet.", nil)
	if err != nil {
		return opt, err
	}
	if typed != sess.cfg.Stack {
		return opt, told("TODO-USE-11", fmt.Sprintf("%q is not %s, so nothing was changed", typed, sess.cfg.Stack), c.again())
	}
	return opt, nil
}

// remove takes everything but the table away, saves the items when nothing can
// write any more, and only then deletes the table: at every moment there is the
// table or a backup that was read back, or the items were given up on purpose.
func (c *command) remove(ctx context.Context, sess session, plan []provision.Change, opt downOptions) error {
	table := tableIn(plan)
	var file *backupFile
	if opt.backup != "" && plan[table].Action == provision.Delete {
		var err error
		if file, err = c.newBackup(ctx, sess, opt.backup); errors.Is(err, provision.ErrNoTable) {
			err = c.noTable(ctx, plan[table])
		}
		if err != nil {
			return err
		}
	}
	failed := c.lower(ctx, slices.Delete(slices.Clone(plan), table, table+1))
	lives := failed != nil && !opt.discard && plan[table].Action == provision.Delete && c.urlLives(ctx, plan)
	if err := ctx.Err(); err != nil || lives {
		if file != nil {
			file.discard(c)
		}
		if err == nil {
			c.view().Note("The table stays, with its items: the URL may still bring new ones.")
		}
		return errors.Join(failed, err)
	}
	if err := c.secureItems(ctx, sess, plan, file, opt); err != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(failed, c.lower(ctx, plan[table:table+1]))
}

// urlLives says that the URL may still take requests, where removing it or the
// function has failed: what they write after the items were read for the last time
// would go with the table.
func (c *command) urlLives(ctx context.Context, plan []provision.Change) bool {
	i := slices.IndexFunc(plan, func(p provision.Change) bool { return p.Name() == "url" })
	for range 2 { // a copy of Lambda's that is behind may not know it
		seen, err := plan[i].Step.Observe(ctx)
		if err != nil || seen.ID != "" && !seen.State.Others() || c.Clock.Sleep(ctx, time.Second) != nil {
			return true
		}
	}
	return false
}

// secureItems saves the items, or makes sure that there are none: somebody may
// have added some since they were counted. Items that were given up may go unread.
func (c *command) secureItems(ctx context.Context, sess session, plan []provision.Change, file *backupFile, opt downOptions) error {
	if file != nil {
		return c.saveItems(ctx, sess, plan[tableIn(plan)], file)
	}
	if opt.discard {
		return nil
	}
	items, err := c.countItems(ctx, sess, plan)
	if err != nil || items == 0 {
		return err
	}
	return told("TODO-BACKUP-07", fmt.Sprintf("the table has got %s in the meantime, so it stays", plural(items, "item")),
		c.commandLine("--backup", "items.jsonl"), c.commandLine("--discard-data"))
}

// saveItems makes the backup and says where it is.
func (c *command) saveItems(ctx context.Context, sess session, table provision.Change, file *backupFile) error {
	at, end := c.working(ctx, "saving the items, and reading them back")
	saved, err := file.save(at, c, sess)
	end()
	if err != nil {
		file.discard(c)
	}
	if errors.Is(err, provision.ErrNoTable) {
		if err := c.noTable(ctx, table); err != nil {
			return err
		}
		c.view().Note("There is no table any more, so there is nothing to save.")
		return nil
	}
	if err != nil {
		why := explain(err, c.way())
		if _, changed := errors.AsType[*changedError](err); changed {
			return &Problem{ID: "TODO-BACKUP-04", What: "the backup failed, so the table stays", Why: why.What, Fix: []string{c.again() + "   (once nobody writes to it)"}}
		}
		p := &Problem{ID: "TODO-BACKUP-03", Why: why.What, Fix: []string{c.again(), c.downInto(otherFile)}}
		if why.Exit == exitCredentials { // another file would not help
			p.Exit, p.Fix = exitCredentials, why.Fix
		}
		return p
	}
	if out, program := c.view().(*records); program {
		out.Saved(backupDocument{File: file.path, Items: saved.Items, SHA256: saved.SHA256})
	}
	c.view().Note("")
	c.view().Note("Saved and read back: %s in", plural(saved.Items, "item"))
	c.view().Note("  %s", file.path)
	c.view().Note("  (put them back with: %s)", c.with("restore FILE"))
	c.view().Note("")
	return nil
}

func (c *command) lower(ctx context.Context, plan []provision.Change) error {
	return c.run(ctx, plan, provision.Options{Goal: provision.Down})
}

// prove looks at everything again, by name and by tag, and prints what is left.
func (c *command) prove(ctx context.Context, sess session, plan []provision.Change) error {
	at, end := c.working(ctx, "looking for what is left, by name and by tag")
	look := provision.Remains
	if changing(plan) > 0 { // AWS may still show what this run has deleted
		look = provision.RemainsAfter
	}
	left, err := look(at, sess.cfg, sess.clients)
	end()
	if err != nil {
		p := explain(err, c.way())
		p.What = "could not look for what is left: " + p.What
		return p
	}
	c.doc.Remains = []remain{}
	kept := slices.ContainsFunc(plan, func(p provision.Change) bool { return p.Seen.State.Others() })
	c.view().Note("")
	ours, noted, hidden := 0, 0, 0
	for _, r := range left {
		c.doc.Remains = append(c.doc.Remains, remain(r))
		if r.Name == "" { // a note about what cannot be looked at
			c.remark("note: ", r.Note)
			if r.Kind == "budget" || r.Kind == "tag" { // many may not: up went on without, and so does down
				noted++
			} else {
				hidden++
			}
			continue
		}
		c.remark(fmt.Sprintf("left: %-12s ", r.Kind), strings.TrimSpace(r.Name+"  "+r.Note))
		if r.Note == "" {
			ours++
		} else {
			noted++
		}
	}
	switch {
	case ours > 0:
		return told("TODO-RUN-12", plural(ours, "resource")+" of todoctl still there", c.again())
	case hidden > 0:
		return &Problem{ID: "TODO-IAM-04", Fix: []string{"ask for what docs/operator-policy.json allows, then: " + c.again()}}
	case kept:
		c.view().Note("Nothing of todoctl's is left; what it did not make was kept.")
		return errForeignKept
	}
	if noted > 0 {
		c.view().Note("Looked at every other name and tag: nothing else is left.")
	} else {
		c.view().Note("Looked at every name and every tag: 0 left.")
	}
	return c.stopEmptyLocal(ctx, sess)
}

// remark prints a line of a list, folded under its text.
func (c *command) remark(lead, text string) {
	c.view().Note("%s%s", lead, strings.Join(fold(text, c.words().width-len(lead)), "\n"+strings.Repeat(" ", len(lead))))
}

// stopEmptyLocal stops the local AWS when no stack needs it any more.
func (c *command) stopEmptyLocal(ctx context.Context, sess session) error {
	if sess.background == nil {
		return nil
	}
	var state localState
	if err := c.control(ctx, sess.background, http.MethodGet, "state", &state); err != nil || !state.Empty {
		return err
	}
	if err := c.stopLocal(ctx, sess.background); err != nil {
		return err
	}
	c.view().Note("The local AWS is empty and has stopped.")
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
