package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

func newRestore() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{this(cmd).with("restore") + " TodoTable-20261123-101500.jsonl", helpLine(cmd)}, "restore takes one file").as("TODO-USE-08")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return restoreRun(cmd.Context(), this(cmd), args[0]) },
	}
}

func restoreRun(ctx context.Context, c *command, path string) error {
	if err := c.consent(); err != nil {
		return err
	}
	file, err := c.openFile(path)
	if err != nil {
		return told("TODO-BACKUP-06", err.Error(), c.with("restore")+" FILE --yes   (one that todoctl down --backup has written)")
	}
	defer file.Close()
	_, end := c.working(ctx, "reading the backup")
	found, err := provision.CheckBackup(file)
	end()
	if err != nil {
		return &Problem{ID: "TODO-BACKUP-05", What: path + " is not a whole backup, so nothing was written", Why: err.Error(), Fix: []string{c.with("restore") + " another-file.jsonl"}}
	}
	sess, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.lock(sess); err != nil {
		return err
	}
	c.view().Header(sess)
	table, err := ownTable(ctx, c, sess)
	if err != nil {
		return err
	}
	c.doc.Restore = &restored{File: path, From: found.Table, Table: table, Items: found.Items}
	c.view().Note("%s, saved from %s, will be written to %s.", plural(found.Items, "item"), found.Table, table)
	c.view().Note("An item with the same id is overwritten; the others stay.")
	if c.dryRun {
		return errDiffers
	}
	if c.asking() {
		yes, err := c.confirm(ctx, "Write them?", false)
		if err != nil {
			return err
		}
		if !yes {
			return &Problem{ID: "TODO-RUN-16", Fix: []string{c.again()}}
		}
		if _, err := ownTable(ctx, c, sess); err != nil { // it may be another one by now
			return err
		}
	}
	if _, err := file.Seek(0, 0); err != nil {
		return err
	}
	at, wrote := c.working(ctx, fmt.Sprintf("writing %s", plural(found.Items, "item")))
	written, err := provision.Restore(at, sess.cfg, sess.clients.DynamoDB, file)
	wrote()
	c.doc.Restore.Written = written.Items
	if err != nil {
		p := explain(err, c.way())
		p.What = fmt.Sprintf("only %d of the %s are known to be written: %s", written.Items, plural(found.Items, "item"), p.What)
		others := slices.DeleteFunc(p.Fix, func(fix string) bool { return fix == c.again() })
		p.Fix = append([]string{c.again() + "   (writes them all, those that are there too)"}, others...)
		c.tally.restored(written.Items, found.Items) // for Ctrl-C and the limit, which have words of their own
		return p
	}
	c.view().Note("Restored %s.", plural(written.Items, "item"))
	return nil
}

// ownTable makes sure that the table is there, is todoctl's and takes items. One
// that shows no tags yet, or is only being made or going, may be anybody's.
func ownTable(ctx context.Context, c *command, sess session) (string, error) {
	pages, _ := only(provision.Steps(sess.cfg, sess.clients), "table")
	plan, err := c.look(ctx, pages, provision.Up)
	if err != nil {
		return "", err
	}
	d := plan[0].Step.Describe()
	switch plan[0].Seen.State {
	case provision.Foreign:
		return "", &provision.StepError{Step: "table", Action: "use", Err: &provision.ForeignError{Step: "table", Resource: d.Resource, Owner: plan[0].Seen.Owner}}
	case provision.Absent:
		return "", told("TODO-TABLE-05", d.Resource+" does not exist", c.with("up"))
	}
	if pending := plan[0].Seen.Pending; pending != "" {
		return "", &Problem{ID: "TODO-TABLE-04", What: "AWS is still at work on " + d.Resource + ", so nothing was written", Why: "it says: " + pending, Fix: []string{c.again() + "   (in a minute)"}}
	}
	return d.Resource, nil
}
