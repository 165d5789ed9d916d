//go:build !windows

package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
	"todoctl/provision"
)

// runs is the hash of the code that runs now.
func (a account) runs() string {
	a.t.Helper()
	out, err := a.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(a.FunctionName())})
	a.done(out, err)
	return aws.ToString(out.Configuration.CodeSha256)
}

// T13 for code: what was changed in the console is said, kept, and put back only
// on purpose.
func TestCodeChangedInTheConsoleIsSaidAndKept(t *testing.T) {
	clean := cleanUp(t)
	rehearse(t, local.AWSLags, func(r *rehearsal) {
		a := r.up().account()
		ours := a.runs()
		a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.otherCode()})
		settled()
		theirs := a.runs()
		const said = "was changed outside todoctl"
		exit, fields, advice := r.differing()
		delete(fields, "test") // what that code answers
		if len(fields) > 0 || !strings.Contains(advice, said) || !strings.Contains(advice, "todoctl handler pull DIR --local") {
			r.Errorf("status exits %d; it says that these differ: %v; advice: %s", exit, fields, advice)
		}
		for _, args := range []string{"function --yes", "up --yes --skip test"} {
			end := r.run(args)
			if flat := strings.Join(strings.Fields(end.err), " "); end.exit != exitDone || end.writes != 0 || !strings.Contains(flat, said) || a.runs() != theirs {
				r.Errorf("%s ends with %d after %d writes: %s", args, end.exit, end.writes, end.err)
			}
		}
		r.wantExit(r.run("up --yes --replace-code --email me@example.com"), exitDone)
		if a.runs() != ours {
			r.Error("the code was not put back")
		}
		if diff := difference(clean, r.contents()); diff != "" && diff != sameLines {
			r.Errorf("the account is not as after a clean up:\n%s", diff)
		}
		r.wantQuiet()
	})
}

// A setting is repaired, and the code that somebody has changed stays all the same:
// in each way in which a run could upload it by the way.
func TestARepairBesideChangedCodeLeavesTheCode(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.otherCode(), Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64}})
		theirs := a.runs()
		a.updateFunction(&lambda.UpdateFunctionConfigurationInput{Timeout: aws.Int32(60)})
		end := r.run("function --yes")
		if end.exit != exitDone || a.runs() != theirs || len(callsOf(end.calls, "UpdateFunctionCode")) > 0 {
			r.Errorf("exit %d, calls %v: %s", end.exit, end.calls, end.err)
		}
	})
}

// A run that is killed between the upload and its tag leaves code of todoctl's, and
// the next one knows it.
func TestARunKilledBeforeItsTagIsContinued(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		out, err := a.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(a.FunctionName())})
		a.done(out, err)
		a.done(a.Lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(a.FunctionARN()), Tags: map[string]string{provision.TagSHA256: "the one before"}}))
		if exit, fields, advice := r.differing(); exit != exitDiffers || strings.Contains(advice, "outside todoctl") {
			r.Errorf("status exits with %d: %v; %s", exit, fields, advice)
		}
		end := r.run(upLine)
		if r.wantExit(end, exitDone); end.writes != 1 {
			r.Errorf("it makes %d writes: %v", end.writes, end.calls)
		}
		r.wantQuiet()
	})
}

// Own code that fails is not waited for as a new role's policy is, and the person is
// sent to its log.
func TestOwnCodeThatFailsIsSoonSaidToFail(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up()
		r.server.python = func() *local.Python { return &local.Python{Version: "3.12.0", Boto3: "1"} } // only asked for
		dir := ownFolder(r.T)
		end := r.run(upLine+" --source "+dir, always(local.Fault500Before, "GET /"))
		if end.exit != exitFailed || !strings.Contains(end.err, "TODO-FN-05") || !strings.Contains(end.err, "perhaps your code fails") {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
		hinted(r.T, end.err, "todoctl logs --since 10m --local")
		end = r.run("test", always(local.Fault500Before, "GET /"))
		if end.exit != exitDiffers || strings.Contains(end.err, "todoctl up") {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
		hinted(r.T, end.err, "todoctl function --local --source DIR")
		began := time.Now()
		r.run(upLine, always(local.Fault500Before, "GET /"))
		own := time.Since(began)
		r.wantExit(r.run("function --yes --replace-code"), exitDone)
		began = time.Now()
		r.run(upLine, always(local.Fault500Before, "GET /"))
		if todos := time.Since(began); own > time.Minute || todos < 2*own { // in virtual time
			r.Errorf("own code is waited for %v, todoctl's %v", own, todos)
		}
	})
}

// The stack of an earlier todoctl has no such tag: its code counts as known.
func TestCodeOfAnEarlierTodoctlIsUpdated(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		ours := a.runs()
		a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.otherCode()})
		a.done(a.Lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: aws.String(a.FunctionARN()), TagKeys: []string{provision.TagSHA256}}))
		r.wantExit(r.run(upLine), exitDone)
		if a.runs() != ours {
			r.Error("the code is still the earlier one")
		}
		r.wantQuiet()
	})
}

// A package as nobody should unpack it.
func TestAPackageIsUnpackedInsideItsFolderOnly(t *testing.T) {
	pack := func(name string, mode os.FileMode) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: name}
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write([]byte("text"))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, name := range []string{"../out", "/etc/out", "a/../../out", "a/../out", `..\out`, `C:\out`, "a//b", "./a", "a\x00b"} {
		if files, err := unpack(pack(name, 0o644)); err == nil {
			t.Errorf("%q is unpacked as %v", name, files)
		}
	}
	if _, err := unpack(pack("link", os.ModeSymlink|0o777)); err == nil {
		t.Error("a link is unpacked")
	}
	if _, err := unpack([]byte("no zip")); err == nil {
		t.Error("no zip is unpacked")
	}
	files, err := unpack(pack("a/b.py", 0o644))
	if err != nil || len(files) != 1 || files[0].name != "a/b.py" || string(files[0].data) != "text" {
		t.Errorf("a/b.py is unpacked as %v, %v", files, err)
	}
}

func TestPullFetchesWhatRunsAndOverwritesNothing(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		if end := r.run("handler pull " + filepath.Join(r.dir, "x")); end.exit != exitFailed || !strings.Contains(end.err, "TODO-FN-11") {
			r.Errorf("without a function, exit %d: %s", end.exit, end.err)
		}
		a := r.up().account()
		a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.otherCode()})
		want, err := unpack(a.otherCode())
		if err != nil {
			r.Fatal(err)
		}
		dir := filepath.Join(r.dir, "changed")
		file := filepath.Join(dir, want[0].name)
		if end := r.run("handler pull --dry-run " + dir); end.exit != exitDone || !strings.Contains(end.err, "would write "+file) || (&App{}).isThere(dir) {
			r.Errorf("--dry-run: exit %d: %s", end.exit, end.err)
		}
		if end := r.run("handler pull " + dir); end.exit != exitDone || end.out != file+"\n" {
			r.Errorf("exit %d, %q: %s", end.exit, end.out, end.err)
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want[0].data) {
			r.Errorf("it is %q, %v", got, err)
		}
		if end := r.run("handler pull " + dir); end.exit != exitFailed || !strings.Contains(end.err, "exists already") {
			r.Errorf("again: exit %d: %s", end.exit, end.err)
		}
		broken := always(local.Fault500Before, "GET /")
		if end := r.run("handler pull "+dir+"2", broken); end.exit == exitDone && end.fired > 0 {
			r.Errorf("with an answer of 500 it ends with %d", end.exit)
		}
	})
}
