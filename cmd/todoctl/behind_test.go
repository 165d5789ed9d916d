package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// T15. Whichever of the seven resources somebody has deleted: status names what
// is affected, up makes it again, down takes the rest away.
func TestWhateverWasDeletedBehindItsBackIsNoticedAndMended(t *testing.T) {
	t.Parallel()
	clean, whole := cleanUp(t), finished(t)
	cases := 0
	stride := sample(9) // in each case another set; 9 and 128 have no common factor
	for set := 0; set < 1<<len(things); set += stride {
		var gone []thing
		var names []string
		for i, x := range things {
			if set&(1<<i) != 0 {
				gone = append(gone, x)
				names = append(names, x.name)
			}
		}
		deleted := func(name string) bool { return slices.Contains(names, name) }
		t.Run(fmt.Sprintf("%07b", set), func(t *testing.T) {
			whole.rehearse(t, func(r *rehearsal) {
				before, made := r.url(), r.contents()
				for _, x := range gone {
					x.remove(r.account())
				}
				settled()

				seen := r.run(statusLine)
				if want := map[bool]int{true: exitDone, false: exitDiffers}[set == 0]; seen.exit != want || seen.writes != 0 {
					r.Errorf("without %v, status exits %d after %d writes:\n%s", names, seen.exit, seen.writes, seen.out)
				}
				affected := map[string]bool{
					"table": deleted("table"), "role": deleted("role"), "function": deleted("function") || deleted("log group"),
					"url":   deleted("function"),
					"test":  deleted("table") || deleted("function") || deleted("role"), // it asks the API, which then does not work
					"alarm": deleted("topic") || deleted("alarm") || deleted("budget"),
				}
				for step, want := range affected {
					if ok := strings.Contains(seen.out, "ok "+step) || strings.Contains(seen.out, "✓ "+step); ok == want {
						r.Errorf("without %v, status says about the %s that it is as it should be: %v\n%s", names, step, ok, seen.out)
					}
				}

				r.wantExit(r.run(upLine), exitDone)
				r.wantSame(clean) // a new URL is tested with an item of its own
				if after := r.url(); after != before && !deleted("function") {
					r.Errorf("the URL was %s and is %s", before, after)
				}
				if d := difference(made, r.contents()); d != "" {
					r.Errorf("up has made something else of it:\n%s", d)
				}

				for _, x := range gone {
					x.remove(r.account())
				}
				end := r.run(downLine)
				r.wantExit(end, exitDone)
				r.wantNothing()
				cases += 3
			})
		})
	}
	promise(t, "T15", cases)
}

// urlID is what AWS draws for a Function URL and its address begins with; "" when
// there is none.
func (r *rehearsal) urlID() string {
	r.Helper()
	for _, doc := range r.stored(buckets["function"]) {
		if url, is := doc.(map[string]any)["URL"].(map[string]any); is {
			return url["ID"].(string)
		}
	}
	return ""
}

// url is the Function URL as status says it; "" when there is none.
func (r *rehearsal) url() string {
	r.Helper()
	for _, line := range strings.Split(r.run(statusLine).out, "\n") {
		if _, url, is := strings.Cut(line, "http://"); is && strings.Contains(url, "lambda-url") {
			return strings.TrimSpace(url)
		}
	}
	return ""
}
