//go:build !windows

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"

	"todoctl/local"
)

// toPage goes on to the page of a step with Enter alone.
func (x *terminal) toPage(step string) {
	x.t.Helper()
	x.expect("Go through these 6 steps?")
	x.press(enter)
	for i, name := range stepNames {
		x.expect("Step " + string(rune('1'+i)) + " of 6: " + name)
		if name == "alarm" {
			x.expect("Which e-mail address")
			x.press(enter)
		}
		x.expect("Quit")
		if name == step {
			return
		}
		x.press(enter)
	}
}

// ends waits for the end with an exit code, and until all of it has been read.
func (x *terminal) ends(exit int) {
	x.t.Helper()
	if got := x.end(); got != exit {
		x.t.Errorf("exit %d, want %d; the screen was:\n%s", got, exit, x.text())
	}
	for range x.grown {
	}
}

func TestThePageAndItsAnswerStayOnTheScreen(t *testing.T) {
	x := start(t, startedLocal(t), "table", "--local")
	x.expect("Go through this step?")
	x.press(enter)
	x.expect("? Go through this step: yes")
	x.expect("Step 1 of 1: table")
	x.expect("partition key")
	x.expect("Quit")
	x.press(enter)
	x.expect("? Create TodoTable: yes")
	x.expect("created TodoTable")
	x.ends(exitDone)
}

// Somebody drags the window's edge while a page waits.
func TestAPageIsAsWideAsTheTerminalIsNow(t *testing.T) {
	x := start(t, startedLocal(t), "up", "--local")
	x.toPage("table")
	if err := pty.Setsize(x.pty, &pty.Winsize{Rows: 24, Cols: 50}); err != nil {
		t.Fatal(err)
	}
	x.press(enter)
	x.expect("Step 2 of 6: role")
	page := x.seen
	x.expect("Quit")
	for line := range strings.Lines(x.text()[page:]) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\r\n ")); n > 50 && !strings.Contains(line, "https://") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	x.press(ctrlC)
	x.ends(exitInterrupted)
}

// The learner sits on the second page and has not answered it.
func TestTheFirstTableIsMadeWhileTheSecondPageIsRead(t *testing.T) {
	env := startedLocal(t)
	x := start(t, env, "up", "--local")
	x.toPage("role")
	for tries := 0; writes(t, env) == 0; tries++ { // each try is a process, so it is not short
		if tries == 100 {
			t.Fatal("the table waits for the second answer")
		}
	}
	x.press(ctrlC)
	x.expect("there now: TodoTable")
	x.ends(exitInterrupted)
}

func TestExplainMoreComesBackToTheQuestion(t *testing.T) {
	env := startedLocal(t)
	x := start(t, env, "table", "--local")
	x.expect("Go through this step?")
	x.press(enter)
	x.expect("Quit")
	x.press(down + enter)
	x.expect("five tables like") // the whole reason
	x.expect("Read more?")
	x.expect("CloudFormation")
	x.press(down + enter)
	x.expect("aws dynamodb create-table")
	x.expect("Read more?")
	x.expect("CloudFormation")
	x.press(down + down + enter)
	x.expect("AWS::DynamoDB::Table")
	x.expect("Go on reading?") // it has more lines than the terminal has rows
	x.press(enter)
	x.expect("todoctl:version")
	x.expect("Read more?")
	x.expect("CloudFormation")
	x.press(enter)
	x.expect("Create TodoTable?")
	x.expect("Quit")
	if n := writes(t, env); n != 0 {
		t.Errorf("reading made %d write calls", n)
	}
	x.press(enter)
	x.ends(exitDone)
	if strings.Contains(x.text(), "Go on reading:") {
		t.Errorf("an answer stays between lines that are to be pasted:\n%s", x.text())
	}
}

// What was changed on a page holds from there on, and the line to continue with
// repeats it.
func TestAChangedSettingHoldsAndIsRepeatedInTheLineToContinueWith(t *testing.T) {
	env := startedLocal(t)
	x := start(t, env, "up", "--local", "--policy=least", "--runtime", "python3.13")
	x.toPage("role")
	x.press(down + down + enter)
	x.expect("What may the function do?")
	x.expect("What the book attaches")
	x.press(down + enter)
	x.expect("Step 2 of 6: role")
	x.expect("AWSLambdaBasicExecutionRole")
	x.expect("Quit")
	x.press(enter)
	x.expect("Step 3 of 6: function")
	x.expect("python3.13")
	x.expect("Quit")
	x.press(down + down + enter)
	x.expect("Which setting?")
	x.expect("Back")
	x.press(enter)
	x.expect("In which language is the code?")
	x.expect("Python 3.14")
	x.press(down + down + enter) // the present one is the first
	x.expect("Step 3 of 6: function")
	x.expect("python3.14")
	x.expect("Quit")
	for tries := 0; ; tries++ { // the role is being made meanwhile, as the book's
		_, errs, exit := run(t, env, "role", "--local", "--dry-run", "--policy", "tutorial")
		if exit == 0 {
			break
		}
		if tries == 50 {
			t.Fatalf("the role is not the book's:\n%s", errs)
		}
	}
	x.press(ctrlC)
	x.ends(exitInterrupted)
	if want := "try:   todoctl up --local --policy tutorial --runtime python3.14   (continues)"; !strings.Contains(x.text(), want) {
		t.Errorf("it does not say %q:\n%s", want, x.text())
	}
}

// Enter keeps what is so.
func TestThePresentValueOfASettingIsTheFirstAndEnterKeepsIt(t *testing.T) {
	x := start(t, startedLocal(t), "up", "--local", "--runtime", "python3.14")
	x.toPage("function")
	x.press(down + down + enter)
	x.expect("Which setting?")
	x.expect("Back")
	x.press(enter)
	x.expect("In which language is the code?")
	x.expect("> Python 3.14")
	x.expect("  Python 3.12")
	x.expect("  Python 3.13")
	x.press(enter)
	x.expect("? In which language is the code: ")
	x.expect("Quit")
	x.press(ctrlC)
	x.expect("try:   todoctl up --local --runtime python3.14")
	x.ends(exitInterrupted)
}

// The local AWS has no profiles, so the line to type again names none.
func TestARehearsalInPlaceOfAProfileIsRepeatedWithoutIt(t *testing.T) {
	env := startedLocal(t)
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[profile empty]\nregion = eu-west-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x := start(t, append(env, "AWS_CONFIG_FILE="+config), "up", "--profile", "empty")
	x.expect("Rehearse on an AWS inside this program instead?")
	x.press(enter)
	x.expect("Go through these 6 steps?")
	x.press(ctrlC)
	x.expect("try:   todoctl up --local\n")
	x.ends(exitInterrupted)
}

// A form takes blanks around a number; a flag would not.
func TestALimitWithABlankIsRepeatedAsItsFlagTakesIt(t *testing.T) {
	x := start(t, startedLocal(t), "alarm", "--local", "--email", "me@example.com")
	x.expect("Go through this step?")
	x.press(enter)
	x.expect("Quit")
	x.press(down + down + enter)
	x.expect("Which setting?")
	x.expect("Back")
	x.press(down + enter)
	x.expect("From which monthly bill on")
	x.press("5 " + enter)
	x.expect("EstimatedCharges > 15 USD")
	x.expect("Quit")
	x.press(ctrlC)
	x.expect("--limit 15\n")
	x.ends(exitInterrupted)
}

// The test that follows looks at the URL as it is now wanted.
func TestAURLThatWasClosedOnItsPageIsTestedAsClosed(t *testing.T) {
	t.Parallel()
	env := startedLocal(t)
	x := start(t, env, "up", "--local")
	x.toPage("url")
	x.press(down + down + enter)
	x.expect("Who may call the URL?")
	x.expect("Signed requests")
	x.press(down + enter)
	x.expect("AWS_IAM")
	x.expect("Quit")
	x.press(enter)
	x.expect("Step 5 of 6: test")
	x.expect("Quit")
	x.press(enter)
	x.expect("Which e-mail address")
	x.press(enter)
	x.expect("Quit")
	x.press(enter)
	x.expect("Your API, for signed requests only:")
	x.ends(exitDone)
	res, err := http.Get(strings.TrimSpace(x.stdout.String()))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("it answers a stranger %s", res.Status)
	}
}

func TestASettingIsCheckedOnItsPageAsItsFlagIs(t *testing.T) {
	env := startedLocal(t, "TERM=dumb")
	x := start(t, env, "alarm", "--local")
	x.expect("Go through this step?")
	x.press(enter)
	x.expect("Which e-mail address")
	x.press("nobody" + enter)
	x.expect(`--email "nobody" is not an e-mail address`)
	x.press("me@example.com" + enter)
	x.expect("Create TodoBillingAlarm?")
	x.press("3" + enter)
	x.expect("Which setting?")
	x.press("2" + enter)
	x.expect("From which monthly bill on")
	x.press("much" + enter)
	x.expect(`"much" is not a whole number`)
	x.press("0" + enter)
	x.expect("--limit must be 1 US dollar or more")
	x.press("7" + enter)
	x.expect("EstimatedCharges > 7 USD")
	x.expect("who is told: me@example.com")
	x.expect("Enter: 1, create it.")
	x.press(enter)
	x.ends(exitDone)
	if _, errs, exit := run(t, env, "alarm", "--local", "--dry-run", "--limit", "7", "--email", "me@example.com"); exit != 0 {
		t.Errorf("the alarm is another one:\n%s", errs)
	}
}

func TestAFlagsQuestionIsNotAsked(t *testing.T) {
	x := start(t, startedLocal(t), "alarm", "--local", "--email", "me@example.com")
	x.expect("Go through this step?")
	x.press(enter)
	x.expect("me@example.com")
	x.expect("Quit")
	x.press(enter)
	x.ends(exitDone)
	if strings.Contains(x.text(), "Which e-mail address") {
		t.Errorf("it asks all the same:\n%s", x.text())
	}
}

func TestASkipThatIsTakenBackAsksAgain(t *testing.T) {
	x := start(t, startedLocal(t), "up", "--local")
	x.toPage("table")
	x.press(down + down + down + enter) // behind the settings
	x.expect("The API has nowhere to keep its items")
	x.expect("Without the table these are left out too: test. Skip them?")
	x.press("n")
	x.expect("Create TodoTable?")
	x.expect("Quit")
	x.press(enter)
	x.expect("Step 2 of 6: role")
	x.press(ctrlC)
	x.ends(exitInterrupted)
}

func TestQuitLeavesWhatExistsAndSaysHowToGoOn(t *testing.T) {
	for _, term := range []string{"TERM=xterm-256color", "TERM=dumb"} {
		t.Run(term, func(t *testing.T) {
			x := start(t, startedLocal(t, term), "up", "--local")
			x.toPage("role")
			quit := strings.Repeat(down, 4) + enter
			if term == "TERM=dumb" {
				quit = "5" + enter
			}
			x.press(quit)
			x.ends(exitInterrupted)
			for _, want := range []string{"TodoTable", "try:   todoctl up --local   (continues)", "todoctl down --local   (takes it away)"} {
				if !strings.Contains(x.text(), want) {
					t.Errorf("it does not say %q:\n%s", want, x.text())
				}
			}
		})
	}
}

// A plain terminal gets plain text: no colours, and nothing that depends on them.
func TestWithoutColoursNothingIsColoured(t *testing.T) {
	t.Parallel()
	for _, how := range [][]string{{"NO_COLOR=1"}, {"TERM=dumb"}, {"X=", "--no-color"}} {
		t.Run(how[0], func(t *testing.T) {
			x := start(t, startedLocal(t, how[0]), append([]string{"table", "--local"}, how[1:]...)...)
			x.expect("Go through this step?")
			x.press(enter)
			x.expect("Quit")
			x.press(enter)
			x.ends(exitDone)
			x.mu.Lock()
			raw := x.screen.String()
			x.mu.Unlock()
			if coloured.MatchString(raw) {
				t.Errorf("it is coloured: %q", coloured.FindString(raw))
			}
		})
	}
}

// The form has no colour of its own, so nothing of it can vanish on a white
// background or a black one.
func TestAFormHasTheTerminalsOwnColours(t *testing.T) {
	x := start(t, startedLocal(t), "table", "--local")
	x.expect("Go through this step?")
	x.press(enter)
	x.expect("Quit")
	x.mu.Lock()
	raw := x.screen.String()
	x.mu.Unlock()
	form := raw[strings.LastIndex(raw, "Cost:"):]
	if !strings.Contains(form, "\x1b[1m") {
		t.Errorf("the chosen answer does not stand out: %q", form)
	}
	if coloured.MatchString(form) {
		t.Errorf("it is coloured: %q", coloured.FindString(form))
	}
	x.press(ctrlC)
	x.ends(exitInterrupted)
}

// The longest header that AWS gives: an alias, credits, keys of the environment, a
// long name, the root user.
func TestTheFirstScreenOfAnAccountOnAWSFitsATerminal(t *testing.T) {
	x := newWireOn(t, local.Config{Account: local.Account{Alias: "my-first-account-of-aws", Plan: local.PlanFree, Credits: 95.2}})
	for _, who := range []string{"arn:aws:iam::000000000000:user/somebody.with.a.name@example.com", "arn:aws:iam::000000000000:root"} {
		said := x.asked(who).must(exitDiffers, "up", "--dry-run").errs.String()
		screen, _, found := strings.Cut(said, "\n6 to do")
		const question = 1 + 3 - 1 // AWS itself has no line for its endpoint
		if rows := rowsOf(screen, 80) + question; !found || rows > 24 {
			t.Errorf("it has %d rows:\n%s", rows, screen)
		}
	}
}

func TestTheAliasIsShownWhereAWSTellsIt(t *testing.T) {
	text, doc := operatorPolicy(t)
	for name, policy := range map[string]string{"told": text, "refused": doc.without(t, "OptionalName", "iam:ListAccountAliases")} {
		t.Run(name, func(t *testing.T) {
			x := newWireOn(t, local.Config{Operator: policy, Account: local.Account{Alias: "my-first-account", Plan: local.PlanFree, Credits: 95.2}})
			said := x.must(exitDiffers, "up", "--dry-run").errs.String()
			want := "Account    000000000000 (my-first-account), free plan, $95.20 of credits left\n"
			if name == "refused" {
				want = "Account    000000000000, free plan, $95.20 of credits left\n"
			}
			if !strings.Contains(said, want) || strings.Contains(said, "ListAccountAliases") {
				t.Errorf("it does not say %q, or more than that:\n%s", want, said)
			}
		})
	}
}
