//go:build !windows

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"
)

func TestTheStacksOnAWSAreOfferedToo(t *testing.T) {
	env := cloud(t)
	for _, args := range [][]string{{"table", "--yes", "--stack", "Cloud"}, {"table", "--local", "--yes", "--stack", "Home"}} {
		if _, errs, exit := run(t, env, args...); exit != 0 {
			t.Fatal(errs)
		}
	}
	for _, c := range []struct {
		line []string
		want string
	}{
		{[]string{"status", "--stack", ""}, "Cloud\ton AWS in eu-west-1\nHome\ton this machine: --local\n:4\n"},
		{[]string{"status", "--stack=C"}, "Cloud\ton AWS in eu-west-1\n:4\n"},
		{[]string{"status", "--local", "--stack", ""}, "Home\ton this machine: --local\n:4\n"},
		{[]string{"status", "--region", "eu-north-1", "--stack", "C"}, ":4\n"},
		{[]string{"status", "--profile", "missing", "--stack", "C"}, ":4\n"},
	} {
		out, errs, exit := run(t, env, append([]string{"__complete"}, c.line...)...)
		if exit != exitDone || out != c.want || strings.Contains(errs, "error") {
			t.Errorf("%v: exit %d\n%q, want\n%q\n%s", c.line, exit, out, c.want, errs)
		}
	}
}

// A program that hands out credentials may open a window; nobody expects that
// from the Tab key.
func TestTheTabKeyStartsNoCredentialProgram(t *testing.T) {
	env := cloud(t)
	dir := t.TempDir()
	file, mark := filepath.Join(dir, "config"), filepath.Join(dir, "asked")
	config := "[default]\nregion=eu-west-1\ncredential_process = touch " + mark + "\n[profile role]\nregion=eu-west-1\nrole_arn=arn:aws:iam::000000000000:role/x\nsource_profile=default\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append(slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "AWS_ACCESS") || strings.HasPrefix(v, "AWS_SE") }), "AWS_CONFIG_FILE="+file)
	for _, profile := range []string{"default", "role"} {
		out, _, exit := run(t, env, "__complete", "status", "--profile", profile, "--stack", "")
		if exit != exitDone || out != ":4\n" {
			t.Errorf("%s: exit %d, %q", profile, exit, out)
		}
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the program was started")
	}
	if run(t, env, "status"); !(&App{}).isThere(mark) {
		t.Error("status does not start it either: this test proves nothing")
	}
}

// An AWS that never answers costs the person two seconds and no message.
func TestTheTabKeyGivesUpOnAnAWSThatIsSilent(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the caller has gone
		<-r.Context().Done()
	}))
	defer silent.Close()
	env := home(t, "AWS_ENDPOINT_URL="+silent.URL, "AWS_ACCESS_KEY_ID=AKIDCANARY", "AWS_SECRET_ACCESS_KEY=SECRETCANARY", "AWS_REGION=eu-west-1")
	out, errs, exit := run(t, env, "__complete", "status", "--stack", "")
	if exit != exitDone || out != ":4\n" || strings.Contains(errs, "error") {
		t.Errorf("exit %d, %q:\n%s", exit, out, errs)
	}
	if len(asked) != 1 {
		t.Errorf("it was asked %d times", len(asked))
	}
}

func TestAProxyOfTheEnvironmentIsUsed(t *testing.T) {
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		http.Error(w, "not today", http.StatusForbidden)
	}))
	defer proxy.Close()
	env := home(t, "HTTPS_PROXY="+proxy.URL, "AWS_ENDPOINT_URL=https://aws.invalid", "AWS_ACCESS_KEY_ID=AKIDCANARY", "AWS_SECRET_ACCESS_KEY=SECRETCANARY", "AWS_REGION=eu-west-1")
	if out, errs, exit := run(t, env, "__complete", "status", "--stack", ""); exit != exitDone || out != ":4\n" {
		t.Errorf("exit %d, %q:\n%s", exit, out, errs)
	}
	close(asked)
	if first := <-asked; first != "CONNECT aws.invalid:443" {
		t.Errorf("the proxy was asked for %q", first)
	}
}

// The SDK does not export its Regions; when it is raised and knows more, this
// says which.
func TestTheRegionsAreTheSDKs(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Skip("there is no go to ask where the SDK is")
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal/endpoints/awsrulesfn/partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sdk struct {
		Partitions []struct {
			ID      string
			Regions map[string]struct{ Description string }
		}
	}
	if err := json.Unmarshal(text, &sdk); err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{}
	for _, r := range regions {
		ours[r.value] = r.means
	}
	known := 0
	for _, p := range sdk.Partitions {
		for name, r := range p.Regions {
			if p.ID != "aws" || name == "aws-global" {
				continue
			}
			known++
			if ours[name] != r.Description {
				t.Errorf("%s is %q here and %q there", name, ours[name], r.Description)
			}
		}
	}
	if known == 0 || known != len(regions) {
		t.Errorf("the SDK knows %d Regions, we know %d", known, len(regions))
	}
}

// The shells themselves, with the lines that README and help give.
func TestTheShellsComplete(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ shell, script, want string }{
		{"bash", bashAsks("todoctl up --skip al"), "[alarm] "},
		{"bash", bashAsks("todoctl sta"), "[status] "},
		{"bash", bashAsks("todoctl restore ite"), ""}, // bash itself offers files
		{"bash", "_filedir() { COMPREPLY=(only $1); }\n" + bashAsks("todoctl restore ite"), "[only] [jsonl|] "},
		{"bash", "_get_comp_words_by_ref() { words=(todoctl up --skip=u) cword=2 cur=--skip=u prev=up; }\n" + bashAsks("todoctl up --skip=u"), "[url] "}, // = breaks words, so bash has the rest already,
		{"fish", `todoctl completion fish | source; complete -C "todoctl up --skip al"`, "alarm\tStep 6: the billing alarm and the budget\n"},
		{"zsh", `autoload -U compinit; compinit -u; source <(todoctl completion zsh); echo $_comps[todoctl]`, "_todoctl\n"},
	} {
		t.Run(c.shell, func(t *testing.T) {
			shell, err := exec.LookPath(c.shell)
			if err != nil {
				t.Skip(c.shell + " is not on this machine")
			}
			env := home(t)
			bin := t.TempDir()
			if err := os.Symlink(todoctl(t), filepath.Join(bin, "todoctl")); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(shell, "-c", c.script)
			cmd.Env, cmd.Dir = append(env, "PATH="+bin+":"+os.Getenv("PATH")), t.TempDir()
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil || string(out) != c.want {
				t.Errorf("%q, %v: %s", out, err, &errs)
			}
		})
	}
}

// bashAsks is what bash does at the Tab key, in a bash without its package.
func bashAsks(line string) string {
	return `source <(todoctl completion bash)
COMP_LINE="` + line + `"; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
__start_todoctl
for word in "${COMPREPLY[@]}"; do printf '[%s] ' "$word"; done`
}

// The line that switches completion on, typed in a new bash.
func TestTheLineForBashSwitchesCompletionOn(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not on this machine")
	}
	env, bin := home(t), t.TempDir()
	if err := os.Symlink(todoctl(t), filepath.Join(bin, "todoctl")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(shell, "-c", shells[0].line+"\nsource ~/.bashrc; complete -p todoctl")
	cmd.Env = append(env, "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "__start_todoctl todoctl") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestREADMEGivesTheLineOfEveryShell(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shells {
		if !strings.Contains(string(text), s.line) {
			t.Errorf("the README has no line for %s: %s", s.name, s.line)
		}
	}
	if line := manual["man"].examples[0].command; !strings.Contains(string(text), line) {
		t.Errorf("the README does not say how to get the manual pages: %s", line)
	}
}

// cobra keeps what completes a flag, and all that hangs on it, for as long as the
// process lives: tests that run a hundred thousand commands filled the memory.
func TestNothingIsKeptOfACommandThatHasEnded(t *testing.T) {
	run := func() weak.Pointer[globals] {
		g := &globals{}
		app := &App{Args: []string{"version"}, In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Width: 80, Getenv: func(string) string { return "" }}
		if exit := execute(t.Context(), app, g, newRoot(g)); exit != exitDone {
			t.Fatalf("it exits %d", exit)
		}
		return weak.Make(g)
	}
	left := run()
	runtime.GC()
	if left.Value() != nil {
		t.Error("its flags are still in memory")
	}
}
