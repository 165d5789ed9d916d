package main

import (
	"fmt"
	"slices"
	"strings"

	"todoctl/provision"
)

// A table is the plan with its costs: two figures at the right of each row, or
// as a sentence below it where the terminal is too narrow for columns or a
// screen reader would read figures without their heading.
type table struct {
	*words
	priced  bool // else there is nothing to decide, and rows are lines as ever
	columns bool
}

// The figures' columns, and the least width that leaves their rows room.
const (
	moneyWidth   = 13
	columnsWidth = 76
)

func (v *words) table(plan []provision.Change, goal provision.Goal) table {
	priced := goal == provision.Up && !foreign(plan) && slices.ContainsFunc(plan, func(c provision.Change) bool {
		return c.Cost != nil && c.Action != provision.Keep
	})
	return table{words: v, priced: priced, columns: priced && !v.plain && v.width >= columnsWidth}
}

func (t table) heading() {
	if t.columns {
		t.line("%*s%*s%*s", t.width-2*moneyWidth, "", moneyWidth, "now a month", moneyWidth, "worst a day")
	}
}

// row prints what will become of a step, what that is for, what of the free tier
// it lives on, and what it costs.
func (t table) row(mark string, c provision.Change, text string) {
	d := c.Step.Describe()
	if !t.priced || c.Cost == nil {
		t.step(mark, d.Name, "%s", text)
		return
	}
	if t.columns {
		lead, columns := t.lead(mark, d.Name)
		t.money(lead, columns, text, c.Cost.NowPerMonthUSD, c.Cost.WorstPerDayUSD)
	} else {
		t.step(mark, d.Name, "%s", text)
	}
	if c.Action == provision.Keep {
		return
	}
	about := d.Purpose + " Free: " + c.Cost.Cover + "."
	if !t.columns && c.Cost.NowPerMonthUSD+c.Cost.WorstPerDayUSD > 0 {
		about += " " + sentenceStart(costs(c.Cost.NowPerMonthUSD, c.Cost.WorstPerDayUSD))
	}
	t.under(about)
}

// total is the last line: what all of it costs.
func (t table) total(plan []provision.Change) {
	if !t.priced || len(plan) < 2 {
		return
	}
	var now, worst float64
	for _, c := range plan {
		if c.Cost != nil {
			now, worst = now+c.Cost.NowPerMonthUSD, worst+c.Cost.WorstPerDayUSD
		}
	}
	if t.columns {
		_, columns := t.lead("", "")
		t.money(fmt.Sprintf("%-*s", columns, "  total"), columns, "worst: someone hammers the URL all day", now, worst)
		return
	}
	t.line("%s", strings.Join(fold("In all "+costs(now, worst), t.width), "\n"))
}

// costs says both figures in a sentence, or the end of one.
func costs(now, worst float64) string {
	if worst == 0 {
		return fmt.Sprintf("it costs $%.2f a month now.", now)
	}
	return fmt.Sprintf("it costs $%.2f a month now; at worst, if someone hammers the URL, $%.2f a day.", now, worst)
}

// money prints a line that ends in both figures, where there are columns. Its lead
// is so many columns wide, colour codes not counted.
func (t table) money(lead string, columns int, text string, now, worst float64) {
	room := t.width - columns - 2*moneyWidth
	lines := fold(text, room)
	lines[0] += fmt.Sprintf("%*s%*s%*s", room-len([]rune(lines[0])), "", moneyWidth, fmt.Sprintf("$%.2f", now), moneyWidth, fmt.Sprintf("$%.2f", worst))
	t.line("%s%s", lead, strings.Join(lines, "\n"+strings.Repeat(" ", columns)))
}

// under prints a text below a step's.
func (v *words) under(text string) {
	_, columns := v.lead("", "")
	indent := strings.Repeat(" ", columns)
	v.line("%s%s", indent, strings.Join(fold(text, v.width-len(indent)), "\n"+indent))
}
